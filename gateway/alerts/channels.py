"""Telling on a channel: mail, webhook, command. Each attempt ends within a limit of time, whatever the other side does.

Errors say what failed in our own words: what a server answers may repeat what it was sent.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import signal
import smtplib
import ssl
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from gateway.alerts.message import Message
from gateway.alerts.settings import Channel, Command, Mail, Webhook, fault_of
from gateway.errors import GatewayError, NeedsPerson
from gateway.transport.credentials import resolve

SECONDS = 20.0  # for one attempt as a whole
_STEP_SECONDS = 10.0  # for one step of it


class ChannelFailed(NeedsPerson):
    """A channel did not take a message."""

    page = "alert-channel"
    retry = "later"


class Sending(NamedTuple):
    """What an attempt needs beside the message."""

    home: Path  # secrets and certificates are named relative to it
    date: str  # RFC 5322, for the mail's header
    timestamp: int  # seconds since 1970, for the webhook's signature
    strict: bool = (
        False  # whether a mail that some of its addresses got counts as failed: it would come again and again
    )


def tell(channels: Mapping[str, tuple[Channel, Message]], sending: Sending) -> dict[str, GatewayError | None]:
    """Tries all channels at once, each in a thread of its own; gives what went wrong with each.

    One that is not through within SECONDS counts as failed; its thread is left to its own limits and never waited for.
    """
    found: dict[str, GatewayError | None] = {}
    threads = []
    for name, (channel, message) in channels.items():
        found[name] = ChannelFailed(f"{name}: gave no answer within {SECONDS:.0f} seconds")

        def attempt(name: str = name, channel: Channel = channel, message: Message = message) -> None:
            outcome = _outcome(name, channel, message, sending)
            done[name] = outcome

        threads.append(threading.Thread(target=attempt, name=f"alerts {name}", daemon=True))
    done: dict[str, GatewayError | None] = {}
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    return found | dict(done)


def _outcome(name: str, channel: Channel, message: Message, sending: Sending) -> GatewayError | None:
    try:
        send(channel, message, sending)
    except GatewayError as error:
        return error
    except (OSError, ValueError, http.client.HTTPException, smtplib.SMTPException) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        return ChannelFailed(f"{name}: {reason}")
    except Exception as error:  # noqa: BLE001 - whatever a channel brings out, the exchange goes on
        return ChannelFailed(f"{name}: {type(error).__name__}")
    return None


def send(channel: Channel, message: Message, sending: Sending) -> None:
    """One attempt. Raises ChannelFailed, UsageError for a reference that leads nowhere, and what the network raises."""
    match channel:
        case Mail():
            _mail(channel, message, sending)
        case Webhook():
            _post(channel, message, sending)
        case Command():
            _run(channel, message, sending)


def _context(ca_file: str, home: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(home / ca_file) if ca_file else None)


def letter(mail: Mail, message: Message, date: str) -> EmailMessage:
    """The mail itself."""
    made = EmailMessage()
    made["Subject"] = message.subject
    made["From"] = Address(addr_spec=mail.sender)
    made["To"] = tuple(Address(addr_spec=one) for one in mail.to)
    made["Date"] = date
    made["Message-ID"] = f"<{message.key.replace(':', '-')}@{mail.sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(message.text, cte="quoted-printable")
    return made


def _mail(mail: Mail, message: Message, sending: Sending) -> None:
    password = resolve(mail.password, sending.home) if mail.password else ""
    try:
        if mail.security == "tls":
            context = _context(mail.ca_file, sending.home)
            server: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=_STEP_SECONDS, context=context)
        else:
            server = smtplib.SMTP(mail.host, mail.port, timeout=_STEP_SECONDS)
        with server:
            if mail.security == "starttls":
                server.starttls(context=_context(mail.ca_file, sending.home))
            if mail.username:
                server.login(mail.username, password)
            refused = server.send_message(letter(mail, message, sending.date))
    except smtplib.SMTPAuthenticationError:
        raise ChannelFailed("mail: the server refused user name or password") from None
    except smtplib.SMTPResponseException as error:
        raise ChannelFailed(f"mail: the server answered {error.smtp_code}") from None
    except smtplib.SMTPRecipientsRefused:
        raise ChannelFailed("mail: the server takes none of the addresses") from None
    if refused and sending.strict:
        raise ChannelFailed(f"mail: the server does not take {len(refused)} of {len(mail.to)} addresses")


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """What `X-Gateway-Signature` holds: HMAC-SHA256 over the time, a point and the body."""
    signed = f"{timestamp}.".encode() + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _post(webhook: Webhook, message: Message, sending: Sending) -> None:
    url = webhook.url
    if not url.startswith(("http://", "https://")):
        url = resolve(url, sending.home)
    if reason := fault_of(url):
        raise ChannelFailed(f"webhook: the address {reason}")
    body = json.dumps(message.document).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "gateway", "X-Gateway-Key": message.key}
    if webhook.secret:
        headers["X-Gateway-Timestamp"] = str(sending.timestamp)
        headers["X-Gateway-Signature"] = signature(resolve(webhook.secret, sending.home), sending.timestamp, body)
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = _context(webhook.ca_file, sending.home)
        link = http.client.HTTPSConnection(host, parts.port, timeout=_STEP_SECONDS, context=context)
    else:
        link = http.client.HTTPConnection(host, parts.port, timeout=_STEP_SECONDS)  # type: ignore[assignment]
    try:
        link.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
        status = link.getresponse().status
    finally:
        link.close()
    if not 200 <= status < 300:
        raise ChannelFailed(f"webhook: the server answered {status}")


def _run(command: Command, message: Message, sending: Sending) -> None:
    """Its output is not looked at. It is a session of its own, so that its children end with it."""
    body = json.dumps(message.document).encode()
    try:
        process = subprocess.Popen(
            command.words,
            cwd=sending.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise ChannelFailed(f"command: cannot be run: {error.strerror}") from None
    try:
        process.communicate(body, timeout=SECONDS - 2)
    except subprocess.TimeoutExpired:
        raise ChannelFailed(f"command: did not end within {SECONDS - 2:.0f} seconds") from None
    finally:
        if process.poll() is None:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode:
        raise ChannelFailed(f"command: ended with {process.returncode}")
