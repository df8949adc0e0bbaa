"""Delivering one file: each step is recorded before it is asked for, and what nobody knows is called unknown.

With a rename: temporary name chosen, written, size compared, rename asked, renamed. Without: put asked, put done.
A delivery that died before the rename (or put) was asked for is safe to send again; one that died at it is unknown
until the folder, an answer or a person settles it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from gateway.transport.look import NOT_ANSWERED, look
from gateway.transport.names import new_temp_name
from gateway.transport.port import (
    OutcomeUnknown,
    Progress,
    RemoteVanished,
    Transport,
    TransportError,
    Unreachable,
)

Detail = Mapping[str, str | int]


class Upload(StrEnum):
    """How a partner wants files to appear."""

    RENAME = "rename"  # written under a temporary name, then renamed; the default
    DIRECT = "direct"  # straight to the final name, for partners who take any name at once or know no rename


class Step(StrEnum):
    """The steps of a delivery, in order; each is recorded before what it names is asked for."""

    TEMP_CHOSEN = "temp_chosen"  # detail: temp_name
    WRITTEN = "written"  # detail: size
    SIZE_COMPARED = "size_compared"  # detail: size
    RENAME_ASKED = "rename_asked"
    RENAMED = "renamed"
    PUT_ASKED = "put_asked"  # Upload.DIRECT only
    PUT_DONE = "put_done"  # detail: size
    LEFTOVER_GONE = "leftover_gone"  # after a delivery that broke: its temporary file does not stand there any more
    LEFTOVER_STAYS = "leftover_stays"  # the partner did not let us remove it
    TEMP_VANISHED = "temp_vanished"  # the complete temporary file disappeared: someone may have taken it
    STORE_RESTORED = "store_restored"  # the store was put back: there may have been steps that it does not know


class DeliveryState(StrEnum):
    """How a delivery ended."""

    SENT = "sent"
    FAILED = "failed"  # the partner said no; nothing was delivered
    UNKNOWN = "unknown"  # may or may not have been delivered; never send again blindly
    NOT_SENT = "not_sent"  # nothing was delivered and nobody refused it: the same bytes may go again


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be delivered where."""

    folder: str
    name: str  # the final name
    size: int  # bytes
    upload: Upload = Upload.RENAME


@dataclass(frozen=True, slots=True)
class Recorded:
    """One step as the store gives it back."""

    step: Step
    detail: Detail


@dataclass(frozen=True, slots=True)
class Delivery:
    """How it ended and, in one line for a person, why."""

    state: DeliveryState
    text: str
    error: TransportError | None = None


Record = Callable[[Step, Detail], None]
"""Commits a step to the store before it returns. What it raises ends the delivery there and passes through."""


def deliver(
    transport: Transport, parcel: Parcel, source: BinaryIO, record: Record, *, progress: Progress | None = None
) -> Delivery:
    """Delivers source, which must hold `parcel.size` bytes. Faults of the partner's side are in the result."""
    if parcel.upload is Upload.DIRECT:
        return _put(transport, parcel, source, record, progress)
    temp_name = new_temp_name()
    record(Step.TEMP_CHOSEN, {"temp_name": temp_name})
    stopped = _write(transport, parcel, temp_name, source, record, progress)
    return stopped or _rename(transport, parcel, temp_name, record)


def settle(transport: Transport, parcel: Parcel, steps: Iterable[Recorded], *, partner_takes_files: bool) -> Delivery:
    """What became of a delivery that did not end, by its recorded steps and the partner's folder.

    Final name there: sent. Only the temporary one there: not sent, and it is removed. Neither: unknown, unless the
    partner is known to leave files where they are (`partner_takes_files` false): then not sent. A transport that
    cannot answer raises TransportError, and the delivery stays what it was.
    """
    recorded = {step.step: step.detail for step in steps}
    if Step.RENAMED in recorded or Step.PUT_DONE in recorded:
        return Delivery(DeliveryState.SENT, "the partner had confirmed it")
    if Step.STORE_RESTORED in recorded:  # a temporary file of before says nothing of what came since
        return _settle_by_folder(transport, parcel, "", partner_takes_files=partner_takes_files)
    temp_name = str(recorded.get(Step.TEMP_CHOSEN, {}).get("temp_name", ""))
    if Step.TEMP_VANISHED in recorded or Step.PUT_ASKED in recorded or Step.RENAME_ASKED in recorded:
        return _settle_by_folder(transport, parcel, temp_name, partner_takes_files=partner_takes_files)
    removed = bool(temp_name) and _try_remove(transport, parcel.folder, temp_name)
    stood = Step.WRITTEN in recorded and partner_takes_files  # all of it did, and someone may have taken it
    if stood and not removed and look(transport, parcel.folder, temp_name) is None:
        return Delivery(DeliveryState.UNKNOWN, _VANISHED)
    return Delivery(DeliveryState.NOT_SENT, "it stopped before the partner was asked to take it")


def remove_leftovers(transport: Transport, folder: str, temp_names: Iterable[str]) -> set[str]:
    """Removes those of our own recorded temporary files that stand in the folder; gives those that still do.

    Only for deliveries that have ended: the temporary file of an unknown one is evidence, and `settle` needs it.
    """
    standing = {file.name for file in transport.list_files(folder)} & set(temp_names)
    return {name for name in standing if not _try_remove(transport, folder, name)}


def _write(
    transport: Transport, parcel: Parcel, temp_name: str, source: BinaryIO, record: Record, progress: Progress | None
) -> Delivery | None:
    """Writes under the temporary name and compares sizes; a Delivery only where it ends there."""
    try:
        taken = transport.write_temp(parcel.folder, temp_name, source, parcel.size, progress)
    except TransportError as error:
        return _not_delivered(transport, parcel, temp_name, error)
    record(Step.WRITTEN, {"size": taken})
    try:
        found = _size_of(transport, parcel.folder, temp_name, taken)
    except TransportError as error:
        return _not_delivered(transport, parcel, temp_name, error)
    if found is None:
        record(Step.TEMP_VANISHED, {})
        return Delivery(DeliveryState.UNKNOWN, _VANISHED)
    if found != parcel.size:
        _try_remove(transport, parcel.folder, temp_name)
        return Delivery(DeliveryState.FAILED, f"the partner holds {found} bytes of {parcel.size} after the upload")
    record(Step.SIZE_COMPARED, {"size": found})
    return None


def _rename(transport: Transport, parcel: Parcel, temp_name: str, record: Record) -> Delivery:
    record(Step.RENAME_ASKED, {})
    try:
        transport.rename(parcel.folder, temp_name, parcel.name)
    except OutcomeUnknown as error:
        return Delivery(DeliveryState.UNKNOWN, str(error), error)
    except TransportError as error:
        return _not_delivered(transport, parcel, temp_name, error)
    record(Step.RENAMED, {})
    return Delivery(DeliveryState.SENT, "the partner confirmed the final name")


def _put(transport: Transport, parcel: Parcel, source: BinaryIO, record: Record, progress: Progress | None) -> Delivery:
    record(Step.PUT_ASKED, {})
    try:
        taken = transport.direct_put(parcel.folder, parcel.name, source, parcel.size, progress)
    except OutcomeUnknown as error:
        return Delivery(DeliveryState.UNKNOWN, str(error), error)
    except TransportError as error:
        return _ended(error)
    if taken != parcel.size:
        return Delivery(DeliveryState.UNKNOWN, f"the partner took {taken} bytes of {parcel.size} under the final name")
    record(Step.PUT_DONE, {"size": taken})
    return Delivery(DeliveryState.SENT, "the partner confirmed every byte")


def _settle_by_folder(transport: Transport, parcel: Parcel, temp_name: str, *, partner_takes_files: bool) -> Delivery:
    final = look(transport, parcel.folder, parcel.name)
    temp = look(transport, parcel.folder, temp_name) if temp_name else None
    if final is not None and final.size == parcel.size:
        if temp is not None:
            _try_remove(transport, parcel.folder, temp_name)
        return Delivery(DeliveryState.SENT, "the file stands in the partner's folder under its final name")
    if temp is not None:
        return _settle_by_removal(transport, parcel, temp_name)
    if final is not None:
        text = f"{final.size} bytes stand under the final name, {parcel.size} were to be sent"
        return Delivery(DeliveryState.UNKNOWN, text)
    if partner_takes_files:
        return Delivery(DeliveryState.UNKNOWN, "the folder does not hold it, but this partner takes files away")
    return Delivery(DeliveryState.NOT_SENT, "the folder does not hold it, and this partner leaves files where they are")


def _settle_by_removal(transport: Transport, parcel: Parcel, temp_name: str) -> Delivery:
    """Takes the temporary file away, so that a rename still waiting in the server can no longer succeed."""
    try:
        transport.remove(parcel.folder, temp_name)
    except RemoteVanished:
        return Delivery(DeliveryState.UNKNOWN, "the temporary file went away while it was looked at")
    except Unreachable:
        raise
    except TransportError:
        return Delivery(DeliveryState.NOT_SENT, "the file still has its temporary name, which could not be removed")
    final = look(transport, parcel.folder, parcel.name)
    if final is not None and final.size == parcel.size:
        return Delivery(DeliveryState.UNKNOWN, "the final name appeared while it was looked at")
    return Delivery(DeliveryState.NOT_SENT, "the file still had its temporary name, which was removed")


_VANISHED = (
    "the complete temporary file disappeared before it was renamed: the partner may take files of any name;"
    ' if so, upload = "direct" is the way'
)


def _size_of(transport: Transport, folder: str, name: str, taken: int) -> int | None:
    """The size as the folder shows it; in a folder that may only be written to, what the server confirmed."""
    try:
        found = look(transport, folder, name)
    except NOT_ANSWERED:
        return taken
    return None if found is None else found.size


def _not_delivered(transport: Transport, parcel: Parcel, temp_name: str, error: TransportError) -> Delivery:
    if not isinstance(error, Unreachable):
        _try_remove(transport, parcel.folder, temp_name)
    return _ended(error)


def _ended(error: TransportError) -> Delivery:
    state = DeliveryState.NOT_SENT if isinstance(error, Unreachable) else DeliveryState.FAILED
    return Delivery(state, str(error), error)


def _try_remove(transport: Transport, folder: str, name: str) -> bool:
    with contextlib.suppress(TransportError):  # a leftover does no harm and is recorded by its name
        transport.remove(folder, name)
        return True
    return False
