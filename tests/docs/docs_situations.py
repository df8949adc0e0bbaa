"""Homes in which something has gone wrong, as the runbooks meet them: a practice, its clearinghouse, some claims."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.cli import run
from gateway.simulator import (
    Faults,
    InterchangeVerdict,
    Match,
    Outcome,
    Rule,
    Scenario,
    SetVerdict,
    Simulator,
    StatusVerdict,
    Stray,
)

PROFILE = """\
[partner]
usage = "test"
payers = ["*"]
claim_types = ["professional"]

[envelope]
sender = "ZZ:LAKEVIEW"
receiver = "ZZ:TESTHOUSE"
receiver_name = "TEST CLEARINGHOUSE"

[submitter]
name = "LAKEVIEW FAMILY MEDICINE"
id = "LAKEVIEW"
contact = "EDI DESK"
phone = "5555550100"

[sftp]
host = "127.0.0.1"
port = {port}
username = "example"
password = "file:keys/testhouse_password"
host_keys = ["{host_key}"]
timeout = 5

[folders]
send = "inbound"
receive = "outbound"

[delivery]
partner_takes_files = {takes_files}

[limits]
claims_per_set = {claims_per_set}
"""

PATIENTS = (
    ("Oakshott", "Greta", "F", "1980-04-01"),
    ("Bramley", "Amos", "M", "1975-09-12"),
    ("Ellerby", "Cora", "F", "1962-12-30"),
)


def claim(number: int, **changes: Any) -> dict[str, Any]:
    """An invented claim, VISIT-1001 and on; only what an office visit needs."""
    last, first, gender, born = PATIENTS[(number - 1) % len(PATIENTS)]
    day = (datetime.now(UTC) - timedelta(days=20)).date().isoformat()
    made = {
        "type": "professional",
        "patient_control_number": f"VISIT-{1000 + number}",
        "charge": "185.00",
        "place_of_service": "11",
        "billing_provider": {
            "organization": "Lakeview Family Medicine",
            "npi": "1999000007",
            "tax_id": "900123456",
            "taxonomy": "207Q00000X",
            "address": {"line1": "100 Lakeview Plaza", "city": "Easthaven", "state": "NY", "postal_code": "109991234"},
        },
        "payer": {"id": "99001", "name": "Evergreen Health Plan"},
        "subscriber": {
            "filing_indicator": "CI",
            "member_id": f"EX00000000{number}",
            "last_name": last,
            "first_name": first,
            "birth_date": born,
            "gender": gender,
            "address": {"line1": "4 Mill Lane", "city": "Easthaven", "state": "NY", "postal_code": "10999"},
        },
        "diagnoses": [{"code": "J45.909"}],
        "lines": [
            {
                "procedure": {"code": "99214"},
                "charge": "185.00",
                "service_date": day,
                "diagnosis_pointers": ["1"],
            }
        ],
    }
    return made | changes


class Desk:
    """A home with a partner behind a real SFTP server, and what the partner can be made to do."""

    def __init__(
        self, folder: Path, scenario: Scenario, *, takes_files: bool = True, claims_per_set: int = 1000
    ) -> None:
        self.home = folder / "practice"
        self.simulator = Simulator(folder / "clearinghouse", scenario, clock=lambda: datetime.now(UTC))
        self.simulator.start()
        self.gateway("init", str(self.home))
        self.takes_files, self.claims_per_set = takes_files, claims_per_set
        self.write_profile()
        (self.home / "keys" / "testhouse_password").write_text("example-password\n")
        (self.home / "keys" / "testhouse_password").chmod(0o600)

    def write_profile(self) -> None:
        text = PROFILE.format(
            port=self.simulator.port,
            host_key=self.simulator.host_key_line,
            takes_files=str(self.takes_files).lower(),
            claims_per_set=self.claims_per_set,
        )
        (self.home / "sftp_config" / "testhouse.toml").write_text(text)

    def close(self) -> None:
        self.simulator.faults = Faults()
        self.simulator.stop()

    def gateway(self, *arguments: str) -> int:
        """Runs one command in the home, its words put aside."""
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            try:
                return run(["--home", str(self.home), *arguments])
            except SystemExit as ended:
                return int(ended.code or 0)

    def take_in(self, claims: Sequence[dict[str, Any]], name: str = "visits.ndjson") -> None:
        """Imports claims."""
        file = self.home / name
        file.write_text("".join(json.dumps(one) + "\n" for one in claims))
        self.gateway("claims", "import", str(file))

    def exchange(self, times: int = 1) -> None:
        """Rounds of the exchange with the partner at work in between."""
        for _ in range(times):
            self.gateway("exchange")
            self.partner_works()

    def said(self, *arguments: str) -> str:
        """What one command says."""
        words = io.StringIO()
        with redirect_stdout(words), redirect_stderr(words), suppress(SystemExit):
            run(["--home", str(self.home), *arguments])
        return words.getvalue()

    # What `<!-- then: … -->` may call.

    def lists_the_new_key(self) -> None:
        """The key that the partner shows stands in the profile beside the old one."""
        (new,) = re.findall(r"host_keys: (ssh-ed25519 \S+)", self.said("partners", "check", "testhouse"))
        profile = self.home / "sftp_config" / "testhouse.toml"
        profile.write_text(profile.read_text().replace('host_keys = ["', f'host_keys = ["{new}", "'))

    def partner_works(self) -> None:
        """The partner takes what lies there and answers."""
        self.simulator.work()
        self.simulator.advance()

    def partner_mends(self) -> None:
        """Whatever was wrong on the partner's side is well again."""
        self.simulator.faults = Faults()

    def partner_keeps_files(self) -> None:
        """The profile says that the partner leaves files in the folder."""
        self.takes_files = False
        self.write_profile()


Situation = Callable[[Path], Desk]


def _accepting() -> Scenario:
    return Scenario()


def in_trouble(folder: Path, *rules: Rule, claims: int = 3, rounds: int = 2, **options: Any) -> Desk:
    """Some claims were exchanged with a partner who follows these rules."""
    desk = Desk(folder, Scenario(rules=rules), **options)
    desk.take_in([claim(number + 1) for number in range(claims)])
    desk.exchange(rounds)
    return desk


def practice(folder: Path) -> Desk:
    """Nothing has gone wrong; nothing was imported."""
    return Desk(folder, _accepting())


def empty_home(folder: Path) -> Desk:
    """A home as `init` makes it, with a claim to take in."""
    desk = Desk(folder, _accepting())
    for file in (desk.home / "sftp_config" / "testhouse.toml", desk.home / "keys" / "testhouse_password"):
        file.unlink()
    (desk.home / "claim.json").write_text(json.dumps(claim(1)))
    return desk


def paid(folder: Path) -> Desk:
    """Three claims were sent, accepted and paid."""
    return in_trouble(folder)


def rejected_ta1(folder: Path) -> Desk:
    refused = InterchangeVerdict("R", "009")  # the receiver's id
    return in_trouble(folder, Rule("refused", Match(file=(1,)), ta1=refused))


def rejected_999(folder: Path) -> Desk:
    refused = Rule("refused", Match(set=(1,), position=(1,)), ack=SetVerdict("reject"))
    return in_trouble(folder, refused, claims_per_set=2)


def rejected_277ca(folder: Path) -> Desk:
    refused = StatusVerdict("reject", category="A7", status="164", entity="IL")
    desk = in_trouble(folder, Rule("refused", Match(claim="VISIT-1002"), clearinghouse=refused))
    corrected = claim(2)
    corrected["subscriber"] = corrected["subscriber"] | {"member_id": "EX000000902"}
    (desk.home / "corrected.json").write_text(json.dumps(corrected))
    return desk


def denied(folder: Path) -> Desk:
    """One claim was rejected before anybody decided on it, two were denied."""
    refused = StatusVerdict("reject", category="A7", status="164", entity="IL")
    rules = (
        Rule("refused", Match(claim="VISIT-1002"), clearinghouse=refused),
        Rule("data", Match(claim="VISIT-1001"), remittance=Outcome("deny", reason="16", remarks=("N290",))),
        Rule("necessity", Match(claim="VISIT-1003"), remittance=Outcome("deny", reason="50")),
    )
    desk = Desk(folder, Scenario(rules=rules))
    desk.take_in([claim(1, charge="240.00", lines=[{**claim(1)["lines"][0], "charge": "240.00"}]), claim(2), claim(3)])
    desk.exchange(2)
    corrected = claim(1, diagnoses=[{"code": "J45.901"}])
    (desk.home / "corrected.json").write_text(json.dumps(corrected))
    return desk


def unknown_delivery(folder: Path) -> Desk:
    """The connection broke at the rename, and the partner takes files as soon as they have their name."""
    desk = Desk(folder, _accepting())
    desk.simulator.faults = Faults(takes="at once", drop_at="rename", drop_when="after", times=1)
    desk.take_in([claim(1), claim(2)])
    return desk


def never_arrived(folder: Path) -> Desk:
    """The connection broke before the rename was done, and the partner is one who takes files as they come."""
    desk = Desk(folder, _accepting())
    desk.simulator.faults = Faults(takes="any name", drop_at="rename", drop_when="before", times=1)
    desk.take_in([claim(1), claim(2)])
    return desk


def lost_delivery(folder: Path) -> Desk:
    """The connection broke before the rename was done, and the partner leaves files where they are."""
    desk = Desk(folder, _accepting(), takes_files=False)
    desk.simulator.faults = Faults(drop_at="rename", drop_when="before", times=1)
    desk.take_in([claim(1), claim(2)])
    return desk


def failed_delivery(folder: Path) -> Desk:
    desk = Desk(folder, _accepting())
    desk.simulator.faults = Faults(disk_full_after=0)
    desk.take_in([claim(1), claim(2)])
    return desk


def parked_remittance(folder: Path) -> Desk:
    wrong = Rule("wrong sum", Match(index=(1,)), remittance=Outcome("pay", unbalanced="payment"))
    desk = Desk(folder, Scenario(rules=(wrong,)))
    desk.take_in([claim(1), claim(2)])
    desk.exchange(1)
    desk.gateway("inbound", "fetch")
    return desk


def unmatched_remittance(folder: Path) -> Desk:
    stray = Stray("claim", control_number="OFFICE-77")
    desk = Desk(folder, Scenario(strays=(stray,)))
    desk.take_in([claim(1), claim(2)])
    desk.exchange(1)
    desk.take_in([claim(3)], "by_hand.ndjson")
    desk.gateway("inbound", "fetch")
    return desk


def quarantined_file(folder: Path) -> Desk:
    desk = paid(folder)
    (desk.simulator.outbound / "remit_0112.835").write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 4)
    (desk.simulator.outbound / "remit_0113.835").write_bytes(_cut(desk.simulator.outbound))
    return desk


def _cut(outbound: Path) -> bytes:
    """Half of a payment that the partner had put out, as a broken upload leaves it."""
    whole = next(path for path in sorted(outbound.iterdir()) if path.suffix == ".835").read_bytes()
    return whole.replace(b"EFT", b"EFX")[: len(whole) // 2]


def host_key_changed(folder: Path) -> Desk:
    desk = paid(folder)
    desk.take_in([claim(4)], "more.ndjson")
    desk.simulator.faults = Faults(wrong_host_key=True)
    return desk


def credentials_refused(folder: Path) -> Desk:
    desk = paid(folder)
    desk.take_in([claim(4)], "more.ndjson")
    desk.simulator.faults = Faults(refuse_login=True)
    return desk


def held_claims(folder: Path) -> Desk:
    desk = Desk(folder, _accepting())
    wrong = claim(1, charge="195.00")
    box = claim(2)
    box["billing_provider"] = box["billing_provider"] | {
        "address": {"line1": "PO Box 12", "city": "Easthaven", "state": "NY", "postal_code": "109991234"}
    }
    file = desk.home / "visits.ndjson"
    file.write_text("".join(json.dumps(one) + "\n" for one in (wrong, box, claim(3))))
    (desk.home / "corrected.json").write_text(json.dumps(claim(1)))
    return desk


def moving(folder: Path) -> Desk:
    """A former system sent a file and has its number; the answers to it lie in the mailbox, which both read."""
    former = Desk(folder / "former", _accepting())
    former.take_in([claim(1), claim(2), claim(3)])
    former.gateway("partners", "numbers", "testhouse", "--set-interchange", "4710", "--set-group", "880")
    former.gateway("batches", "build")
    desk = Desk(folder / "new", _accepting())
    former.gateway("batches", "export", "1", str(desk.home / "old_0611.837"))
    former.exchange(1)
    for answer in former.simulator.outbound.iterdir():
        (desk.simulator.outbound / answer.name).write_bytes(answer.read_bytes())
    former.close()
    return desk


def store_lost(folder: Path) -> Desk:
    """A backup was made, more was sent, then the store's file was lost."""
    desk = paid(folder)
    desk.gateway("store", "backup", str(desk.home / "monday.db"))
    desk.take_in([claim(4)], "more.ndjson")
    desk.exchange(2)
    for file in (desk.home / "data").glob("claims.db*"):
        file.unlink()
    return desk


SITUATIONS: dict[str, Situation] = {
    one.__name__: one
    for one in (
        practice,
        empty_home,
        paid,
        rejected_ta1,
        rejected_999,
        rejected_277ca,
        denied,
        unknown_delivery,
        never_arrived,
        lost_delivery,
        failed_delivery,
        parked_remittance,
        unmatched_remittance,
        quarantined_file,
        host_key_changed,
        credentials_refused,
        held_claims,
        moving,
        store_lost,
    )
}


@contextmanager
def situation(name: str, folder: Path) -> Iterator[Desk]:
    """The situation of that name in a fresh folder; its partner is stopped afterwards."""
    folder.mkdir()
    desk = SITUATIONS[name](folder)
    try:
        yield desk
    finally:
        desk.close()
