"""What others sent can be taken in, built again and is accepted where the original was: every 837 of the samples."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gateway.app import App
from gateway.exchange.building import build
from gateway.exchange.claim_decisions import release
from gateway.exchange.intake import Door, import_file
from gateway.home import Home
from gateway.judge import JUDGED, judge
from gateway.store.claims import claims_by_id
from gateway.store.stories import claims_listed
from gateway.x12.reader import Reader, TransactionSet

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"
# pyx12 needs minutes for the errors of larger files; those are all among the ones that it does not accept.
LARGEST = 50_000
# A sample may name the guide by another addendum; the claims are those of the one that pyx12 knows.
OTHER_NAMES = {b"005010X222A2": b"005010X222A1", b"005010X223A3": b"005010X223A2"}

PROFILE = """
[partner]
usage = "test"
payers = ["*"]
claim_types = ["professional", "institutional", "dental"]
[envelope]
sender = "ZZ:PRACTICE"
receiver = "ZZ:CLEARINGHOUSE"
receiver_name = "CLEARINGHOUSE"
[submitter]
name = "PRACTICE"
id = "PRACTICE"
contact = "DESK"
phone = "5555550100"
[folder]
path = "mailbox"
"""


def samples() -> list[Path]:
    folders = [CORPUS / kind for kind in ("837P", "837I")]
    return sorted(path for folder in folders if folder.is_dir() for path in folder.iterdir())


def sets_of(data: bytes) -> list[TransactionSet]:
    return [item for item in Reader(io.BytesIO(data)).items() if isinstance(item, TransactionSet)]


def is_accepted(data: bytes) -> bool:
    for other, known in OTHER_NAMES.items():
        data = data.replace(other, known)
    found = sets_of(data)
    return (
        bool(found) and all(one.version == JUDGED.get(one.kind) for one in found) and not list(judge(io.BytesIO(data)))
    )


@pytest.fixture
def app(tmp_path: Path) -> App:
    home, _ = Home.create(tmp_path / "home")
    (home.path / "sftp_config" / "partner.toml").write_text(PROFILE, encoding="utf-8")
    return App(home)


def release_all(app: App, door: Door) -> None:
    """As a biller would who knows that the sample's made-up NPIs are no fault of the claim's form."""
    with app.store.read() as conn:
        held = [row.claim_id for row in claims_listed(conn) if row.stage == "held"]
        claims = claims_by_id(conn, held)
    for claim in claims.values():
        release(door, claim, actor="biller", reason="a sample")


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the public samples do not lie beside the checkout")
@pytest.mark.parametrize("path", samples(), ids=lambda path: path.name)
def test_a_sample_that_pyx12_accepts_is_built_again_and_accepted(path: Path, app: App) -> None:
    """Import, release, build: all its claims are in a batch, and nothing was found wrong with that batch."""
    if path.stat().st_size > LARGEST or not is_accepted(path.read_bytes()):
        pytest.skip("pyx12 does not accept the original")
    try:
        door = Door.of(app, app.home.path)
        tally = import_file(door, path)
        release_all(app, door)
        built = list(build(app))
    finally:
        app.close()
    assert not tally.counts["rejected"]
    assert [problem for one in built for problem in one.problems] == []
    assert sum(one.batch.claims for one in built if one.batch) == tally.records - tally.counts["unchanged"]
