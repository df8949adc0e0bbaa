"""Memory does not grow with the file, nor with one segment, nor with faults."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any, BinaryIO, cast

import pytest
from x12_files import Repeated

from gateway.x12.inspect import inspect
from gateway.x12.reader import Reader, TransactionSet

ISA = b"ISA*00*          *00*          *ZZ*EXAMPLEPAYER   *ZZ*EXAMPLECLINIC  *260105*0930*^*00501*000000101*0*T*:~"
HEAD = ISA + b"GS*HP*A*B*20260105*0930*201*X*005010X221A1~ST*835*0001~BPR*I*0*C~"
CLAIM = (
    b"CLP*PCN1*1*200*96*24*12*EXP1*11*1~NM1*QC*1*SAMPLE*PAT****MI*EX12345~SVC*HC:99213*150*96**1~DTM*472*20260102~"
    b"CAS*CO*45*30~CAS*PR*2*24~REF*6R*1~SVC*HC:99214*50*0**1~DTM*472*20260102~CAS*CO*97*50~REF*6R*2~"
)
TAIL = b"SE*1*0001~GE*1*201~IEA*1*000000101~"
MEGABYTE = 1 << 20


def _peak(work: Callable[[], Any]) -> tuple[int, Any]:
    """Bytes at the highest, above those at the start, and what the work gave."""
    tracemalloc.start()
    try:
        result = work()
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


def _stream(head: bytes, body: bytes, size: int, tail: bytes) -> BinaryIO:
    return cast(BinaryIO, Repeated(head, body, size // len(body), tail))


def _pass(stream: BinaryIO) -> tuple[int, list[str]]:
    """Segments of all sets, and the codes of all issues, without looking at a segment."""
    reader = Reader(stream)
    sets = [item for item in reader.items() if isinstance(item, TransactionSet)]
    codes = [issue.code for opened in sets for issue in opened.issues]
    return sum(opened.segments_read for opened in sets), [*codes, *(issue.code for issue in reader.issues)]


@pytest.mark.slow
def test_fifty_megabytes_of_one_set_are_counted_in_little_memory() -> None:
    """A whole day's remittance in one ST: its segments are counted, its wrong SE01 is told."""
    size = 50 * MEGABYTE
    peak, (count, codes) = _peak(lambda: _pass(_stream(HEAD, CLAIM, size, TAIL)))
    assert (count, codes) == (size // len(CLAIM) * 11 + 3, ["se_count"])
    assert peak < 8 * MEGABYTE


@pytest.mark.slow
def test_reading_ten_times_as_many_claims_takes_no_more_memory() -> None:
    """The document of a file is as large for ten thousand claims as for a hundred thousand."""
    peaks = []
    for size in (MEGABYTE, 10 * MEGABYTE):
        peak, document = _peak(lambda size=size: inspect(_stream(HEAD, CLAIM, size, TAIL)))
        (shown,) = document["interchanges"][0]["groups"][0]["transactions"]
        assert shown["claims"] == size // len(CLAIM)
        peaks.append(peak)
    assert peaks[1] < peaks[0] + MEGABYTE


def test_one_segment_of_fifty_megabytes_is_skipped_in_little_memory() -> None:
    """It is told at its position; what follows it is read."""
    tail = b"~CLP*PCN2*1*1*1~SE*4*0001~GE*1*201~IEA*1*000000101~"
    body = b"XXXXXXXXXXXXXXXX" * 4096
    peak, (count, codes) = _peak(lambda: _pass(_stream(HEAD + b"NTE*ADD*", body, 50 * MEGABYTE, tail)))
    assert (count, codes) == (5, ["segment_too_long", "se_count"])
    assert peak < 8 * MEGABYTE


@pytest.mark.parametrize("garbage", [b"LX*1~", b"~", b"\n", b"ISA*", b"\xff\xfe~", b"GE*1*1~", b"\xef\xbb\xbf"])
def test_megabytes_of_garbage_give_few_issues(garbage: bytes) -> None:
    """Whatever fills a file, issues stay few, memory is that of one chunk, and the set behind it is found."""
    tail = b"~" + HEAD.replace(b"000000101", b"000000102") + b"SE*3*0001~GE*1*201~IEA*1*000000102~"
    peak, (count, codes) = _peak(lambda: _pass(_stream(ISA, garbage * 1000, MEGABYTE, tail)))
    assert count == 3
    assert len(codes) < 500
    assert peak < 32 * MEGABYTE
