"""A practice's home that has seen everything, made once and copied for each test; and parts to make others of."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cli_run import Gateway

from gateway.claims.samples import sample_claims, write_sample_csv
from gateway.exchange import collection
from gateway.simulator import Scenario, Simulator

DAY = date(2026, 1, 5)
PROFILE = """\
[partner]
usage = "test"
payers = ["*"]

[envelope]
sender = "ZZ:EXAMPLE"
receiver = "ZZ:HOUSE"
receiver_name = "EXAMPLE CLEARINGHOUSE"

[submitter]
name = "EXAMPLE BILLING"
id = "EXAMPLE"
contact = "EDI DESK"
phone = "5555550100"

{place}
[folders]
send = "inbound"
receive = "outbound"
"""


def folder_profile(path: Path | str = "partner") -> str:
    """The profile of a partner behind a folder."""
    return PROFILE.format(place=f'[folder]\npath = "{path}"\n')


def sftp_profile(port: int, user: str, host_keys: list[str], password: str) -> str:
    """The profile of a partner behind SFTP."""
    place = f'[sftp]\nhost = "127.0.0.1"\nport = {port}\nusername = "{user}"\npassword = "{password}"\n'
    return PROFILE.format(place=f"{place}host_keys = {json.dumps(host_keys)}\ntimeout = 10\n")


def claims(count: int = 3, seed: int = 7) -> list[dict[str, Any]]:
    """Invented claims that pass every check."""
    return list(sample_claims(count, seed, DAY))


def write_ndjson(path: Path, documents: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in documents))
    return path


def write_csv(path: Path, documents: list[dict[str, Any]]) -> Path:
    """Claims as the mapping `example` has them."""
    with path.open("w", newline="") as out:
        write_sample_csv(documents, out)
    return path


def new_home(folder: Path, *, partner: bool = True) -> Gateway:
    """An empty home, with a partner behind a folder of it."""
    gateway = Gateway(folder)
    gateway("init")
    if partner:
        for name in ("inbound", "outbound"):
            (folder / "partner" / name).mkdir(parents=True)
        (folder / "sftp_config" / "house.toml").write_text(folder_profile())
    return gateway


def lived_in(folder: Path) -> Gateway:
    """A home with claims of every fate (paid, denied, rejected, held, silent, ready) and files of every kind."""
    gateway = new_home(folder, partner=False)
    simulator = Simulator(folder / "partner", Scenario.shipped("demo"), clock=lambda: datetime.now(UTC))
    profile = folder_profile("partner/example")
    (folder / "sftp_config" / "house.toml").write_text(profile)
    documents = claims(60, 20260302)
    documents[3]["charge"] = "9.99"  # not the sum of its lines
    gateway("claims", "import", write_ndjson(folder / "claims.ndjson", documents), code=1)
    wait, collection.SETTLE_SECONDS = collection.SETTLE_SECONDS, 0.0
    try:
        for _ in range(8):
            gateway("exchange", code=None)
            simulator.work()
            simulator.advance()
        (folder / "partner" / "example" / "outbound" / "report.txt").write_text("YOUR FILES WERE RECEIVED TODAY\n")
        (folder / "partner" / "example" / "outbound" / "rubbish.835").write_bytes(b"\x00\x01\x02" * 50)
        gateway("exchange", code=1)
    finally:
        collection.SETTLE_SECONDS = wait
    gateway("claims", "import", write_ndjson(folder / "more.ndjson", claims(3, 5)))
    gateway("batches", "build")
    gateway("claims", "import", write_ndjson(folder / "ready.ndjson", claims(2, 6)))
    return gateway


def copied(source: Path, target: Path) -> Gateway:
    """A copy of a home, as a person copies a folder."""
    shutil.copytree(source, target)
    return Gateway(target)


def picture(home: Path) -> dict[str, str]:
    """All that a home holds: each row of its store and each file beside it; not SQLite's own, nor the audit trail."""
    found = {}
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        if path.is_file() and not name.startswith(("data/claims.db", "data/locks/")):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    with closing(sqlite3.connect(home / "data" / "claims.db")) as store:
        lines = (line for line in store.iterdump() if not line.startswith('INSERT INTO "audit_entries"'))
        for number, line in enumerate(lines):
            found[f"store:{number}"] = hashlib.sha256(line.encode()).hexdigest()
    return found
