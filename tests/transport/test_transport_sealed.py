"""Sealed archive files: nothing readable on the disk, nothing changed without being noticed, keys that change."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.transport.archive import Archive, ArchiveDamaged, ArchivedFile, ArchiveUnwritable
from gateway.vault import container
from gateway.vault.container import PIECE
from gateway.vault.keys import WRAP_SIZE, Key, Keys, KeyUnusable, new_key, parse_key

AT = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
EDI = b"ISA*00*ZZMARKNAME~\r\n"
OLD, NEW = Key(bytes(range(32))), Key(bytes(range(1, 33)))
HEADER = 20
SIZES = [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 7]


def keys(current: Key | None, *former: Key) -> Keys:
    """Keys by references that lead to them."""
    known = {key.id: key.text() for key in (*former, *([current] if current else []))}
    return Keys(current.id if current else "", [key.id for key in former], known.__getitem__)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """One with a key."""
    return Archive(tmp_path / "archive", keys(OLD))


def again(archive: Archive, current: Key | None, *former: Key) -> Archive:
    """The same folder with other keys."""
    return Archive(archive.root, keys(current, *former))


def content(archive: Archive, kept: ArchivedFile) -> bytes:
    with archive.open(kept.name) as stream:
        return stream.read()


def test_nothing_of_it_can_be_read_on_the_disk(archive: Archive) -> None:
    """Neither the bytes, nor the partner's name of the file, nor the hash of either."""
    kept = archive.keep(EDI * 5, "received", AT, {"partner": "house", "name": "ZZMARKFILE.835"})
    raw = (archive.root / kept.name).read_bytes()
    assert b"ZZMARK" not in raw
    assert b"house" not in raw
    assert bytes.fromhex(kept.sha256) not in raw
    assert content(archive, kept) == EDI * 5
    with archive.open(kept.name) as stream:
        assert stream.header.notes == {"partner": "house", "name": "ZZMARKFILE.835"}


def test_the_form_is_the_one_that_is_written_down(archive: Archive) -> None:
    """A file of today must open for ever: algorithm 1, two places for a wrapped key, pieces with a tag each."""
    kept = archive.keep(bytes(PIECE + 5), "sent", AT)
    raw = (archive.root / kept.name).read_bytes()
    note_length = int.from_bytes(raw[16:20], "big")
    assert raw[:12] == b"\x89GWARC\r\n\x01\x01\x00\x00"
    assert int.from_bytes(raw[12:16], "big") == 2 * WRAP_SIZE
    assert raw[HEADER : HEADER + 8].hex() == OLD.id
    assert raw[HEADER + WRAP_SIZE : HEADER + 2 * WRAP_SIZE] == bytes(WRAP_SIZE)
    assert len(raw) == HEADER + 2 * WRAP_SIZE + note_length + PIECE + 16 + 5 + 16 + 16
    assert raw[-16:] == (PIECE + 5).to_bytes(8, "big") + b"GWEND\r\n\x1a"


def test_a_file_that_was_sealed_by_an_earlier_version_opens(tmp_path: Path) -> None:
    """A file made when the form was decided, byte for byte."""
    archive = Archive(tmp_path, keys(OLD))
    name = "sent/2026/01/" + "5eed" * 8
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_bytes(bytes.fromhex(SEALED_ONCE))
    with archive.open(name) as stream:
        assert stream.read() == b"ISA*00*"
        assert stream.header.notes == {"partner": "house"}


SEALED_ONCE = (
    "8947574152430d0a01010000000000880000006241d2e3e9f1339683d16bf849cc06d8b3dd87f84dddb2c3d1361be043cb92"
    "2c051796083e908506924e984f9bc43b08985e989f91d67caa8a494e858009677b28d3afc1e5000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000008b087239bbfb4e024841f6aa1fdc05110d737e7ebab80615d369e112c5f0d75ba74f40df72624c2bcdfabb0"
    "8be7776b345f6cb5fbd6aee8ee3dab2fb5f71642e7487ccf2727cca00176d53ffdba518d1fea55379bd5bcd52e4232415f18"
    "ba66f63488b1d08ba4ef84b87360f4ea5d07406559adf9718ea6ca00000000000000074757454e440d0a1a"
)


@pytest.mark.parametrize("size", SIZES)
def test_any_part_may_be_read_in_any_order(archive: Archive, size: int) -> None:
    """As from a plain file: forwards, backwards, across pieces, at the end."""
    rng = random.Random(size)
    whole = rng.randbytes(size)
    kept = archive.keep(whole, "sent", AT)
    assert content(archive, kept) == whole
    with archive.open(kept.name) as stream:
        for _ in range(20):
            start, length = rng.randint(0, size), rng.choice([1, 10, 70_000, 300_000])
            assert stream.seek(start) == start
            assert stream.read(length) == whole[start : start + length]


@pytest.mark.parametrize("size", [0, 5, PIECE, 2 * PIECE + 5])
def test_each_changed_byte_is_noticed(archive: Archive, size: int) -> None:
    """Wherever it stands: in the key, the notes, a piece, a tag, the length; and no changed byte is given out."""
    kept = archive.keep(random.Random(size).randbytes(size), "sent", AT)
    path = archive.root / kept.name
    raw = path.read_bytes()
    used = [*range(HEADER), *range(HEADER, HEADER + WRAP_SIZE), *range(HEADER + 2 * WRAP_SIZE, len(raw))]
    reserved = {10, 11}
    for at in {*used[:: max(1, len(used) // 150)], *used[:100], *used[-40:]} - reserved:
        path.write_bytes(raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :])
        with pytest.raises((ArchiveDamaged, KeyUnusable)):
            content(archive, kept)
    path.write_bytes(raw)
    archive.verify(kept.name, kept.sha256)


def _without_last_piece(body: bytes) -> bytes:
    return body[: 2 * (PIECE + 16)]


def _without_first_piece(body: bytes) -> bytes:
    return body[PIECE + 16 :]


def _in_another_order(body: bytes) -> bytes:
    piece = PIECE + 16
    return body[piece : 2 * piece] + body[:piece] + body[2 * piece :]


@pytest.mark.parametrize("damage", [_without_last_piece, _without_first_piece, _in_another_order])
def test_pieces_that_are_missing_or_in_another_order_are_noticed(
    archive: Archive, damage: Callable[[bytes], bytes]
) -> None:
    """Even where who did it wrote the length that fits."""
    kept = archive.keep(bytes(2 * PIECE + 5), "sent", AT)
    path = archive.root / kept.name
    raw = path.read_bytes()
    start = HEADER + 2 * WRAP_SIZE + int.from_bytes(raw[16:20], "big")
    body = damage(raw[start:-16])
    size = len(body) - 16 * -(-len(body) // (PIECE + 16))
    path.write_bytes(raw[:start] + body + size.to_bytes(8, "big") + raw[-8:])
    with pytest.raises(ArchiveDamaged, match="changed"):
        content(archive, kept)


def test_no_file_can_stand_in_for_another(archive: Archive) -> None:
    """A sealed file under the name of another one is damage, not another file."""
    first, second = archive.keep(b"first", "sent", AT), archive.keep(b"other", "sent", AT)
    (archive.root / first.name).write_bytes((archive.root / second.name).read_bytes())
    with pytest.raises(ArchiveDamaged):
        content(archive, first)


def test_without_its_key_a_file_waits(archive: Archive) -> None:
    """It is no damage: the line names the key that is needed, by its id, and where to name it."""
    kept = archive.keep(EDI, "sent", AT)
    for other in (again(archive, None), again(archive, NEW)):
        with pytest.raises(KeyUnusable, match=f"sealed with the key {OLD.id}, which is not known here") as caught:
            other.open(kept.name)
        assert caught.value.exit_code == 2
        assert other.sealed_with(kept.name) == [OLD.id]
    assert content(again(archive, NEW, OLD), kept) == EDI


def test_a_key_that_cannot_be_had_stops_writing_as_a_full_disk_does(archive: Archive) -> None:
    """Nothing is kept in the clear instead, and nothing is left."""
    lost = Archive(archive.root, Keys("file:gone", fetch=lambda _: "not a key"))
    with pytest.raises(ArchiveUnwritable, match="file:gone: this is no key") as caught:
        lost.keep(EDI, "sent", AT)
    assert caught.value.retry == "later"
    assert not archive.root.exists()


def test_plain_files_stay_readable_beside_sealed_ones(archive: Archive) -> None:
    """A home that got its key later reads what it had."""
    old = again(archive, None).keep(EDI, "sent", AT, {"batch": "1"})
    new = archive.keep(EDI, "sent", AT)
    assert content(archive, old) == content(archive, new) == EDI
    assert (archive.sealed_with(old.name), archive.sealed_with(new.name)) == ([], [OLD.id])


@pytest.mark.parametrize("size", SIZES)
def test_sealing_what_was_plain_changes_nothing_of_it(archive: Archive, size: int) -> None:
    """Same name, same bytes, same notes; once only."""
    whole = random.Random(size).randbytes(size)
    kept = again(archive, None).keep(whole, "received", AT, {"name": "ERA.835"})
    assert archive.seal_again(kept.name)
    assert not archive.seal_again(kept.name)
    archive.verify(kept.name, kept.sha256)
    with archive.open(kept.name) as stream:
        assert (stream.header.notes, stream.header.at, stream.size) == ({"name": "ERA.835"}, AT, size)
    assert archive.sealed_with(kept.name) == [OLD.id]
    assert list(archive.unfinished()) == []


def test_a_new_key_opens_all_and_the_old_one_nothing(archive: Archive) -> None:
    """The body stays as it was: only the wrap of its key is another."""
    kept = archive.keep(EDI, "sent", AT)
    path = archive.root / kept.name
    body = path.read_bytes()[HEADER + 2 * WRAP_SIZE :]
    assert again(archive, NEW, OLD).seal_again(kept.name)
    assert path.read_bytes()[HEADER + 2 * WRAP_SIZE :] == body
    assert content(again(archive, NEW), kept) == EDI
    with pytest.raises(KeyUnusable):
        content(archive, kept)
    assert again(archive, OLD, NEW).seal_again(kept.name), "and back again, in the other place"
    assert content(archive, kept) == EDI


class Died(BaseException):
    """Stands in for a kill: no handler of the program sees it."""


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """From a call on, the process is dead at the n-th operation that changes the disk (half of a write is done)."""
    left: list[int] = []
    real = {name: getattr(os, name) for name in ("pwrite", "fsync", "replace", "link")}

    def gone(name: str) -> Callable[..., object]:
        def call(*given: object) -> object:
            if left:
                left[0] -= 1
                if left[0] == 0:
                    if name == "pwrite":
                        real[name](given[0], given[1][: len(given[1]) // 2], given[2])  # type: ignore[index, arg-type]
                    raise Died
            return real[name](*given)

        return call

    for name in real:
        monkeypatch.setattr(os, name, gone(name))

    def begin(number: int) -> None:
        left[:] = [number]

    yield begin


@pytest.mark.parametrize("was", ["plain", "sealed"])
def test_a_change_of_keys_may_die_anywhere(archive: Archive, dying: Callable[[int], None], was: str) -> None:
    """Whatever the moment, the file is readable with the two keys, and changing again completes it."""
    changing = again(archive, NEW, OLD)
    source = archive if was == "sealed" else again(archive, None)
    deaths = 0
    for number in range(1, 20):
        kept = source.keep(EDI * 100, "sent", AT)
        dying(number)
        try:
            changing.seal_again(kept.name)
        except Died:
            deaths += 1
        dying(10_000)
        changing.verify(kept.name, kept.sha256)
        changing.seal_again(kept.name)
        assert changing.sealed_with(kept.name) == [NEW.id]
        again(archive, NEW).verify(kept.name, kept.sha256)
    assert deaths >= 2


def test_links_are_not_followed(archive: Archive, tmp_path: Path) -> None:
    """Neither a file nor a folder of the archive leads elsewhere; the archive itself may be a link to another disk."""
    kept = archive.keep(EDI, "sent", AT)
    path = archive.root / kept.name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArchiveDamaged, match="links are not followed"):
        archive.open(kept.name)
    (tmp_path / "received").mkdir()
    (archive.root / "received").symlink_to(tmp_path / "received")
    with pytest.raises(ArchiveUnwritable, match="is a link"):
        archive.keep(EDI, "received", AT)
    assert list((tmp_path / "received").iterdir()) == []
    (tmp_path / "mounted").symlink_to(archive.root)
    mounted = Archive(tmp_path / "mounted", archive.keys)
    mounted.verify(mounted.keep(EDI, "sent", AT).name, kept.sha256)


@pytest.mark.parametrize(
    "text", ["", "short", "x" * 44, "é" * 44, "AAAA", Key(bytes(31)).text(), Key(bytes(33)).text()]
)
def test_what_is_no_key_is_said_without_it(text: str) -> None:
    """The line names the place, never what stands there."""
    with pytest.raises(KeyUnusable) as caught:
        parse_key(text, "file:a")
    assert str(caught.value).startswith("file:a: this is no key")
    assert not text or text not in str(caught.value)


def test_a_key_shows_itself_to_nobody() -> None:
    """Not in repr, and its id is no part of it; every new one is another."""
    key = new_key()
    assert key.text() not in repr(key)
    assert key.material.hex() not in repr(key)
    assert key.id not in key.material.hex()
    assert parse_key(f" {key.text()}\n", "x") == key
    assert new_key() != key


def test_former_keys_are_fetched_only_when_needed(tmp_path: Path) -> None:
    """A command that gives a key may take seconds, or ask a person."""
    fetched: list[str] = []

    def fetch(reference: str) -> str:
        fetched.append(reference)
        return {"old": OLD, "new": NEW}[reference].text()

    archive = Archive(tmp_path, Keys("new", ["old"], fetch))
    assert list(archive.names()) == []
    assert fetched == []
    kept = [archive.keep(EDI, "sent", AT) for _ in range(3)]
    assert content(archive, kept[0]) == EDI
    assert fetched == ["new"]


def test_the_parts_of_the_form_fit_together() -> None:
    """Both wraps lie in the first 512 bytes: what a disk writes as one."""
    assert container._HEADER.size == HEADER
    assert HEADER + 2 * WRAP_SIZE <= 512
