"""An in-process SSH server that lets in whom a test wants, and counts who knocked: passwords, prompts, both factors."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import paramiko

from gateway.transport.negotiation import RsaBySha1


class LoginServer(paramiko.ServerInterface):
    """Listens on a loopback port and serves one connection at a time with an SFTP session that has no files."""

    def __init__(
        self,
        *,
        password: str | None = None,
        key: paramiko.PKey | None = None,
        methods: str = "password",  # what it says it allows
        both: bool = False,  # key first, then password
        hang_up: bool = False,  # closes the connection when the password is wrong
        signatures: Sequence[str] | None = None,  # what it says that keys may sign by; empty: nothing, as before 2016
    ) -> None:
        self.signatures = signatures
        self.password = password
        self.key = key
        self.methods = methods
        self.both = both
        self.hang_up = hang_up
        self.passwords: list[str] = []
        self.prompts = 0
        self._host_key = paramiko.ECDSAKey.generate()
        self._transports: list[paramiko.Transport] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def host_key_line(self) -> str:
        return f"{self._host_key.get_name()} {self._host_key.get_base64()}"

    def get_allowed_auths(self, username: str) -> str:
        return self.methods

    def check_auth_password(self, username: str, password: str) -> int:
        if "password" not in self.methods:
            return paramiko.AUTH_FAILED
        self.passwords.append(password)
        if password == self.password:
            return paramiko.AUTH_SUCCESSFUL
        if self.hang_up:
            self._transports[-1].sock.close()
        return paramiko.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        if self.key is None or key.asbytes() != self.key.asbytes():
            return paramiko.AUTH_FAILED
        return paramiko.AUTH_PARTIALLY_SUCCESSFUL if self.both else paramiko.AUTH_SUCCESSFUL

    def check_auth_interactive(self, username: str, submethods: str) -> int | paramiko.InteractiveQuery:
        if "keyboard-interactive" not in self.methods:
            return paramiko.AUTH_FAILED
        self.prompts += 1
        return paramiko.InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        return paramiko.AUTH_SUCCESSFUL if responses == [self.password] else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def close(self) -> None:
        self._listener.close()
        for transport in self._transports:
            transport.close()
            transport.join(5)
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            transport = paramiko.Transport(sock, server_sig_algs=self.signatures != ())
            if self.signatures is not None:
                transport._key_info = {**transport._key_info, "ssh-rsa": RsaBySha1}
                transport._preferred_pubkeys = self.signatures or (*transport._preferred_pubkeys, "ssh-rsa")
            transport.add_server_key(self._host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer)
            self._transports.append(transport)
            transport.start_server(threading.Event(), self)
