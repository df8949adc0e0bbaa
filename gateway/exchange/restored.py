"""What a store that was put back or made anew cannot know: what was sent since its backup or journal.

A batch that stood there to be sent may have arrived meanwhile. It is unknown, as one whose rename was never answered:
the partner's folder, an answer or a person settles it. Nothing is built or sent before what the archive has beyond the
store is taken in (`store.backup.refuse_unproven`).
"""

from __future__ import annotations

import hashlib
from typing import BinaryIO, cast

from gateway.app import App
from gateway.exchange.building import name_of_file
from gateway.exchange.delivery import refresh_batch
from gateway.store import Connection, batches
from gateway.store.batches import BatchRow
from gateway.transport.deliver import Step
from gateway.x12.reader import Reader
from gateway.x12.values import Interchange

_DOUBT = "the store was put back, and does not know what was sent since"


def doubt_deliveries(app: App) -> int:
    """Calls every batch unknown that may have been sent since; returns how many.

    One that was being built is among them where the archive has its file: it came to be built after all.
    """
    with app.store.write() as conn:
        _complete_built(app, conn)
        waiting = batches.list_batches(conn, states=("built", "failed", "sending", "unknown"))
        for batch in waiting:
            if batch.state != "unknown":
                batches.set_state(conn, batch.id, "unknown", at=app.now(), reason=_DOUBT)
                refresh_batch(conn, app, batch.id)
            batches.record_step(conn, batch.id, batch.attempts, Step.STORE_RESTORED.value, {}, at=app.now())
    return len(waiting)


def _complete_built(app: App, conn: Connection) -> None:
    building = {str(batch.id): batch for batch in batches.list_batches(conn, states=("building",))}
    for name in app.archive.names() if building else ():
        if name.startswith("sent/"):
            with app.archive.open(name) as stream:
                batch = building.get(stream.header.notes.get("batch", ""))
                if batch is not None and _is_of(batch, cast(BinaryIO, stream)):
                    _built(app, conn, batch, name)


def _is_of(batch: BatchRow, stream: BinaryIO) -> bool:
    """Whether a file is that batch's: after a former restore another one may have had its id."""
    found = [item for item in Reader(stream).items() if isinstance(item, Interchange)]
    return [
        (f"{one.sender_qualifier}:{one.sender}", f"{one.receiver_qualifier}:{one.receiver}", one.control_number)
        for one in found
    ] == [(batch.sender, batch.receiver, batch.interchange_control_number)]


def _built(app: App, conn: Connection, batch: BatchRow, name: str) -> None:
    with app.archive.open(name) as stream:
        sha256, at = hashlib.file_digest(stream, "sha256").hexdigest(), stream.header.at
        profile, size = app.profiles.get(batch.partner), stream.size
    called = name_of_file(profile.send_name, batch, at) if profile else f"{batch.interchange_control_number}.txt"
    batches.mark_built(conn, batch.id, file_name=called, archive_name=name, sha256=sha256, size=size, at=at)
