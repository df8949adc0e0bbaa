"""Delivering one file: each step is recorded before it is asked for, and what nobody knows is called unknown.

With a rename: temporary name chosen, written, size compared, rename asked, renamed. Without: put asked, put done.
A delivery that died before the rename (or put) was asked for is safe to send again; one that died at it is unknown
until the folder, an answer or a person settles it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from gateway.transport.port import Progress, Transport, TransportError

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
    TEMP_VANISHED = "temp_vanished"  # the complete temporary file disappeared: someone may have taken it


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
    raise NotImplementedError


def settle(transport: Transport, parcel: Parcel, steps: Iterable[Recorded], *, partner_takes_files: bool) -> Delivery:
    """What became of a delivery that did not end, by its recorded steps and the partner's folder.

    Final name there: sent. Only the temporary one there: not sent, and it is removed. Neither: unknown, unless the
    partner is known to leave files where they are (`partner_takes_files` false): then not sent. A transport that
    cannot answer raises TransportError, and the delivery stays what it was.
    """
    raise NotImplementedError


def remove_leftovers(transport: Transport, folder: str, temp_names: Collection[str]) -> list[str]:
    """Removes those of our own recorded temporary files that still stand in the folder; returns their names."""
    raise NotImplementedError
