"""The demo: a home, invented claims, and the clearinghouse simulator on a loopback port, from import to report.

The simulator keeps books of its own. At the end both sides are compared: what the payers say they paid and denied must
be what the gateway says it was told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from gateway.app import App
from gateway.claims.samples import sample_claims, write_sample_csv
from gateway.errors import UsageError
from gateway.exchange.intake import Door, Tally, import_file
from gateway.exchange.reporting import reconciliation
from gateway.exchange.rounds import Round, exchange
from gateway.home import Home, write_new
from gateway.reports.reconciliation import Reconciliation
from gateway.simulator.scenario import Scenario
from gateway.simulator.simulator import Simulator
from gateway.store.reporting import Filters

SEED = 20260302
CLAIMS = 210  # by JSON; another PER_CSV come in a practice system's CSV export
PER_CSV = 40
ROUNDS = 12

Tell = Callable[[str], None]

PROFILE = """\
# The clearinghouse simulator of `gateway demo`.
[partner]
usage = "test"
payers = ["*"]
claim_types = ["professional"]

[envelope]
sender = "ZZ:DEMOPRACTICE"
receiver = "ZZ:SIMULATOR"
receiver_name = "CLEARINGHOUSE SIMULATOR"

[submitter]
name = "DEMO BILLING OFFICE"
id = "DEMOPRACTICE"
contact = "EDI DESK"
phone = "5555550100"

[sftp]
host = "127.0.0.1"
port = {port}
username = "{username}"
password = "file:keys/simulator_password"
host_keys = ["{host_key}"]

[folders]
send = "inbound"
receive = "outbound"

[delivery]
second_opinion = true

[limits]
claims_per_set = 60
claims_per_file = 1000
"""


def make_home(folder: Path) -> Home:
    """A fresh home for the demo; UsageError where the folder is in use."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: is not empty; the demo makes a home of its own and overwrites nothing")
    home, _ = Home.create(folder)
    return home


@contextmanager
def clearinghouse(app: App, root: Path) -> Iterator[Simulator]:
    """The simulator on a free loopback port, and the home's profile for it."""
    simulator = Simulator(root, Scenario.shipped("demo"), clock=app.now, password="demo-password")  # noqa: S106 - loopback only
    with simulator:
        profile = PROFILE.format(port=simulator.port, username=simulator.username, host_key=simulator.host_key_line)
        write_new(app.home.path / "sftp_config" / "simulator.toml", profile)
        write_new(app.home.path / "keys" / "simulator_password", simulator.password)
        yield simulator


def write_claims(folder: Path, today: date, count: int = CLAIMS) -> list[tuple[Path, str | None]]:
    """Invented claims as files: NDJSON with two that our own checks must hold, and a CSV export; with its mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    start = today - timedelta(days=45)
    claims = list(sample_claims(count + PER_CSV, SEED, start))
    by_json, by_csv = claims[:count], claims[count:]
    by_json[3]["charge"] = f"{Decimal(by_json[3]['charge']) + 10:.2f}"  # not the sum of its lines
    by_json[7]["billing_provider"] = {**by_json[7]["billing_provider"], "npi": "1234567890"}  # a wrong check digit
    first, second = folder / "claims.ndjson", folder / "claims.csv"
    first.write_text("".join(json.dumps(claim) + "\n" for claim in by_json), encoding="utf-8")
    with second.open("w", encoding="utf-8", newline="") as out:
        write_sample_csv(by_csv, out)
    return [(first, None), (second, "example")]


def take_in(app: App, files: list[tuple[Path, str | None]]) -> list[Tally]:
    """Imports the files."""
    door = Door.of(app, app.home.path)
    return [import_file(door, path, mapping_name=mapping) for path, mapping in files]


def run_rounds(app: App, simulator: Simulator, tell: Tell) -> list[Round]:
    """Exchanges and lets the other side work, until nothing more is to come."""
    rounds = []
    for number in range(1, ROUNDS + 1):
        done = exchange(app)
        rounds.append(done)
        tell(_round_line(number, done))
        answers = simulator.work()
        if not answers and not simulator.pending():
            break
        simulator.advance()
    return rounds


def _round_line(number: int, done: Round) -> str:
    sent = [one.batch for one in done.delivered if one.batch.state == "sent"]
    kinds: dict[str, int] = {}
    for document in done.processed:
        for one in document["transactions"]:
            kinds[one["kind"]] = kinds.get(one["kind"], 0) + 1
    parts = []
    if sent:
        parts.append(f"sent {sum(batch.claims for batch in sent)} claims in {len(sent)} file")
    if kinds:
        parts.append("received " + ", ".join(f"{count} × {kind}" for kind, count in sorted(kinds.items())))
    return f"  round {number}: " + ("; ".join(parts) or "nothing new")


def compare(report: Reconciliation, simulator: Simulator) -> list[tuple[str, str, str]]:
    """What the payers' books say and what ours say: (what, theirs, ours); equal where all is well."""
    told, money, paid = simulator.totals(), report.document()["money"], report.document()["remittances"]
    rows: list[tuple[str, Any, Any]] = [
        ("payments (BPR02)", f"{told.payment:.2f}", paid["payment"]),
        ("provider adjustments (PLB)", f"{told.provider_adjustments:.2f}", paid["provider_adjustments"]),
        ("paid on claims", f"{told.sum('paid'):.2f}", money["paid"]),
        ("patient responsibility", f"{told.sum('patient_responsibility'):.2f}", money["patient_responsibility"]),
        ("contractual", f"{told.sum('contractual'):.2f}", money["contractual"]),
        ("denied", f"{told.sum('denied'):.2f}", money["denied"]),
        ("remittances", str(told.remittances), str(paid["count"])),
    ]
    rejected = ("rejected_ta1", "rejected_999", "rejected_clearinghouse", "rejected_payer")
    rows.append(("claims rejected", str(told.count(*rejected)), str(report.totals.counts["rejected"])))
    return rows


def final_report(app: App) -> Reconciliation:
    """The reconciliation report of the demo's home."""
    return reconciliation(app, Filters())
