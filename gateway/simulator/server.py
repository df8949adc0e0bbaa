"""The SFTP server in front of the folders, on paramiko, with faults that can be switched while it runs."""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from functools import partial

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.simulator.faults import Faults
from gateway.simulator.foldersession import FolderSession
from gateway.simulator.sessions import Account, Connection, Gate

__all__ = ["Account", "Faults", "SftpServer"]

# paramiko logs every connection that ends badly, which here is the purpose; its words go nowhere.
_LOG_CHANNEL = "gateway.simulator.wire"
logging.getLogger(_LOG_CHANNEL).propagate = False
logging.getLogger(_LOG_CHANNEL).addHandler(logging.NullHandler())


class SftpServer:
    """Serves each account's folder; a thread a connection. Listens on loopback unless told otherwise."""

    def __init__(
        self, accounts: Iterable[Account], *, host: str = "127.0.0.1", port: int = 0, faults: Faults | None = None
    ) -> None:
        self.host = host
        self.port = port
        self._accounts = {account.username: account for account in accounts}
        self._key = _new_key()
        self._other_key = _new_key()
        self._gate = Gate(faults or Faults())
        self._listener: socket.socket | None = None
        self._threads: list[threading.Thread] = []
        self._transports: list[paramiko.Transport] = []
        self._lock = threading.Lock()

    @property
    def host_key_line(self) -> str:
        return f"{self._key.get_name()} {self._key.get_base64()}"

    @property
    def faults(self) -> Faults:
        return self._gate.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._gate.set(faults)

    def start(self) -> None:
        """Binds and accepts connections. Raises OSError where the port is taken."""
        listener = socket.create_server((self.host, self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._gate.open()
        self._spawn(partial(self._accept, listener))

    def stop(self) -> None:
        """Ends every connection and waits for the threads."""
        listener, self._listener = self._listener, None
        self._gate.close()
        if listener:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            transports, self._transports = self._transports, []
            threads, self._threads = self._threads, []
        for transport in transports:
            transport.close()
        for thread in threads:
            thread.join(timeout=10)

    def _accept(self, listener: socket.socket) -> None:
        while self._listener:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._spawn(partial(self._serve, connection))

    def _serve(self, connection: socket.socket) -> None:
        transport = paramiko.Transport(connection)
        transport.set_log_channel(_LOG_CHANNEL)
        with self._lock:
            self._transports.append(transport)
        if not self._listener:
            transport.close()
        transport.add_server_key(self._other_key if self._gate.faults.wrong_host_key else self._key)
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, FolderSession)
        server = Connection(self._accounts, self._gate, transport)
        try:
            transport.start_server(server=server)
            while transport.is_active():
                transport.join(0.2)
        except (paramiko.SSHException, EOFError, OSError):
            pass  # a client that goes away or does not speak SSH ends its own connection, nothing else
        finally:
            transport.close()

    def _spawn(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        with self._lock:
            self._threads = [item for item in self._threads if item.is_alive()]
            self._threads.append(thread)
        thread.start()


def _new_key() -> paramiko.Ed25519Key:
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return paramiko.Ed25519Key(file_obj=io.StringIO(private.decode()))
