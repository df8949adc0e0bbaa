"""What holds of reading whatever the file: delimiters, chunk sizes, cuts and damaged bytes at random."""

from __future__ import annotations

import io
import json
from typing import Any

import x12_files as made
from hypothesis import given, settings
from hypothesis import strategies as st
from x12_files import Made

from gateway.x12.inspect import inspect
from gateway.x12.reader import Reader, TransactionSet

INTRUDERS = [b"", b"~", b"ISA*", b"ISA", b"ST*835*1~", b"\n", b" ", b"\xff", b"\x00", b"\xef\xbb\xbf"]


def _everything(data: bytes, **options: int) -> tuple[Any, ...]:
    """All that a reader gives out of `data`, with every position and issue."""
    reader = Reader(io.BytesIO(data), **options)
    found: list[Any] = []
    for item in reader.items():
        if isinstance(item, TransactionSet):
            read = [(segment, item.position, item.offset_of_last) for segment in item]
            found.append((item.number, item.first_segment, item.offset, read, item.segments_read, item.issues))
        else:
            found.append(item)
    return found, reader.issues, reader.segments


@given(made.files(), st.integers(1, 300))
def test_every_segment_comes_out_with_its_position_and_offset(file: Made, chunk_size: int) -> None:
    """Whatever the delimiters, line breaks and chunk size: the segments written, their ordinals, their byte offsets."""
    reader = Reader(io.BytesIO(file.data), chunk_size=chunk_size)
    found = []
    for item in reader.items():
        if isinstance(item, TransactionSet):
            read, positions, offsets = [], [], []
            for segment in item:
                read.append(segment)
                positions.append(item.position)
                offsets.append(item.offset_of_last)
            assert (item.issues, item.closed) == ([], True)
            assert positions == list(range(1, len(read) + 1))
            assert (item.offset, item.segments_read) == (offsets[0], len(read))
            found.append(made.MadeSet(item.control_number, read, offsets, item.first_segment))
    assert file.sets == found
    assert reader.issues == []
    assert reader.segments == file.segments


@given(made.files(), st.integers(0, 6))
def test_leaving_a_set_early_changes_nothing_for_the_next(file: Made, taken: int) -> None:
    """A set of which only some segments were taken is still counted and checked; it yields nothing afterwards."""
    reader = Reader(io.BytesIO(file.data), chunk_size=64)
    opened = []
    for item in reader.items():
        if isinstance(item, TransactionSet):
            head = [segment for segment, _ in zip(item, range(taken), strict=False)]
            opened.append((item, head))
    assert [wanted.segments[:taken] for wanted in file.sets] == [head[:taken] for _, head in opened]
    for wanted, (item, _) in zip(file.sets, opened, strict=True):
        assert (item.closed, item.issues, item.segments_read) == (True, [], len(wanted.segments))
        assert list(item) == []


@given(made.files(), st.data())
def test_a_cut_file_never_raises_and_says_so(file: Made, data: st.DataObject) -> None:
    """Cut anywhere but between interchanges, a file has at least one issue; what is before the cut is read."""
    cut = data.draw(st.integers(1, len(file.data) - 1))
    found, issues, _ = _everything(bytes(file.data[:cut]))
    whole = [wanted for wanted in file.sets if wanted.offsets[-1] < cut]
    sets = [item for item in found if isinstance(item, tuple)]
    told = issues or any(item[5] for item in sets)
    last = bytes(file.data[:cut]).strip()
    assert told or _ends_at_an_interchange(file, len(last))
    assert len(sets) >= len(whole) - 1


def _ends_at_an_interchange(file: Made, length: int) -> bool:
    """Whether nothing but blanks and whole interchanges stands before and after `length`."""
    rest = bytes(file.data[length:]).strip()
    return not rest or rest.startswith(b"ISA") or len(rest) < 3


@settings(max_examples=200)
@given(made.files(), st.data())
def test_damage_never_raises_and_never_depends_on_chunks(file: Made, data: st.DataObject) -> None:
    """Bytes changed, dropped, doubled or put in at random: the same items and issues for every chunk size."""
    damaged = bytearray(file.data)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(damaged) - 1)))
        end = min(len(damaged), at + data.draw(st.integers(0, 40)))
        put = data.draw(
            st.sampled_from([b"", b"~", b"ISA*", b"ISA", b"ST*835*1~", b"\n", b" ", b"\xff", b"\x00", b"\xef\xbb\xbf"])
        )
        damaged[at:end] = put + (damaged[at:end] * 2 if data.draw(st.booleans()) else b"")
    whole = _everything(bytes(damaged), max_segment=60)
    for chunk_size in (1, data.draw(st.integers(2, 200))):
        assert whole == _everything(bytes(damaged), chunk_size=chunk_size, max_segment=60)
    json.dumps(inspect(io.BytesIO(damaged)))


@given(st.binary(max_size=600))
def test_any_bytes_are_read_without_raising(data: bytes) -> None:
    """Bytes of any kind give issues, never an exception and never silence."""
    found, issues, _ = _everything(data)
    assert found or issues
    assert inspect(io.BytesIO(data))["issues"]
