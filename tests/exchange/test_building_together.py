"""A batch that several processes make is the batch that one makes, from the store to the archive."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

from gateway.app import App
from gateway.claims.samples import sample_claims
from gateway.exchange.building import build
from gateway.exchange.intake import Door, import_file
from gateway.home import Home
from gateway.outbound.workers import Workers

PROFILE = """\
[partner]
usage = "test"
payers = ["*"]

[envelope]
sender = "ZZ:HOUSE"
receiver = "ZZ:PARTNER"
receiver_name = "A PARTNER"

[submitter]
name = "A HOUSE"
id = "HOUSE"
contact = "DESK"
phone = "5555550100"

[folder]
path = "mailbox"

[limits]
claims_per_set = 5
"""


class StillApp(App):
    """An app whose clock stands."""

    def now(self) -> datetime:
        return datetime(2026, 2, 1, 12, tzinfo=UTC)


def built(home: Home, processes: int) -> tuple[list[int], list[bytes]]:
    """Claims and bytes of each batch of what is ready."""
    app = StillApp(home)
    app.__dict__["workers"] = Workers(processes, app.log.warning, fewest=1)
    try:
        made = [one.batch for one in build(app) if one.batch is not None]
        files = []
        for batch in made:
            with app.archive.open(batch.archive_name) as stream:
                files.append(stream.read())
        return [batch.claims for batch in made], files
    finally:
        app.close()


def test_one_process_and_two_build_the_same_file(tmp_path: Path) -> None:
    """Numbers, order and every byte; each claim once."""
    home, _ = Home.create(tmp_path / "one")
    (home.path / "sftp_config" / "house.toml").write_text(PROFILE)
    file = tmp_path / "claims.ndjson"
    file.write_text("".join(json.dumps(claim) + "\n" for claim in sample_claims(30, 1, date(2026, 1, 5))))
    app = StillApp(home)
    import_file(Door.of(app, home.path), file)
    app.close()
    shutil.copytree(home.path, tmp_path / "two")
    alone, together = built(home, 1), built(Home.open(tmp_path / "two"), 2)
    assert alone == together
    assert sum(alone[0]) == 30
