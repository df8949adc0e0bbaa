"""A partner who wants OpenPGP: sealed on the wire, both forms in the archive, the same bytes each time."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from gpg_keys import KeyMaker, Pair
from practice import Partner, Practice, in_a_folder

from gateway.errors import UsageError
from gateway.exchange import sealing
from gateway.store import Connection
from gateway.store.sealed import SealedRow, keep_sealed
from gateway.transport.folder import FolderTransport
from gateway.transport.pgp import Keys, looks_sealed, seal, unseal
from gateway.transport.port import Unreachable

pytestmark = pytest.mark.usefixtures("quick")
PGP = """[pgp]
encrypt_to = "file:keys/theirs.asc"
verify_with = "file:keys/theirs.asc"
sign_with = "file:keys/ours.asc"
decrypt_with = "file:keys/ours.asc"
passphrase = "file:keys/passphrase"

[limits]"""


@pytest.fixture
def partner(practice: Practice, tmp_path: Path, ours: Pair, theirs: Pair) -> Partner:
    """A clearinghouse in a folder; what it takes and puts out there is sealed and opened by `Wire`."""
    for name, text in (("ours.asc", ours.secret), ("theirs.asc", theirs.public), ("passphrase", "open sesame\n")):
        (practice.home / "keys" / name).write_text(text)
        (practice.home / "keys" / name).chmod(0o600)
    return practice.partner(in_a_folder(tmp_path / "partner", changes={"[limits]": PGP}))


class Wire:
    """The partner's own gpg, between his mailbox and his system."""

    def __init__(self, partner: Partner, ours: Pair, theirs: Pair) -> None:
        self.inbound, self.outbound = partner.simulator.inbound, partner.simulator.outbound
        self.opening = Keys(decrypt_with=theirs.secret, verify_with=ours.public)
        self.sealing = Keys(encrypt_to=ours.public, sign_with=theirs.secret, armor=False)
        self.seen: list[bytes] = []
        self.sealed: set[str] = set()

    def work(self, partner: Partner) -> None:
        for path in self.inbound.iterdir():
            wire, clear = path.read_bytes(), io.BytesIO()
            self.seen.append(wire)
            unseal(self.opening, io.BytesIO(wire), clear)
            path.write_bytes(clear.getvalue())
        partner.work()
        for path in self.outbound.iterdir():
            if path.name not in self.sealed:
                self.sealed.add(path.name)
                path.write_bytes(self.seal(path.read_bytes(), self.sealing))

    @staticmethod
    def seal(clear: bytes, keys: Keys) -> bytes:
        sink = io.BytesIO()
        seal(keys, io.BytesIO(clear), sink)
        return sink.getvalue()


def test_the_whole_way_sealed(practice: Practice, partner: Partner, ours: Pair, theirs: Pair) -> None:
    """Claims are sent, accepted and paid; nothing in the clear is ever in the mailbox when we leave it; all agrees."""
    wire = Wire(partner, ours, theirs)
    numbers = practice.take_in(3)
    for _ in range(4):
        practice.gateway("exchange")
        wire.work(partner)
    practice.gateway("exchange")
    assert wire.seen
    assert all(sent.startswith(b"-----BEGIN PGP MESSAGE-----") for sent in wire.seen)
    assert partner.received_claims() == sorted(numbers)
    assert set(practice.states().values()) == {"paid"}
    practice.check()
    before = practice.rows()
    for file in practice.json("inbound", "list"):
        practice.gateway("inbound", "reprocess", file["id"])
    assert practice.rows() == before
    practice.gateway("doctor", "--offline")


def test_the_key_may_be_lost_afterwards(practice: Practice, partner: Partner, ours: Pair, theirs: Pair) -> None:
    """What was exchanged stands in the clear in the archive, so it can be read again without any key."""
    wire = Wire(partner, ours, theirs)
    practice.take_in(2)
    for _ in range(4):
        practice.gateway("exchange")
        wire.work(partner)
    for name in ("ours.asc", "theirs.asc", "passphrase"):
        (practice.home / "keys" / name).unlink()
    for file in practice.json("inbound", "list"):
        practice.gateway("inbound", "reprocess", file["id"])
    practice.check()


def test_a_second_attempt_sends_the_same_bytes(
    practice: Practice, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealing again would give other bytes; what failed on the way goes again as it was."""
    written: list[bytes] = []
    write = FolderTransport.write_temp

    def lost(self: FolderTransport, folder: str, name: str, source: Any, size: int, progress: Any = None) -> int:
        written.append(source.read())
        source.seek(0)
        if len(written) == 1:
            raise Unreachable("the connection is lost")
        return write(self, folder, name, source, size, progress)

    monkeypatch.setattr(FolderTransport, "write_temp", lost)
    practice.take_in(1)
    practice.gateway("exchange", code=3)
    practice.gateway("exchange")
    assert len(written) == 2
    assert written[0] == written[1]
    (sent,) = partner.simulator.inbound.iterdir()
    assert sent.read_bytes() == written[0]
    practice.check()


@pytest.mark.parametrize("form", ["unsigned", "stranger", "clear", "for another", "cut"])
def test_what_cannot_be_trusted_is_quarantined(
    practice: Practice, partner: Partner, ours: Pair, theirs: Pair, stranger: Pair, form: str
) -> None:
    """Kept as it came, one clear line, nothing posted; a text report in the clear is kept and ignored."""
    clear = (
        b"ISA*00*          *00*          *ZZ*HOUSE          *ZZ*EXAMPLE        *260105*1200*^*00501*000000001*0*T*:~"
    )
    made = {
        "unsigned": lambda: Wire.seal(clear, Keys(encrypt_to=ours.public)),
        "stranger": lambda: Wire.seal(clear, Keys(encrypt_to=ours.public, sign_with=stranger.secret)),
        "clear": lambda: clear,
        "for another": lambda: Wire.seal(clear, Keys(encrypt_to=stranger.public, sign_with=theirs.secret)),
        "cut": lambda: Wire.seal(clear, Keys(encrypt_to=ours.public, sign_with=theirs.secret, armor=False))[:-40],
    }
    (partner.simulator.outbound / "answer.pgp").write_bytes(made[form]())
    (partner.simulator.outbound / "report.txt").write_text("YOUR FILES WERE RECEIVED\n")
    practice.gateway("exchange", code=1)
    status = {file["file"]: file["status"] for file in practice.json("inbound", "list")}
    assert status == {"answer.pgp": "quarantined", "report.txt": "ignored"}
    reasons = " ".join(file["reason"] for file in practice.json("inbound", "list"))
    assert "signed" in reasons or "sealed and cannot be opened" in reasons
    practice.check()


def test_a_death_before_the_row_costs_nothing(
    practice: Practice, partner: Partner, ours: Pair, theirs: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each way: the bytes are archived, the process dies, the next run makes them anew; all checks hold."""
    deaths: list[SealedRow] = []

    def die_once(conn: Connection, row: SealedRow) -> None:
        if len(deaths) < 1 or (len(deaths) < 2 and row.wire_name.startswith("received/")):
            deaths.append(row)
            raise UsageError("the process died")
        keep_sealed(conn, row)

    monkeypatch.setattr(sealing, "keep_sealed", die_once)
    wire = Wire(partner, ours, theirs)
    numbers = practice.take_in(2)
    for _ in range(6):
        practice.gateway("exchange", code=None)
        practice.check()
        wire.work(partner)
    assert len(deaths) == 2
    assert partner.received_claims() == sorted(numbers)
    assert set(practice.states().values()) == {"paid"}


def test_what_came_sealed_can_be_had_in_the_clear(
    practice: Practice, partner: Partner, ours: Pair, theirs: Pair
) -> None:
    """`inbound export` gives what crossed the wire, `--opened` what was read."""
    wire = Wire(partner, ours, theirs)
    practice.take_in(1)
    practice.gateway("exchange")
    wire.work(partner)
    practice.gateway("exchange")
    target = practice.home / "out"
    practice.gateway("inbound", "export", "1", str(target))
    assert looks_sealed(target.read_bytes()[:64])
    practice.gateway("inbound", "export", "1", "--opened", str(target.with_suffix(".clear")))
    assert target.with_suffix(".clear").read_bytes().startswith(b"ISA")


def test_a_key_that_ended_is_told_and_nothing_is_lost(
    practice: Practice, partner: Partner, key_maker: KeyMaker
) -> None:
    """The batch waits, the doctor says which key; with a new one it goes."""
    good = (practice.home / "keys" / "theirs.asc").read_text()
    (practice.home / "keys" / "theirs.asc").write_text(key_maker.make("ended", made="20200101", expires="1d").public)
    practice.take_in(1)
    ran = practice.gateway("exchange", code=2)
    assert "[pgp]: gpg cannot sign and encrypt" in ran.err
    assert list(partner.simulator.inbound.iterdir()) == []
    assert [batch["state"] for batch in practice.batches()] == ["built"]
    assert "the key of [pgp] encrypt_to ended on 2020-01-02" in practice.gateway("doctor", "--offline", code=2).out
    (practice.home / "keys" / "theirs.asc").write_text(good)
    practice.gateway("exchange")
    assert [batch["state"] for batch in practice.batches()] == ["sent"]


def test_a_key_that_is_missing_keeps_files_waiting(
    practice: Practice, partner: Partner, ours: Pair, theirs: Pair
) -> None:
    """It is configuration, not the file's fault: the file is not quarantined, and is read once the key is there."""
    wire = Wire(partner, ours, theirs)
    practice.take_in(1)
    practice.gateway("exchange")
    wire.work(partner)
    key = practice.home / "keys" / "ours.asc"
    kept = key.read_text()
    key.unlink()
    assert "file:keys/ours.asc: cannot be read" in practice.gateway("exchange", code=2).err
    assert {file["status"] for file in practice.json("inbound", "list")} == {"received"}
    key.write_text(kept)
    practice.gateway("exchange")
    assert {file["status"] for file in practice.json("inbound", "list")} == {"processed"}
