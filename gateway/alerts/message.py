"""What a channel is told: one message for all that is new, grouped by kind, as lines and as a document. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from gateway.alerts.kinds import KINDS

MOST_LINES = 20  # of one kind; the rest is counted
MOST_IN_DOCUMENT = 500


class Told(NamedTuple):
    """One alert as it is told."""

    id: int  # 0 where it is not kept
    kind: str
    subject: str
    partner: str
    text: str
    since: str  # a stamp

    def document(self) -> dict[str, Any]:
        kind = KINDS[self.kind]
        return {
            "id": str(self.id),
            "kind": self.kind,
            "title": kind.title,
            "subject": self.subject,
            "partner": self.partner,
            "text": self.text,
            "since": self.since,
            "runbook": kind.page,
        }


class Message(NamedTuple):
    """One message; `key` is the same where the same is told again."""

    subject: str
    text: str
    document: dict[str, Any]
    key: str


def compose(name: str, at: str, alerts: Sequence[Told], mended: Sequence[Told]) -> Message:
    """The message about new alerts and mended ones.

    :param name: of the gateway, as its operators call it
    :param at: the time of the message, a stamp
    """
    subject = f"[gateway {name}] {_head(len(alerts), len(mended))}"
    lines = [f"{name}: {_head(len(alerts), len(mended))}", ""]
    lines += _lines(alerts, with_page=True)
    if mended:
        lines += ["Mended:", "", *_lines(mended, with_page=False)]
    lines.append("All that is open: gateway alerts list")
    text = "\n".join(lines) + "\n"
    key = hashlib.sha256(
        json.dumps([name, [one[:5] for one in alerts], [one[:5] for one in mended]]).encode()
    ).hexdigest()[:32]
    document = {
        "gateway": name,
        "at": at,
        "key": key,
        "text": text,
        "open": len(alerts),
        "mended": len(mended),
        "alerts": [one.document() for one in alerts[:MOST_IN_DOCUMENT]],
        "mended_alerts": [one.document() for one in mended[:MOST_IN_DOCUMENT]],
    }
    return Message(subject, text, document, key)


def test_message(name: str, at: str) -> Message:
    """What `alerts test` sends."""
    subject, text = f"[gateway {name}] test", f"{name}: this is a test of the channel. Nothing needs a person.\n"
    document = {"gateway": name, "at": at, "key": at, "text": text, "test": True, "open": 0, "mended": 0}
    return Message(subject, text, {**document, "alerts": [], "mended_alerts": []}, at)


def _head(alerts: int, mended: int) -> str:
    parts = [f"{alerts} {'needs' if alerts == 1 else 'need'} a person"] if alerts else []
    return ", ".join(parts + ([f"{mended} mended"] if mended else []))


def _lines(alerts: Sequence[Told], *, with_page: bool) -> list[str]:
    groups: dict[str, list[Told]] = {}
    for one in alerts:
        groups.setdefault(one.kind, []).append(one)
    lines: list[str] = []
    for kind, found in groups.items():
        title = KINDS[kind].title
        lines.append(title[:1].upper() + title[1:] + (f" ({len(found)})" if len(found) > 1 else ""))
        lines += [f"  {one.text}; since {one.since[:16].replace('T', ' ')} UTC" for one in found[:MOST_LINES]]
        if len(found) > MOST_LINES:
            lines.append(f"  … and {len(found) - MOST_LINES} more")
        if with_page:
            lines.append(f"  what to do: gateway runbook {KINDS[kind].page}")
        lines.append("")
    return lines
