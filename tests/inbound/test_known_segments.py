"""An 835 is read by segments that are known by their text: what is known must read as if it were new."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator

import pytest

from gateway.inbound.content import WatchedSet
from gateway.inbound.remit835 import RemittanceReader
from gateway.inbound.remit835_segments import known_segments
from gateway.x12.reader import Reader, TransactionSet

HEAD = (
    b"ISA*00*          *00*          *ZZ*THEM           *ZZ*US             *260202*0910*^*00501*000000905*0*T*:~"
    b"GS*HP*THEM*US*20260202*0910*1*X*005010X221A1~"
)
CLAIM = (
    "CLP*A*1*100*60*40*12*P*11*1",
    "NM1*QC*1*RIVERS*ANNA****MI*M",
    "CAS*XX*1*0",  # no group code
    "SVC*HC:99213*100*60**1",
    "DTM*472*99999999",  # no day
    "CAS*PR*1*40",
    "REF*6R*1",
    "AMT*B6*x",  # no amount
)


def opened(segments: list[str], chunk_size: int = 1 << 18) -> TransactionSet:
    data = HEAD + "".join(f"{one}~" for one in segments).encode()
    items = Reader(io.BytesIO(data), chunk_size=chunk_size).items()
    return next(item for item in items if isinstance(item, TransactionSet))


def payment(*body: str) -> list[str]:
    return ["ST*835*0001", "BPR*I*120*C*ACH", "TRN*1*T*1", "LX*1", *body, "SE*1*0001"]


def test_a_known_segment_reads_and_is_told_of_as_the_first_time() -> None:
    """The same claim twice gives the same values and the same issues twice; read once more, all of it again."""
    known_segments("*", ":").clear()
    told = []
    for _ in range(2):
        reader = RemittanceReader(opened(payment(*CLAIM, *CLAIM)))
        first, second = reader
        assert first == second._replace(segment=first.segment, lines=first.lines)
        assert first.lines[0] == second.lines[0]._replace(segment=first.lines[0].segment)
        assert [first.lines[0].segment, second.segment, second.lines[0].segment] == [8, 13, 16]
        told.append([(issue.code, issue.segment) for issue in reader.issues])
    assert told[0] == told[1]
    again = [(code, segment + len(CLAIM)) for code, segment in told[0] if segment and 5 <= segment <= 12]
    assert [one for one in told[0] if one[1] and one[1] > 12] == again
    assert {"adjustment_group", "remittance_day", "remittance_information"} <= {code for code, _ in told[0]}


def test_other_delimiters_know_their_own_segments() -> None:
    """A composite is read by the component separator of its own file."""
    text = HEAD.decode().replace("*:~", "*>~") + "".join(
        f"{one}~" for one in payment("CLP*A*1*100*100*0*12*P*11*1", "SVC*HC>99213:X*100*100")
    )
    items = Reader(io.BytesIO(text.encode())).items()
    (claim,) = RemittanceReader(next(item for item in items if isinstance(item, TransactionSet)))
    assert claim.lines[0].procedure == "HC:99213:X"


@pytest.mark.parametrize("chunk_size", [300, 1 << 18])
def test_a_claim_of_any_length_is_read_whole(chunk_size: int) -> None:
    """Thousands of adjustments and references in one claim and in one line stand in their order, and are added up."""
    many = 3000
    own = [f"REF*F8*{n}" for n in range(many)]
    adjusted = [segment for n in range(many) for segment in (f"CAS*CO*{n + 1}*0.01", f"REF*LU*{n}")]
    body = ["CLP*A*1*100*70*0*12*P*11*1", *own, "SVC*HC:99213*100*70**1", *adjusted, "CLP*B*1*1*1*0*12*P*11*1"]
    reader = RemittanceReader(opened(payment(*body), chunk_size))
    long, short = reader
    assert long.references == tuple(("F8", str(n)) for n in range(many))
    assert [one.reason for one in long.lines[0].adjustments] == [str(n + 1) for n in range(many)]
    assert long.lines[0].references == tuple(("LU", str(n)) for n in range(many))
    assert reader.totals.adjustments == many
    assert isinstance(long.lines[0].adjustments, tuple) and short.references == ()
    assert [issue.code for issue in reader.issues if issue.severity == "error"] == ["remittance_unbalanced"]


@pytest.mark.parametrize("count", [1, 2, 3, 255, 256, 257, 258, 513])
@pytest.mark.parametrize("ends", [True, False])
def test_the_hash_of_a_set_is_that_which_stores_have(count: int, ends: bool) -> None:
    """Read as texts or as segments, in blocks of any size, a set has the hash by which stores know it."""
    segments = ["ST*835*0001", *(f"REF*F8:{n}*a^b" for n in range(count - 1))]
    if ends and count > 1:
        segments[-1] = "SE*1*0001"
    wanted = hash_in_parts(segments)
    for chunk_size in (40, 1 << 18):
        watched = WatchedSet(opened(segments, chunk_size))
        assert [text for run in watched.texts() for text in run] == segments
        assert watched.content_hash == wanted
        watched = WatchedSet(opened(segments, chunk_size))
        assert ["*".join(segment) for segment in watched] == segments
        assert watched.content_hash == wanted


def hash_in_parts(segments: list[str]) -> str:
    """As it has been defined from the first store on."""
    digest = hashlib.sha256()
    for part in parts(segments):
        inside = part[1 if part[0].startswith("ST") else 0 : len(part) - part[-1].startswith("SE")]
        text = "\x1e".join(inside).translate(str.maketrans("*:^", "\x1f\x1d\x1c"))
        digest.update(f"{text}\x1e".encode())
    return digest.hexdigest()


def parts(segments: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(segments), 256):
        yield segments[at : at + 256]
