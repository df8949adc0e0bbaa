"""The [alerts] of `gateway.toml`: where alerts are told. Secrets are references, as in a profile."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from gateway.configuration import Written
from gateway.errors import UsageError

LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))
_REFERENCES = ("env:", "file:", "command:")
_TABLES = {
    "": {"name", "mail", "webhook", "command"},
    "mail": {"to", "from", "host", "port", "security", "username", "password", "ca_file"},
    "webhook": {"url", "secret", "ca_file"},
    "command": {"line"},
}
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, slots=True)
class Mail:
    """Mail by SMTP."""

    to: tuple[str, ...]
    sender: str
    host: str
    port: int
    security: str  # "starttls", "tls"; "none" to this machine only
    username: str = ""
    password: str = field(default="", repr=False)  # a reference
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A POST of JSON. The address may hold a secret of its own, so it may be a reference, too."""

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)  # a reference; signs the body where it is given
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A program of the operator, without a shell; it gets the same JSON on its standard input."""

    words: tuple[str, ...]


Channel = Mail | Webhook | Command


@dataclass(frozen=True, slots=True)
class Alerts:
    """Where alerts are told; nowhere by default."""

    name: str = ""  # of this gateway in messages; the name of its home where it is empty
    channels: dict[str, Channel] = field(default_factory=dict)


def read_alerts(written: Written) -> Alerts:
    """UsageError names file, line and key of what cannot be."""
    table = written.data.get("alerts", {})
    reader = _Reader(written, table)
    for key in table:
        if key not in _TABLES[""]:
            raise written.fault("alerts", key, f"is no key of this table; known are {', '.join(sorted(_TABLES['']))}")
    read: dict[str, Callable[[], Channel]] = {"mail": reader.mail, "webhook": reader.webhook, "command": reader.command}
    name = reader.text("", "name", "")
    return Alerts(name, {channel: take() for channel, take in read.items() if channel in table})


class _Reader:
    def __init__(self, written: Written, table: dict[str, Any]) -> None:
        self.written, self.table = written, table

    def fail(self, part: str, key: str, reason: str) -> UsageError:
        return self.written.fault(f"alerts.{part}" if part else "alerts", key, reason)

    def part(self, part: str) -> dict[str, Any]:
        found = self.table if not part else self.table[part]
        if not isinstance(found, dict):
            raise self.fail("", part, "must be a table")
        for key in found:
            if key not in _TABLES[part]:
                known = ", ".join(sorted(_TABLES[part]))
                raise self.fail(part, key, f"is no key of this table; known are {known}")
        return found

    def text(self, part: str, key: str, default: str | None = None) -> str:
        value = self.part(part).get(key, default)
        if value is None:
            raise self.fail(part, key, "is missing")
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.fail(part, key, "must be text")
        if any(ord(sign) < 32 for sign in value):
            raise self.fail(part, key, "must be one line")
        return value

    def reference(self, part: str, key: str) -> str:
        value = self.text(part, key, "")
        if value and not value.startswith(_REFERENCES):
            raise self.fail(part, key, 'is a secret: name where it is, "env:NAME", "file:PATH" or "command:LINE"')
        return value

    def mail(self) -> Mail:
        security = self.text("mail", "security", "starttls")
        if security not in _PORTS:
            raise self.fail("mail", "security", f"must be one of {', '.join(_PORTS)}")
        host = self.text("mail", "host")
        if security == "none" and host not in LOOPBACK:
            raise self.fail("mail", "security", "may be none only where host is this machine")
        to = self.part("mail").get("to")
        if not isinstance(to, list) or not to or not all(isinstance(one, str) and _is_address(one) for one in to):
            raise self.fail("mail", "to", "must be a list of addresses")
        sender = self.text("mail", "from")
        if not _is_address(sender):
            raise self.fail("mail", "from", "must be an address")
        port = self.part("mail").get("port", _PORTS[security])
        if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:
            raise self.fail("mail", "port", "must be a number from 1 to 65535")
        username, password = self.text("mail", "username", ""), self.reference("mail", "password")
        return Mail(tuple(to), sender, host, port, security, username, password, self.text("mail", "ca_file", ""))

    def webhook(self) -> Webhook:
        url = self.text("webhook", "url")
        if not url.startswith(_REFERENCES) and (reason := fault_of(url)):
            raise self.fail("webhook", "url", reason)
        return Webhook(url, self.reference("webhook", "secret"), self.text("webhook", "ca_file", ""))

    def command(self) -> Command:
        try:
            words = tuple(shlex.split(self.text("command", "line")))
        except ValueError:
            raise self.fail("command", "line", "its quotes do not match") from None
        if not words:
            raise self.fail("command", "line", "names no program")
        return Command(words)


def _is_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and text.isascii() and not any(sign in text for sign in " ,;<>\r\n\t")


def fault_of(url: str) -> str:
    """Why alerts cannot be posted to an address; empty where they can."""
    try:
        parts: SplitResult = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in ("http", "https") or not host:
        return "must be https://HOST/…"
    if parts.scheme == "http" and host not in LOOPBACK:
        return "must be https, but for this machine itself"
    if not url.isascii() or any(sign <= " " for sign in url):
        return "is no URL"
    return ""
