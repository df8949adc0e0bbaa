"""One client's connection: who may log in, and which faults strike it."""
# ruff: noqa: ARG002 (paramiko fixes the signatures)

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED, OPEN_SUCCEEDED

from gateway.simulator.faults import Faults, Operation
from gateway.simulator.mailbox import Mailbox


@dataclass(frozen=True, slots=True)
class Account:
    """A login and the folders that it sees. An empty password allows keys alone."""

    username: str
    password: str
    authorized_keys: tuple[str, ...]
    mailbox: Mailbox


class Gate:
    """The faults in force, how often they may still strike, and the bell that ends every wait."""

    def __init__(self, faults: Faults) -> None:
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._faults = faults
        self._left = faults.times

    @property
    def faults(self) -> Faults:
        return self._faults

    def set(self, faults: Faults) -> None:
        """Puts other faults in force and ends what hangs."""
        with self._lock:
            self._faults, self._left = faults, faults.times
            bell, self._bell = self._bell, threading.Event()
        bell.set()

    def open(self) -> None:
        self._bell = threading.Event()

    def close(self) -> None:
        self._bell.set()

    def strike(self, wanted: bool) -> bool:
        """Whether a fault that is wanted here strikes, which uses up one of its times."""
        if not wanted:
            return False
        with self._lock:
            if self._left is None:
                return True
            self._left -= 1
            return self._left >= 0

    def wait(self, seconds: float | None = None) -> None:
        """Waits so long, or until the faults change or the server stops."""
        self._bell.wait(seconds)


class Dropped(Exception):
    """The connection was cut on purpose."""


class Connection(paramiko.ServerInterface):
    """One connection's logins."""

    def __init__(self, accounts: Mapping[str, Account], gate: Gate, transport: paramiko.Transport) -> None:
        self.gate = gate
        self.transport = transport
        self.account: Account | None = None
        self.moved = 0  # bytes written and read on this connection
        self.written = 0  # bytes that found room on the disk
        self._accounts = accounts

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_auth_password(self, username: str, password: str) -> int:
        account = self._accounts.get(username)
        return self._admit(account if account and account.password and account.password == password else None)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        account = self._accounts.get(username)
        line = (key.get_name(), key.get_base64())
        known = account and any(tuple(text.split()[:2]) == line for text in account.authorized_keys)
        return self._admit(account if known else None)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def _admit(self, account: Account | None) -> int:
        if account is None or self.gate.strike(self.gate.faults.refuse_login):
            return AUTH_FAILED
        self.account = account
        return AUTH_SUCCESSFUL

    def meet(self, operation: Operation, when: str) -> None:
        """Lets the faults of this operation strike. Raises Dropped."""
        faults = self.gate.faults
        if when == "before" and self.gate.strike(faults.hang_at == operation):
            self.gate.wait()
        if self.gate.strike(faults.drop_at == operation and faults.drop_when == when):
            self.drop()

    def move(self, size: int) -> None:
        """Counts bytes; slows them down and cuts the connection as the faults say. Raises Dropped."""
        faults = self.gate.faults
        self.moved += size
        if faults.bytes_per_second:
            self.gate.wait(size / faults.bytes_per_second)
        limit = faults.drop_after_bytes
        if self.gate.strike(limit is not None and self.moved > limit):
            self.drop()

    def drop(self) -> None:
        self.transport.close()
        raise Dropped
