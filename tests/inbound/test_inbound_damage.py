"""Files cut anywhere, with bytes changed or segments out of order, give issues and never an exception."""

from __future__ import annotations

import io
import random
import tracemalloc
from pathlib import Path

import pytest
from reading import read
from test_inbound_fixtures import FILES

from gateway.inbound.remit835 import RemittanceReader
from gateway.x12.reader import Reader, TransactionSet

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


def has_errors(found: dict) -> bool:
    issues = [issue for one in found["sets"] for issue in one["issues"]] + found["issues"]
    return any(issue.startswith("error") for issue in issues)


@pytest.mark.parametrize("path", FILES, ids=lambda path: "-".join(path.parts[-3:]))
def test_cut_at_every_segment(path: Path) -> None:
    """What is left of a file that was cut behind any of its segments is read, and its envelope is found open."""
    data = path.read_bytes()
    terminator = data[105:106]
    segments = data.split(terminator)
    for end in range(1, len(segments) - 1):
        cut = terminator.join(segments[:end]) + terminator
        assert has_errors(read(cut)), f"cut behind segment {end}"


def test_cut_at_random_bytes() -> None:
    """A thousand cuts at random bytes are read without an exception."""
    chance = random.Random(277)
    files = [path.read_bytes() for path in FILES]
    for _ in range(1000):
        data = chance.choice(files)
        read(data[: chance.randrange(len(data))])


def test_random_bytes_changed() -> None:
    """Bytes replaced at random, delimiters too, never raise."""
    chance = random.Random(999)
    files = [path.read_bytes() for path in FILES]
    for _ in range(1000):
        data = bytearray(chance.choice(files))
        for _ in range(chance.randrange(1, 12)):
            data[chance.randrange(len(data))] = chance.choice(b"*:~^0A-.\x00\xff \n9")
        read(bytes(data))


def test_segments_in_any_order() -> None:
    """Segments of a set in any order, doubled or left out, never raise."""
    chance = random.Random(835)
    files = [path.read_text().split("~\n") for path in FILES if path.read_bytes()[105:107] == b"~\n"]
    for _ in range(500):
        segments = list(chance.choice(files))
        head, body, tail = segments[:3], segments[3:-4], segments[-4:]
        chance.shuffle(body)
        body = [segment for segment in body for _ in range(chance.choice((0, 1, 1, 1, 2)))]
        read("~\n".join(head + body + tail).encode())


def test_elements_of_any_number() -> None:
    """Segments without elements and with hundreds of them never raise."""
    chance = random.Random(5010)
    files = [path.read_text().split("~\n") for path in FILES if path.read_bytes()[105:107] == b"~\n"]
    for _ in range(500):
        segments = list(chance.choice(files))
        at = chance.randrange(1, len(segments) - 1)
        parts = segments[at].split("*")
        parts = parts[: chance.randrange(1, len(parts) + 1)] if chance.random() < 0.5 else parts + ["1"] * 300
        segments[at] = "*".join(parts)
        read("~\n".join(segments).encode())


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the public samples do not lie beside the checkout")
@pytest.mark.parametrize("kind", ["999", "277CA", "277", "835", "TA1", "broken"])
def test_public_samples(kind: str) -> None:
    """Every public sample is read without an exception, and every 835, 999 and 277 of them shows its sets."""
    files = sorted((CORPUS / kind).iterdir())
    assert files
    for path in files:
        found = read(path.read_bytes())
        assert found["sets"] or kind == "broken", path.name


def test_memory_holds_one_claim() -> None:
    """A set of many claims is read in the memory of a few: none is held once it is given out."""
    claim = b"CLP*A*1*100*60*40*12*P*11*1~NM1*QC*1*RIVERS*ANNA****MI*M~SVC*HC:99213*100*60**1~CAS*PR*2*40~"
    peaks = []
    for count in (20_000, 60_000):
        reader = Reader(Repeated(HEAD, claim, count))
        opened = next(item for item in reader.items() if isinstance(item, TransactionSet))
        tracemalloc.start()
        remittance = RemittanceReader(opened)
        assert sum(1 for _ in remittance) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert remittance.totals.paid == 6000 * count
    assert peaks[1] < peaks[0] * 1.2


HEAD = (
    b"ISA*00*          *00*          *ZZ*THEM           *ZZ*US             *260202*0910*^*00501*000000905*0*T*:~"
    b"GS*HP*THEM*US*20260202*0910*1*X*005010X221A1~ST*835*0001~BPR*I*1*C*ACH~TRN*1*T*1~LX*1~"
)


class Repeated(io.RawIOBase):
    """A head and one piece of bytes again and again, made while it is read."""

    def __init__(self, head: bytes, piece: bytes, count: int) -> None:
        super().__init__()
        self._left, self._piece, self._count = head, piece, count

    def read(self, size: int = -1) -> bytes:
        while len(self._left) < size and self._count:
            part = min(self._count, 500)
            self._left += self._piece * part
            self._count -= part
        found, self._left = self._left[:size], self._left[size:]
        return found
