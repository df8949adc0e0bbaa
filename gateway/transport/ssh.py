"""The SSH connection under an SFTP session, by paramiko; this module and `negotiation` are the ones that know it.

The host key is compared before anything is sent. No agent, no key search, no known_hosts file: what the settings do
not name is not tried, and the password is tried once.
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import paramiko

from gateway.errors import GatewayError, UsageError
from gateway.transport.algorithms import SHA1_SIGNATURE, SIGNATURE, explain, unmet
from gateway.transport.host_keys import HostKey
from gateway.transport.negotiation import Negotiated, RsaBySha1
from gateway.transport.port import AlgorithmsRefused, AuthenticationFailed, HostKeyRefused, Unreachable

LOST: Final = (OSError, EOFError, paramiko.SSHException)  # how a channel says that it is gone

_KEY_CLASSES: Final = (paramiko.Ed25519Key, RsaBySha1, paramiko.ECDSAKey)  # by what RSA signs, `Negotiated` decides


@dataclass(frozen=True, slots=True)
class SftpSettings:
    """Where and as whom. Secrets are given as themselves, already resolved."""

    host: str
    port: int
    username: str
    host_keys: tuple[str, ...]  # OpenSSH lines; a key that is not among them is refused
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)  # OpenSSH or PEM text: ed25519, rsa, ecdsa
    passphrase: str | None = field(default=None, repr=False)  # of the private key
    timeout: float = 30.0  # seconds that anything may stand still
    keepalive: int = 15  # seconds between signs of life to the server
    old_algorithms: tuple[str, ...] = ()  # of `algorithms.OLD`, for a server that knows no better ones

    @property
    def address(self) -> str:
        """Host and port for a message."""
        return f"{self.host}:{self.port}"


class Connection:
    """An authenticated connection with an opened SFTP channel."""

    def __init__(self, transport: paramiko.Transport, channel: paramiko.Channel) -> None:
        self._transport = transport
        self.channel = channel

    def close(self) -> None:
        """Ends it; harmless when repeated and on a connection that is gone."""
        _shut(self._transport)


def connect(settings: SftpSettings) -> Connection:
    """Connects, checks the host key, authenticates and asks for SFTP.

    Raises Unreachable, AlgorithmsRefused and HostKeyRefused (both before authentication), AuthenticationFailed, and
    UsageError where key or host keys of the settings cannot be read.
    """
    _quieten()
    pinned = [HostKey.parse(line) for line in settings.host_keys]
    key = _private_key(settings)
    if key is None and settings.password is None:
        raise UsageError(f"{settings.address}: neither a private key nor a password is given")
    transport = _transport(settings, pinned)
    try:
        with _watched(transport, settings):
            _negotiate(transport, settings)
            _check_host_key(transport, settings, pinned)
            _authenticate(transport, settings, key)
            transport.set_keepalive(settings.keepalive)
            channel = _sftp_channel(transport, settings)
    except BaseException:
        _shut(transport)
        raise
    return Connection(transport, channel)


def _transport(settings: SftpSettings, pinned: Sequence[HostKey]) -> Negotiated:
    try:
        with socket.create_connection((settings.host, settings.port), settings.timeout) as plain:
            sock = _Socket(plain.family, plain.type, plain.proto, fileno=plain.detach())
    except UnicodeError:
        raise UsageError(f"{settings.host!r} is no host name") from None
    except OSError as error:
        reason = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or "unknown fault"
        raise Unreachable(f"{settings.address} cannot be reached: {reason}") from None
    sock.stall = settings.timeout
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    transport = Negotiated(sock, settings.old_algorithms, [key.kind for key in pinned])
    transport.banner_timeout = transport.handshake_timeout = settings.timeout
    transport.auth_timeout = transport.channel_timeout = settings.timeout
    return transport


@contextmanager
def _watched(transport: Negotiated, settings: SftpSettings) -> Iterator[None]:
    """Ends a connection that stands still while it is made, and says in our words what went wrong."""
    late = threading.Event()

    def give_up() -> None:
        late.set()
        _shut(transport)

    timer = threading.Timer(3 * settings.timeout, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except GatewayError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a hostile server makes paramiko's thread raise arrives here
        _check_algorithms(transport, settings, transport.offered)
        if late.is_set() or isinstance(error, TimeoutError):
            raise Unreachable(f"{settings.address} stood still while the connection was made") from None
        raise Unreachable(f"{settings.address} closed the connection or is no SFTP server") from None
    finally:
        timer.cancel()
        timer.join()


def _negotiate(transport: paramiko.Transport, settings: SftpSettings) -> None:
    started = time.monotonic()
    transport.start_client(timeout=settings.timeout)  # returns, without a word, when the time is over
    if time.monotonic() - started >= settings.timeout:
        raise Unreachable(f"{settings.address} did not answer as an SSH server in time")


def _check_algorithms(transport: Negotiated, settings: SftpSettings, offered: Mapping[str, Sequence[str]]) -> None:
    if any(unmet(offered, transport.allowed)):
        text, mend = explain(settings.address, offered, transport.allowed, settings.old_algorithms)
        raise AlgorithmsRefused(text, mend=mend) from None


def _check_host_key(transport: paramiko.Transport, settings: SftpSettings, pinned: Sequence[HostKey]) -> None:
    shown = transport.get_remote_server_key()
    offered = HostKey(shown.get_name(), shown.asbytes())
    if offered in pinned:
        return
    listed = ", ".join(map(str, pinned)) or "none"
    raise HostKeyRefused(
        f"host key of {settings.address} is not listed: it shows {offered}; listed: {listed}. Nothing was sent",
        offered=offered.line,
        fingerprint=offered.fingerprint,
    )


def _authenticate(transport: Negotiated, settings: SftpSettings, key: paramiko.PKey | None) -> None:
    """Tries the key, then the password, each once; both where the server wants both."""
    if key is not None and _attempt(transport, settings, key):
        return
    if settings.password is not None and _attempt(transport, settings, None):
        return
    tried = [name for name, given in (("key", key), ("password", settings.password)) if given is not None]
    text = f"{settings.address} refused user name or {' and '.join(tried)}; not tried again"
    raise AuthenticationFailed(text + _hint(transport, settings, key))


def _hint(transport: Negotiated, settings: SftpSettings, key: paramiko.PKey | None) -> str:
    """What else it may be where an RSA key was refused by a server that does not say how it may sign."""
    if not isinstance(key, paramiko.RSAKey) or transport.signatures or SHA1_SIGNATURE in settings.old_algorithms:
        return ""
    return f'. If the server is an old one, it may want old_algorithms = ["{SHA1_SIGNATURE}"] for our RSA key'


def _attempt(transport: Negotiated, settings: SftpSettings, key: paramiko.PKey | None) -> bool:
    """One attempt; whether the server let us in. A lost connection after a password may be a lock: no retry."""
    started = time.monotonic()
    try:
        if key is not None:
            transport.auth_publickey(settings.username, key)
        else:
            transport.auth_password(settings.username, settings.password or "")
    except LOST as error:
        if isinstance(key, paramiko.RSAKey) and transport.signatures:
            _check_algorithms(transport, settings, {SIGNATURE: transport.signatures})
        if time.monotonic() - started >= settings.timeout:
            raise Unreachable(f"{settings.address} did not answer the authentication in time") from None
        if isinstance(error, paramiko.AuthenticationException) and transport.is_active():
            return False
        if key is None:
            raise AuthenticationFailed(f"{settings.address} closed the connection after the password") from None
        raise Unreachable(f"{settings.address} closed the connection during the authentication") from None
    return transport.is_authenticated()


def _sftp_channel(transport: paramiko.Transport, settings: SftpSettings) -> paramiko.Channel:
    channel = transport.open_session(timeout=settings.timeout)
    channel.settimeout(settings.timeout)
    channel.invoke_subsystem("sftp")
    return channel


def _private_key(settings: SftpSettings) -> paramiko.PKey | None:
    """The key of the settings. Raises UsageError, which never repeats any of it."""
    if settings.private_key is None:
        return None
    pem = "\n".join(settings.private_key.split("\r\n")).strip() + "\n"
    if pem.startswith("PuTTY-User-Key-File"):
        raise UsageError("the private key is in PuTTY's format; export it as an OpenSSH key")
    for kind in _KEY_CLASSES:
        try:
            return kind.from_private_key(io.StringIO(pem), settings.passphrase)
        except paramiko.PasswordRequiredException:
            raise UsageError("the private key is encrypted and no passphrase is given") from None
        except (paramiko.SSHException, ValueError, TypeError, IndexError):
            continue
    hint = " or its passphrase is wrong" if settings.passphrase else ""
    raise UsageError(f"the private key cannot be read: it is no ed25519, rsa or ecdsa key in OpenSSH or PEM form{hint}")


class _Socket(socket.socket):
    """A socket that gives up when the other side takes nothing for `stall` seconds; paramiko would retry for ever."""

    stall = 30.0
    _blocked_since: float | None = None

    def send(self, data: bytes, flags: int = 0, /) -> int:  # type: ignore[override]
        try:
            count = super().send(data, flags)
        except TimeoutError:
            now = time.monotonic()
            self._blocked_since = self._blocked_since or now
            if now - self._blocked_since > self.stall:
                raise ConnectionAbortedError("nothing was taken in time") from None
            raise
        self._blocked_since = None
        return count


def _shut(transport: paramiko.Transport) -> None:
    with contextlib.suppress(*LOST):
        transport.close()
    with contextlib.suppress(OSError):
        transport.sock.close()
    if transport.is_alive() and transport is not threading.current_thread():
        transport.join(1.0)


def _quieten() -> None:
    """paramiko logs names of files and hosts; nothing of it is kept."""
    logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)
