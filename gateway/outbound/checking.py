"""A transaction set made and checked by itself, so that processes can share the work, and the file of such sets.

Writing and checking need no store: what a set comes to depends on its claims, its numbers and the partner's profile.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import BinaryIO, NamedTuple

from gateway.garbage import seldom_collected
from gateway.outbound.sets import Member
from gateway.outbound.writing import BatchHead, Faulty, SetHead, in_envelope, judged, write_batch
from gateway.second_opinion import Differences


class SetJob(NamedTuple):
    """What has to be known to make a set."""

    batch: BatchHead
    head: SetHead
    members: Sequence[Member]
    known: Differences | None = None  # given where pyx12 is asked, too


class CheckedSet(NamedTuple):
    """ST to SE as they will be sent, or why they may not be."""

    text: bytes
    faulty: list[Faulty]


@seldom_collected()
def checked_set(job: SetJob) -> CheckedSet:
    """Writes a set into an envelope of its own, has it judged there, and takes it out again."""
    file = io.BytesIO()
    written = write_batch(file, job.batch, [(job.head, job.members)])
    if written.faulty:
        return CheckedSet(b"", written.faulty)
    file.seek(0)
    if faulty := judged(file, written, job.known):
        return CheckedSet(b"", faulty)
    return CheckedSet(_inside(file.getvalue(), job.batch), [])


def _inside(data: bytes, batch: BatchHead) -> bytes:
    """ST to SE: between the second segment of the file (GS) and the last but one (GE)."""
    end = batch.profile.envelope.delimiters.segment.encode()
    start = data.index(end, data.index(end) + 1) + 1
    return data[start : data.rindex(end + b"GE") + 1]


def write_file(out: BinaryIO, batch: BatchHead, made: Iterable[CheckedSet]) -> list[Faulty]:
    """Writes the envelope around the sets as they come; gives what is wrong with them, and then it is no file."""
    faulty: list[Faulty] = []
    with in_envelope(out, batch) as writer:
        for one in made:
            faulty += one.faulty
            writer.whole_set(one.text)
    return faulty
