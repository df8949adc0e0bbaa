"""Writes a claim's history into a store the way the rooms do, with a clock that tests turn by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from gateway.reconcile.projection import refresh
from gateway.store import Connection, Store, stamp
from gateway.store.batches import NewBatch, NewSet, mark_built, reserve, set_state, sets_of, submissions_in_batch
from gateway.store.claims import NewClaim, NewEvent, NewVersion, add_claim, add_version, append_event, newest_version
from gateway.store.current import CurrentRow, rows_of
from gateway.store.decisions import add_decision
from gateway.store.inbound_sets import NewInboundSet, open_set
from gateway.store.remittances import (
    NewLink,
    NewPosting,
    NewRemittance,
    add_links,
    add_postings,
    add_remittance,
    add_remitted_claims,
)
from gateway.store.tables import inbound_files

START = datetime(2026, 1, 1, 8, tzinfo=UTC)


class Book:
    """One store and its clock: each deed happens an hour after the one before."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.at = START
        self._numbers = 0

    def now(self) -> str:
        return stamp(self.at)

    def _tick(self) -> int:
        self.at += timedelta(hours=1)
        self._numbers += 1
        return self._numbers

    def claim(self, number: str = "C1", charge: int = 20000) -> int:
        self._tick()
        with self.store.write() as conn:
            claim_id = add_claim(conn, NewClaim("1234567893", number, number, "professional", self.now()))
            self._version(conn, claim_id, charge)
            refresh(conn, [claim_id], self.now())
        return claim_id

    def version(self, claim_id: int, charge: int = 20000, frequency: str = "1") -> None:
        self._tick()
        with self.store.write() as conn:
            self._version(conn, claim_id, charge, frequency)
            refresh(conn, [claim_id], self.now())

    def _version(self, conn: Connection, claim_id: int, charge: int, frequency: str = "1") -> None:
        new = NewVersion(
            claim_id, frequency, "P", "00", "CH", "0" * 64, charge, "PAYER", "{}", self.now(),
            payer_name="A payer", payer_key="PAYER", service_from="2025-12-01", service_to="2025-12-02",
            billing_name="A clinic",
        )  # fmt: skip
        add_version(conn, new)
        append_event(conn, NewEvent("imported", "own", "info", self.now(), claim_id=claim_id))

    def event(self, kind: str, hop: str, verdict: str, claim_ids: list[int], **more: object) -> None:
        self._tick()
        with self.store.write() as conn:
            append_event(conn, NewEvent(kind, hop, verdict, self.now(), **more))  # type: ignore[arg-type]
            refresh(conn, claim_ids, self.now())

    def batch(self, *claim_ids: int, state: str = "sent") -> int:
        """A batch with one set of these claims, on its way to `state`."""
        number = self._tick()
        with self.store.write() as conn:
            versions = [newest_version(conn, claim_id) for claim_id in claim_ids]
            members = [(one.claim_id, one.id) for one in versions if one is not None]
            charge = sum(one.charge for one in versions if one is not None)
            new = NewBatch("east", "professional", "T", "00", "CH", "ZZ:WE", "ZZ:EAST", f"{number:09}", f"{number}")
            sets = [NewSet("0001", f"{number}", f"REF{number}", charge, members)]
            batch_id = reserve(conn, new, sets, at=self.at)
            mark_built(conn, batch_id, file_name="f", archive_name="a", sha256="0" * 64, size=1, at=self.at)
            if state != "built":
                set_state(conn, batch_id, "sending", at=self.at)
                set_state(conn, batch_id, state, at=self.at)
            refresh(conn, claim_ids, self.now())
        return batch_id

    def cancel_batch(self, batch_id: int) -> None:
        self._tick()
        with self.store.write() as conn:
            set_state(conn, batch_id, "cancelled", at=self.at)
            add_decision(conn, actor="x", action="cancel", subject=f"batch:{batch_id}", reason="", at=self.at)
            refresh(conn, [one.claim_id for one in submissions_in_batch(conn, batch_id)], self.now())

    def set_id(self, batch_id: int) -> int:
        with self.store.read() as conn:
            return sets_of(conn, batch_id)[0].id

    def submission_id(self, batch_id: int) -> int:
        with self.store.read() as conn:
            return submissions_in_batch(conn, batch_id)[0].id

    def inbound_set(self, conn: Connection) -> int:
        number = self._tick()
        row = {
            "name": "f", "sha256": f"{number:064}", "size": 1, "archive_name": "a", "status": "processed",
            "recorded_at": self.now(),
        }  # fmt: skip
        file_id = conn.execute(insert(inbound_files).values(row).returning(inbound_files.c.id)).scalar_one()
        return open_set(conn, NewInboundSet(file_id, 1, "835"), at=self.at)

    def remit(
        self, claim_id: int | None, paid: int, charge: int = 20000, status: str = "1", number: str = "N1",
        day: str = "2026-02-01", **amounts: int,
    ) -> int:  # fmt: skip
        """A posted remittance with one claim, linked to `claim_id`; returns the id of the remitted claim."""
        with self.store.write() as conn:
            set_id = self.inbound_set(conn)
            said: dict[str, object] = {
                "inbound_set_id": set_id, "payer_name": "A payer", "payer_key": "PAYER", "payer_ids": "[]",
                "payment": paid, "payment_date": day, "trace_number": f"T{set_id}",
            }  # fmt: skip
            head = NewRemittance(**{**dict.fromkeys(NewRemittance._fields, ""), **said})  # type: ignore[arg-type]
            remittance_id = add_remittance(conn, head, status="posted", at=self.at)
            row = (remittance_id, 1, 9, "C1", "C1", status, charge, paid, 0, "12", number, "", "1",
                   "2025-12-01", "2025-12-02", "M1", "{}")  # fmt: skip
            remitted_id = add_remitted_claims(conn, [row])[0]
            self._post(conn, remitted_id, "post", charge, paid, amounts)
            if claim_id is not None:
                add_links(conn, [NewLink(remitted_id, claim_id, "patient_control_number", "", "", self.now())])
                refresh(conn, [claim_id], self.now())
        return remitted_id

    def _post(
        self, conn: Connection, remitted_id: int, kind: str, charge: int, paid: int, amounts: dict[str, int]
    ) -> None:
        zero = dict.fromkeys(NewPosting._fields[2:-4], 0)
        made = {**zero, "charge": charge, "paid": paid, **amounts}
        add_postings(
            conn, [NewPosting(remitted_id, kind, **made, rules="1", actor="", reason="", recorded_at=self.now())]
        )

    def undo(self, remitted_id: int, claim_id: int, kind: str = "undo", **amounts: int) -> None:
        self._tick()
        with self.store.write() as conn:
            self._post(conn, remitted_id, kind, amounts.pop("charge"), amounts.pop("paid"), amounts)
            refresh(conn, [claim_id], self.now())

    def link(self, remitted_id: int, to: int | None, *claim_ids: int) -> None:
        self._tick()
        with self.store.write() as conn:
            add_links(conn, [NewLink(remitted_id, to, "by_hand", "", "x", self.now())])
            refresh(conn, claim_ids, self.now())

    def row(self, claim_id: int) -> CurrentRow:
        with self.store.read() as conn:
            return rows_of(conn, [claim_id])[claim_id]
