"""Master keys, and the data key of each file that they wrap.

A file is sealed with a key of its own. That key stands in the file, wrapped by the master key; so a new master key
means new wraps, never new bodies. A master key is 32 random bytes, written in base64, and known by its id: the first
bytes of a hash, which say nothing of the key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from gateway.errors import UsageError

KEY_SIZE: Final = 32
ID_SIZE: Final = 8
_NONCE: Final = 12
_TAG: Final = 16
WRAP_SIZE: Final = ID_SIZE + _NONCE + KEY_SIZE + _TAG


class KeyUnusable(UsageError):
    """The key that a file was sealed with, or that the next one is to be sealed with, cannot be had."""


@dataclass(frozen=True, slots=True)
class Key:
    """One master key."""

    material: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """16 hex digits."""
        return hashlib.sha256(b"claims gateway key id\0" + self.material).digest()[:ID_SIZE].hex()

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """A data key for the file with this context, WRAP_SIZE bytes: id, nonce, sealed key."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(_NONCE)
        return bytes.fromhex(self.id) + nonce + AESGCM(self.material).encrypt(nonce, data_key, context)

    def unwrap(self, block: bytes, context: bytes) -> bytes | None:
        """The data key; None where the block was wrapped by another key, for another file, or is damaged."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, sealed = block[ID_SIZE : ID_SIZE + _NONCE], block[ID_SIZE + _NONCE :]
        try:
            return AESGCM(self.material).decrypt(nonce, sealed, context)
        except InvalidTag:
            return None

    def text(self) -> str:
        """As it stands in a key file."""
        return base64.b64encode(self.material).decode("ascii")


def new_key() -> Key:
    """A key that never was."""
    return Key(secrets.token_bytes(KEY_SIZE))


def parse_key(text: str, where: str) -> Key:
    """The key of a key file; UsageError names `where` it was to be."""
    try:
        material = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        material = b""
    if len(material) != KEY_SIZE:
        raise KeyUnusable(f"{where}: this is no key: 32 bytes in base64, as `gateway keys new` makes it")
    return Key(material)


class Keys:
    """The key that seals what is new, and former ones that still open what is old; each fetched when first needed."""

    def __init__(self, current: str = "", former: Sequence[str] = (), fetch: Callable[[str], str] = str) -> None:
        """`current` and `former` are references to secrets; `fetch` gives what one stands for."""
        self._current = current
        self._former = tuple(former)
        self._fetch = fetch

    @property
    def seals(self) -> bool:
        """Whether what is new is sealed."""
        return bool(self._current)

    @cached_property
    def current(self) -> Key | None:
        """The key for what is new; None where nothing is sealed. Raises KeyUnusable."""
        return self._get(self._current) if self._current else None

    @cached_property
    def all(self) -> dict[str, Key]:
        """Every key by its id. Raises KeyUnusable where one of them cannot be had."""
        found = [self.current] if self.current else []
        found += [self._get(reference) for reference in self._former]
        return {key.id: key for key in found}

    def find(self, key_id: str) -> Key | None:
        """The key with this id. Former keys are fetched only where the current one is another. Raises KeyUnusable."""
        if self.current is not None and self.current.id == key_id:
            return self.current
        return self.all.get(key_id)

    def _get(self, reference: str) -> Key:
        try:
            text = self._fetch(reference)
        except UsageError as error:
            raise KeyUnusable(f"[encryption]: {error}") from None
        return parse_key(text, f"[encryption]: {reference}")


NO_KEYS: Final = Keys()
