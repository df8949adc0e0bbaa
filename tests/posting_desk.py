"""A desk for the tests of answers and payments: claims that were sent, files that come in, and where claims stand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gateway.app import App
from gateway.exchange.process import import_files, process_file
from gateway.home import Home
from gateway.partners import Profile, load_profile
from gateway.reconcile.projection import rebuild, refresh
from gateway.store import Store, stamp
from gateway.store.batches import NewBatch, NewSet, mark_built, record_already_sent, reserve, set_state
from gateway.store.claims import NewClaim, NewVersion, add_claims, add_versions
from gateway.store.tables import claim_current, claims, events, inbound_files, inbound_sets

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
US, THEM = "SUBMITTER", "CLEARHOUSE"
NPI = "1234567893"
PROFILE = """
[partner]
usage = "test"
payers = ["*"]
[envelope]
sender = "ZZ:SUBMITTER"
receiver = "ZZ:CLEARHOUSE"
receiver_name = "CLEAR HOUSE"
[submitter]
name = "EXAMPLE BILLING"
id = "SUBMITTER"
contact = "EDI DESK"
phone = "5555550100"
[folder]
path = "mailbox"
"""


_KINDS = {
    "999": ("999", "FA", "005010X231A1"),
    "277CA": ("277", "HN", "005010X214"),
    "277": ("277", "HN", "005010X212"),
    "835": ("835", "HP", "005010X221A1"),
    "837P": ("837", "HC", "005010X222A1"),
}  # ST01, GS01, GS08


def isa(sender: str, receiver: str, number: int, *, date: str = "260202", usage: str = "T") -> str:
    gap = " " * 10
    return f"ISA*00*{gap}*00*{gap}*ZZ*{sender:15}*ZZ*{receiver:15}*{date}*0910*^*00501*{number:09}*0*{usage}*:~"


def interchange(
    kind: str,
    number: int,
    *bodies: str,
    sender: str = THEM,
    receiver: str = US,
    date: str = "260202",
    usage: str = "T",
) -> list[str]:
    """The segments of one ISA and GS with a set a body. Bodies are lines without terminator."""
    code, functional, version = _KINDS[kind]
    made = [
        isa(sender, receiver, number, date=date, usage=usage),
        f"GS*{functional}*{sender}*{receiver}*20{date}*0910*{number}*X*{version}~",
    ]
    for ordinal, body in enumerate(bodies, 1):
        segments = [line.strip() for line in body.strip().splitlines() if line.strip()]
        st = f"ST*{code}*{ordinal:04}" + ("" if kind == "835" else f"*{version}")
        made += [f"{line}~" for line in (st, *segments, f"SE*{len(segments) + 2}*{ordinal:04}")]
    return [*made, f"GE*{len(bodies)}*{number}~", f"IEA*1*{number:09}~"]


class Desk(App):
    """An app over a given store, with a clock that the test moves."""

    def __init__(self, store: Store, folder: Path) -> None:
        home, _ = Home.create(folder / "home")
        super().__init__(home)
        file = home.path / "sftp_config" / "clear.toml"
        file.write_text(PROFILE)
        self.__dict__["store"] = store
        self.clock = START
        self.folder = folder
        self._profiles = {"clear": load_profile(file)}
        self._files = 0
        self._icn = 900

    @property
    def profiles(self) -> dict[str, Profile]:
        return self._profiles

    def now(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    def add_partner(self, name: str, sender: str, receiver: str, usage: str = "T") -> None:
        """A further partner, between other sides."""
        one = self._profiles["clear"]
        envelope = replace(one.envelope, sender=sender, group_sender=sender, receiver=receiver, group_receiver=receiver)
        self._profiles[name] = replace(one, name=name, envelope=envelope, usage=usage)

    # Claims

    def claims(self, *numbers: str, charge: int = 24000, npi: str = NPI, **version: Any) -> list[tuple[int, int]]:
        """Stores ready claims; gives (claim id, version id) of each."""
        with self.store.write() as conn:
            at = stamp(self.now())
            ids = add_claims(conn, [NewClaim(npi, n, n.strip().upper(), "professional", at) for n in numbers])
            body = version.pop("body", "{}")
            about = {"member_id": "M0001", "service_from": "2026-01-15", "service_to": "2026-01-15", **version}
            new = [NewVersion(one, "1", "P", "00", "CH", "0" * 64, charge, "12345", body, at, **about) for one in ids]
            versions = add_versions(conn, new)
            refresh(conn, ids, at)
        return list(zip(ids, versions, strict=True))

    def sent(
        self,
        *sets: Sequence[tuple[int, int]],
        number: int = 17,
        state: str = "sent",
        sides: tuple[str, str] = ("ZZ:" + US, "ZZ:" + THEM),
        partner: str = "clear",
        charge: int = 24000,
    ) -> int:
        """One batch of these sets of members, in that state; ISA13 and GS06 are `number`, BHT03 "B<number>-<ST02>"."""
        with self.store.write() as conn:
            new = NewBatch(partner, "professional", "T", "00", "CH", *sides, f"{number:09}", str(number))
            made = [
                NewSet(f"{n:04}", str(number), f"B{number}-{n:04}", charge * len(members), members)
                for n, members in enumerate(sets, 1)
            ]
            batch_id = reserve(conn, new, made, at=self.now())
            about = {"archive_name": "sent/2026/01/" + "0" * 32, "sha256": "0" * 64, "size": 1}
            mark_built(conn, batch_id, file_name=f"b{number}.txt", at=self.now(), **about)
            for step in {"built": (), "sending": ("sending",)}.get(state, ("sending", state)):
                set_state(conn, batch_id, step, at=self.now())
            refresh(conn, [claim for members in sets for claim, _ in members], stamp(self.now()))
        return batch_id

    def already_sent(self, members: Sequence[tuple[int, int]], number: int = 17, charge: int = 24000) -> int:
        """A batch that another system sent, as an import records it."""
        with self.store.write() as conn:
            sides = ("ZZ:" + US, "ZZ:" + THEM)
            new = NewBatch("clear", "professional", "T", "00", "CH", *sides, f"{number:09}", str(number))
            one = NewSet("0001", str(number), f"B{number}-0001", charge * len(members), members)
            made = record_already_sent(conn, new, [one], at=self.now(), sent_at=stamp(START - timedelta(days=2)))
            refresh(conn, [claim for claim, _ in members], stamp(self.now()))
        return made

    # Files

    def receive(self, text: str | bytes, name: str = "") -> dict[str, Any]:
        """A file at hand, imported and processed; gives its document."""
        self._files += 1
        path = self.folder / (name or f"in{self._files}.edi")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        (document,) = import_files(self, [path])
        return document

    def reprocess(self, file_id: int) -> dict[str, Any]:
        return process_file(self, file_id)

    def envelope(self, kind: str, *bodies: str, sender: str = THEM, receiver: str = US, usage: str = "T") -> str:
        """An interchange with one set a body, numbered anew each time. Bodies are lines without terminator."""
        self._icn += 1
        made = interchange(kind, self._icn, *bodies, sender=sender, receiver=receiver, usage=usage)
        return "\n".join(made) + "\n"

    def ta1(self, number: int, verdict: str, note: str = "000", sender: str = THEM, receiver: str = US) -> str:
        self._icn += 1
        ta1 = f"TA1*{number:09}*260131*1200*{verdict}*{note}~"
        return f"{isa(sender, receiver, self._icn)}\n{ta1}\nIEA*0*{self._icn:09}~\n"

    # Where things stand

    def state(self, number: str) -> str:
        with self.store.read() as conn:
            query = select(claim_current.c.state).join(claims, claims.c.id == claim_current.c.claim_id)
            return str(conn.execute(query.where(claims.c.patient_control_number == number)).scalar_one())

    def current(self, number: str) -> dict[str, Any]:
        with self.store.read() as conn:
            query = select(claim_current).join(claims, claims.c.id == claim_current.c.claim_id)
            row = conn.execute(query.where(claims.c.patient_control_number == number)).mappings().one()
        return {**row, "flags": json.loads(row["flags"])}

    def states(self, *numbers: str) -> list[str]:
        return [self.state(number) for number in numbers]

    def rows(self, table: Any, **where: Any) -> list[dict[str, Any]]:
        with self.store.read() as conn:
            query = select(table).order_by(table.c.id)
            for name, value in where.items():
                query = query.where(table.c[name] == value)
            return [dict(row) for row in conn.execute(query).mappings()]

    def everything(self) -> dict[str, Any]:
        """What must not change when nothing new is said: the projection but for its time, and the number of facts."""
        with self.store.read() as conn:
            rows = [dict(row) for row in conn.execute(select(claim_current).order_by("claim_id")).mappings()]
        for row in rows:
            del row["refreshed_at"]
        return {"claims": rows, "events": len(self.rows(events))}

    def agree(self) -> None:
        """The projection is what a fold of everything from the start gives."""
        before = self.everything()
        with self.store.write() as conn:
            rebuild(conn, stamp(self.now()))
        assert before == self.everything()

    def statuses(self) -> list[str]:
        """Of every inbound set, in order."""
        return [row["status"] for row in self.rows(inbound_sets)]

    def file_ids(self) -> list[int]:
        return [row["id"] for row in self.rows(inbound_files)]


def status_277(
    *claims_said: str, reference: str = "B17-0001", totals: str = "", entity: str = "AY", bht: str = ""
) -> str:
    """The body of a 277CA: `claims_said` are "NUMBER STC" pairs such as "ACCT1 A1:19*20260202*WQ*240"."""
    lines = [
        f"BHT*0085*08*CA{bht or 1}*{bht or '20260202*0905'}*TH",
        "HL*1**20*1",
        f"NM1*{entity}*2*CLEAR HOUSE*****46*CLEARHOUSE",
        "TRN*1*T1",
        "HL*2*1*21*1",
        "NM1*41*2*EXAMPLE BILLING*****46*SUBMITTER",
        f"TRN*2*{reference}",
        *totals.split(),
        "HL*3*2*19*1",
        f"NM1*85*2*LAKESIDE CLINIC*****XX*{NPI}",
    ]
    for number, said in enumerate(claims_said, 4):
        account, _, stc = said.partition(" ")
        lines += [f"HL*{number}*3*PT", "NM1*QC*1*RIVERS*ANNA****MI*M0001", f"TRN*2*{account}", f"STC*{stc}"]
    return "\n".join(lines)


def header_835(amount: str, trace: str = "CHK1", date: str = "20260210", payer: str = "12345") -> str:
    """BPR to the payee of an 835."""
    method = "H*0*C*NON" if amount == "0" else f"I*{amount}*C*ACH"
    return f"""BPR*{method}************{date}
        TRN*1*{trace}*1351840597
        N1*PR*EXAMPLE HEALTH PLAN*XV*{payer}
        N1*PE*LAKESIDE CLINIC*XX*{NPI}
        REF*TJ*123456789
        LX*1
        """


def claim_835(
    number: str, paid: str = "180", *, charge: str = "240", status: str = "1", payer_number: str = "P1"
) -> str:
    """A CLP with one line, balanced by CO 45."""
    rest = f"{float(charge) - float(paid):.2f}"
    cas = f"CAS*CO*45*{rest}" if float(rest) else ""
    return f"""CLP*{number}*{status}*{charge}*{paid}**12*{payer_number}*11*1
        NM1*QC*1*RIVERS*ANNA****MI*M0001
        SVC*HC:99213*{charge}*{paid}**1
        DTM*472*20260115
        {cas}
        """
