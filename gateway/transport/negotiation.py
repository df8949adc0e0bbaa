"""paramiko's connection with the algorithms of one profile, and with an ear for what the server offers.

paramiko 5 no longer has signatures and key exchanges by SHA-1. Where a profile allows them they are put into that one
connection; the classes that every other connection uses stay as they are.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from hashlib import sha1
from types import MappingProxyType
from typing import Any, Final

import paramiko
from cryptography.hazmat.primitives import hashes
from paramiko.kex_gex import KexGexSHA256
from paramiko.kex_group14 import KexGroup14SHA256

from gateway.transport.algorithms import CIPHER, HOST_KEY, KEX, MAC, SHA1_SIGNATURE, SIGNATURE, allowed_of

_CIPHERS: Final = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
_MACS: Final = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
_RSA: Final = ("rsa-sha2-512", "rsa-sha2-256")


class RsaBySha1(paramiko.RSAKey):
    """An RSA key that may also sign, and be proven, by SHA-1."""

    HASHES = MappingProxyType({**paramiko.RSAKey.HASHES, SHA1_SIGNATURE: hashes.SHA1})  # type: ignore[misc, assignment]


class _Group14BySha1(KexGroup14SHA256):
    name = "diffie-hellman-group14-sha1"
    hash_algo = sha1


class _GroupExchangeBySha1(KexGexSHA256):
    name = "diffie-hellman-group-exchange-sha1"
    hash_algo = sha1


class Negotiated(paramiko.Transport):
    """A connection that uses what is usual and what `old` names, and knows afterwards what the server offered."""

    def __init__(self, sock: socket.socket, old: Sequence[str], host_keys: Sequence[str]) -> None:
        """`host_keys` are the types of the keys that are listed, which are asked for first."""
        super().__init__(sock)
        self._old, self._heard = old, dict[str, list[str]]()
        options = self.get_security_options()
        self._kex_info: Any = {**self._kex_info, **{one.name: one for one in (_Group14BySha1, _GroupExchangeBySha1)}}
        self._key_info: Any = {**self._key_info, SHA1_SIGNATURE: RsaBySha1}
        options.kex = allowed_of(KEX, options.kex, old)
        options.ciphers = allowed_of(CIPHER, _CIPHERS, old)
        options.digests = allowed_of(MAC, _MACS, old)
        key_types = allowed_of(HOST_KEY, options.key_types, old)
        listed = [name for kind in host_keys for name in ((*_RSA, kind) if kind == "ssh-rsa" else (kind,))]
        options.key_types = tuple(dict.fromkeys([*(name for name in listed if name in key_types), *key_types]))

    @property
    def allowed(self) -> Mapping[str, Sequence[str]]:
        """What this connection may use, by kind."""
        options = self.get_security_options()
        kinds = {KEX: options.kex, HOST_KEY: options.key_types, CIPHER: options.ciphers, MAC: options.digests}
        return {**kinds, SIGNATURE: allowed_of(SIGNATURE, _RSA, self._old)}

    @property
    def offered(self) -> Mapping[str, Sequence[str]]:
        """What the server offered, by kind; empty before it did."""
        return self._heard

    @property
    def signatures(self) -> Sequence[str]:
        """By what the server lets RSA keys sign; empty where it does not say, as servers before 2016."""
        told: bytes = getattr(self, "server_extensions", {}).get("server-sig-algs", b"")
        return told.decode(errors="replace").split(",") if told else ()

    @property
    def preferred_pubkeys(self) -> Sequence[str]:
        """By what our key signs. A server that does not say what it takes knows only SHA-1 (RFC 8332, 3.3)."""
        usual = super().preferred_pubkeys
        if SHA1_SIGNATURE not in self._old:
            return usual
        return (*usual, SHA1_SIGNATURE) if self.signatures else (SHA1_SIGNATURE, *usual)

    def _really_parse_kex_init(self, m: paramiko.Message, ignore_first_byte: bool = False) -> dict[str, Any]:
        """paramiko's own, which forgets what was offered where nothing of it fits."""
        parsed: dict[str, Any] = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
        if not ignore_first_byte:  # ours, read back
            self._heard = {
                KEX: list(parsed["kex_algo_list"]),
                HOST_KEY: list(parsed["server_key_algo_list"]),
                CIPHER: _both(parsed["client_encrypt_algo_list"], parsed["server_encrypt_algo_list"]),
                MAC: _both(parsed["client_mac_algo_list"], parsed["server_mac_algo_list"]),
            }
        return parsed


def _both(there: list[str], back: list[str]) -> list[str]:
    return [name for name in there if name in back]
