"""A door over a store, with one partner and a clock that stands still."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.exchange.admission_rules import load_rules
from gateway.exchange.intake import Door, Tally, import_stream
from gateway.partners import Profile, load_profile
from gateway.store import Store
from gateway.x12.claim_writer import ClaimWriter
from gateway.x12.values import Delimiters, Group, Interchange
from gateway.x12.writer import Writer

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
PROFILE = """
[partner]
usage = "test"
payers = {payers}
[envelope]
sender = "ZZ:SUBMITTERID"
receiver = "ZZ:330897513"
receiver_name = "OFFICE ALLY"
[submitter]
name = "EXAMPLE BILLING"
id = "SUBMITTERID"
contact = "EDI DESK"
phone = "5555550100"
[folder]
path = "mailbox"
"""


def profile(folder: Path, *payers: str, name: str = "ally") -> Profile:
    path = folder / f"{name}.toml"
    path.write_text(PROFILE.format(payers=json.dumps(payers or ["*"])), encoding="utf-8")
    return load_profile(path)


def door_to(store: Store, *profiles: Profile) -> Door:
    return Door(store, {one.name: one for one in profiles}, load_rules(), lambda: NOW)


def bring(door: Door, documents: Iterable[dict[str, Any]], name: str = "claims.json") -> Tally:
    """Imports documents as a JSON list."""
    return import_stream(door, io.BytesIO(json.dumps(list(documents)).encode()), name)


def counts(tally: Tally) -> tuple[int, int, int, int]:
    """Ready, held, unchanged, rejected."""
    document = tally.document()
    return document["ready"], document["held"], document["unchanged"], document["rejected"]


def file_837(
    door: Door,
    sets: Iterable[list[dict[str, Any]]],
    *,
    number: str = "000000701",
    sender: str = "SUBMITTERID",
    receiver: str = "330897513",
) -> bytes:
    """An 837P as another system would have sent it: completed documents, one list a transaction set."""
    out = io.BytesIO()
    guide = door.rules.guides["837P"]
    writer, claims = Writer(out, Delimiters()), ClaimWriter(guide, upper=True)
    writer.open_interchange(
        Interchange(number, "ZZ", sender, "ZZ", receiver, "T", "260110", "0930", "00501", claims.delimiters)
    )
    writer.open_group(Group("HC", sender, receiver, "88", guide.version, "20260110", "0930"))
    for ordinal, documents in enumerate(sets, 1):
        writer.open_set("837", f"{ordinal:04}", guide.version)
        parties = {
            "submitter": {"organization": "X", "id": "SUBMITTERID", "contacts": [_CONTACT]},
            "receiver": {"name": "Y", "id": receiver},
        }
        first = {**documents[0], **parties}
        writer.lines(claims.header(first, reference=f"OLD{ordinal}", date="20260110", time="0930"))
        for document in documents:
            writer.lines(claims.claim({**document, **parties}).lines)
        writer.close_set()
    writer.close_group()
    writer.close_interchange()
    return out.getvalue()


_CONTACT = {"name": "DESK", "numbers": [{"type": "TE", "number": "5555550100"}]}
