"""What a file is shows in its content, whatever its name; archives are opened within limits."""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile

import pytest

from gateway.inbound.route import BadArchive, Content, LimitedStream, Limits, Route, members, route, sniff

ISA = b"ISA*00*          *00*          *ZZ*THEM           *ZZ*US             *260202*0910*^*00501*000000905*0*T*:~"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (ISA, Content.X12),
        (b"\xef\xbb\xbf\r\n" + ISA, Content.X12),
        (b"report header\n" + ISA + b"GS*HP", Content.X12),
        (ISA.replace(b"*", b"\x1d"), Content.X12),
        (b"ISA*00*~", Content.X12),
        (b"GS*HP*A*B*20260101*1200*1*X*005010X221A1~", Content.X12),
        (b"ST*835*0001~BPR*I", Content.X12),
        (b"ISABELLA's list of claims\n", Content.TEXT),
        (b"STATUS REPORT\nall claims accepted\n", Content.TEXT),
        ("Übersicht der Anträge\n".encode() * 20, Content.TEXT),
        (b"<html><body>maintenance</body></html>", Content.TEXT),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", Content.PDF),
        (b"PK\x03\x04rest", Content.ZIP),
        (b"\x1f\x8b\x08rest", Content.GZIP),
        (b"-----BEGIN PGP MESSAGE-----\n\nhQ", Content.ENCRYPTED),
        (b"", Content.EMPTY),
        (b" \r\n\x00\x00", Content.EMPTY),
        (bytes(range(256)) * 4, Content.UNKNOWN),
        ("A report in UTF-16".encode("utf-16"), Content.UNKNOWN),
    ],
)
def test_content_decides(head: bytes, expected: Content) -> None:
    """Each kind of content is told by its first bytes."""
    assert sniff(head) == expected


@pytest.mark.parametrize(
    ("kind", "code", "version", "expected"),
    [
        ("835", "835", "005010X221A1", Route.READ),
        ("835", "835", "004010X091A1", Route.READ),
        ("999", "999", "005010X231A1", Route.READ),
        ("997", "997", "004010", Route.READ),
        ("277CA", "277", "005010X214", Route.READ),
        ("277", "277", "005010X212", Route.READ),
        ("277", "277", "006020X313", Route.PARK),
        ("277", "277", "005010X213", Route.PARK),
        ("824", "824", "005010X186", Route.PARK),
        ("837P", "837", "005010X222A1", Route.IGNORE),
        ("271", "271", "005010X279A1", Route.IGNORE),
        ("850", "850", "003050", Route.IGNORE),
    ],
)
def test_which_sets_are_read(kind: str, code: str, version: str, expected: Route) -> None:
    """Answers and payments are read; what may speak of our claims in an unknown guide waits for a person."""
    assert route(kind, code, version) == expected


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return made.getvalue()


def unpacked(data: bytes, limits: Limits | None = None) -> list[tuple[str, bytes, str]]:
    """Name, content and fault of every member."""
    found = []
    chosen = (limits,) if limits else ()
    for member in members(io.BytesIO(data), sniff(data), len(data), *chosen):
        content = b"".join(iter(lambda stream=member.stream: stream.read(7), b""))
        found.append((member.name, content, member.stream.fault))
    return found


def test_members_of_archives() -> None:
    """Every file of a ZIP, folders left out, and the one of a GZIP."""
    data = zipped(("a.835", b"first"), ("folder/", b""), ("folder/b.999", b"second"))
    assert unpacked(data) == [("a.835", b"first", ""), ("folder/b.999", b"second", "")]
    assert unpacked(gzip.compress(b"alone" * 100)) == [("", b"alone" * 100, "")]


def test_peek_takes_nothing() -> None:
    """What was peeked is read again."""
    member = next(found := members(io.BytesIO(gzip.compress(b"0123456789")), Content.GZIP, 30))
    assert member.stream.peek(4) == b"0123"
    assert member.stream.peek() == b"0123456789"
    assert member.stream.read(3) == b"012"
    assert member.stream.read() == b"3456789"
    assert member.stream.read() == b""
    assert next(found, None) is None


def test_a_bomb_is_cut_off() -> None:
    """What unpacks to far more than it has on disk, or than is allowed, ends early and says so."""
    bomb = gzip.compress(b"\x00" * (64 << 20))
    member = next(_open := members(io.BytesIO(bomb), Content.GZIP, len(bomb)))
    assert read_size(member.stream) < len(bomb) * 250 + (1 << 20)
    assert "tightly" in member.stream.fault
    member = next(_kept := members(io.BytesIO(bomb), Content.GZIP, len(bomb), Limits(size=1000)))
    assert read_size(member.stream) <= 1000
    assert "more bytes" in member.stream.fault


def test_the_size_limit_is_one_for_all_members() -> None:
    """Many small bombs are as bad as a large one: refused whole, before any of them is unpacked."""
    data = zipped(*((f"{number}", b"x" * 400) for number in range(5)), method=zipfile.ZIP_STORED)
    with pytest.raises(BadArchive, match="more bytes"):
        unpacked(data, Limits(size=1000))
    data = zipped(*((f"{number}", bytes(64 << 10)) for number in range(40)))
    with pytest.raises(BadArchive, match="tightly"):
        unpacked(data, Limits(ratio=2))


def read_size(stream: LimitedStream) -> int:
    return sum(map(len, iter(lambda: stream.read(1 << 16), b"")))


def test_too_many_members() -> None:
    """An archive of more files than allowed is not opened at all."""
    data = zipped(*((str(number), b"") for number in range(12)))
    with pytest.raises(BadArchive, match="more than 10"):
        unpacked(data, Limits(members=10))


def test_damaged_archives_never_raise_anything_else() -> None:
    """Cut anywhere or with bytes changed, an archive is read as far as it goes, or refused."""
    whole = zipped(("a", b"first " * 200), ("b", b"second " * 200))
    packed = gzip.compress(b"alone " * 300)
    for data in (whole, packed):
        for end in range(4, len(data), 3):
            try_unpack(data[:end])
        for at in range(4, len(data), 2):
            try_unpack(data[:at] + bytes((data[at] ^ 0x55,)) + data[at + 1 :])


def try_unpack(data: bytes) -> None:
    with contextlib.suppress(BadArchive):
        unpacked(data)
