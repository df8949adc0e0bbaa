"""What a command would do, for `--dry-run`: looked at, nothing written, nothing sent, nothing taken."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gateway.app import App
from gateway.errors import GatewayError, UsageError
from gateway.exchange import building
from gateway.exchange.batches import documents
from gateway.exchange.collection import known_files
from gateway.exchange.retaining import refuse_left_file
from gateway.exchange.steps import number
from gateway.partners import Profile
from gateway.store import batches
from gateway.store.inbound_files import FileRow, find_file, get_file, list_files
from gateway.transport.names import shown_name
from gateway.x12.inspect import inspect

Document = dict[str, Any]
_DELIVERABLE = ("built", "failed", "unknown", "sending")


def to_send(app: App, partner: str | None = None) -> list[Document]:
    """The batches that `send` would settle or deliver."""
    return [one for one in documents(app, partner) if one["state"] in _DELIVERABLE]


def to_fetch(app: App, profile: Profile) -> list[Document]:
    """The files of a mailbox that were not seen before; connects, and raises what that raises."""
    transport = app.transport(profile)
    try:
        listed = transport.list_files(profile.receive_folder)
    finally:
        transport.close()
    plain = [one for one in listed if one.odd is None]
    known = known_files(app, profile, plain)
    new = [one for one in plain if one.name not in known]
    return [{"partner": profile.name, "file": one.name, "size": one.size} for one in new]


def to_process(app: App) -> Iterator[Document]:
    """The files that were received and wait."""
    with app.store.read() as conn:
        waiting = list_files(conn, statuses=("received",))
    for row in waiting:
        yield one_file(app, row)


def one_file(app: App, file: FileRow | int) -> Document:
    """A recorded file with what its sets hold."""
    if isinstance(file, int):
        with app.store.read() as conn:
            row = get_file(conn, file)
    else:
        row = file
    refuse_left_file(app, row.archive_name)
    app.archive.verify(row.archive_name, row.sha256)
    with app.archive.open(row.archive_name) as stream:
        return _seen(row.name, row.sha256, row.status, stream)


def file_at_hand(app: App, path: Path) -> Document:
    """A file that `inbound import` was given: whether it is new, and what its sets hold."""
    try:
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            with app.store.read() as conn:
                known = find_file(conn, sha256)
            stream.seek(0)
            return _seen(shown_name(path), sha256, "duplicate" if known else "new", stream)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None


def _seen(name: str, sha256: str, status: str, stream: Any) -> Document:
    sets = [one for i in inspect(stream)["interchanges"] for group in i["groups"] for one in group["transactions"]]
    return {"file": name, "sha256": sha256, "status": status, "transactions": sets}


def a_round(app: App, partner: str | None = None) -> Document:
    """What `exchange` would do; a partner that cannot be reached is among the errors."""
    found: Document = {
        "built": [one.document() for one in building.plan(app, partner)],
        "sent": to_send(app, partner),
        "fetched": [],
        "processed": list(to_process(app)),
        "errors": [],
        "exit_code": 0,
    }
    for profile in app.chosen(partner):
        try:
            found["fetched"] += to_fetch(app, profile)
        except GatewayError as error:
            found["errors"].append({"partner": profile.name, "text": str(error)})
            found["exit_code"] = max(found["exit_code"], error.exit_code)
    return found


def a_step(app: App, kind: str, identifier: str) -> list[Document]:
    """What one unit of work would do."""
    return _STEPS[kind](app, identifier)


def _build(app: App, partner: str) -> list[Document]:
    app.home.profile(partner)
    return [one.document() for one in building.plan(app, partner)]


def _deliver(app: App, identifier: str) -> list[Document]:
    with app.store.read() as conn:
        batch = batches.get_batch(conn, number(identifier, "a batch"))
    return [one for one in to_send(app, batch.partner) if one["id"] == str(batch.id)]


_STEPS: dict[str, Callable[[App, str], list[Document]]] = {
    "build": _build,
    "deliver": _deliver,
    "collect": lambda app, partner: to_fetch(app, app.home.profile(partner)),
    "process": lambda app, identifier: [one_file(app, number(identifier, "an inbound file"))],
}
