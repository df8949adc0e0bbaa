"""Sending claims and letting payers answer, and what a claim to a later payer says of the earlier ones."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from posting_desk import Desk

from gateway.reconcile.projection import refresh
from gateway.store import batches, stamp
from gateway.store.claims import ClaimRow, newest_version


def send(desk: Desk, claim: ClaimRow, *, number: int = 17) -> None:
    """Sends the newest version of a claim in a batch of its own."""
    with desk.store.write() as conn:
        version = newest_version(conn, claim.id)
        assert version is not None
        new = batches.NewBatch("clear", claim.type, "T", "00", "CH", "ZZ:A", "ZZ:B", f"{number:09}", str(number))
        one = batches.NewSet("0001", str(number), f"B{number}", version.charge, [(claim.id, version.id)])
        batch_id = batches.reserve(conn, new, [one], at=desk.now())
        batches.mark_built(conn, batch_id, file_name="f", archive_name="a", sha256="0" * 64, size=1, at=desk.now())
        for state in ("sending", "sent"):
            batches.set_state(conn, batch_id, state, at=desk.now())
        refresh(conn, [claim.id], stamp(desk.now()))


def answer(
    desk: Desk,
    document: dict[str, Any],
    *,
    paid: str,
    number: str,
    status: str = "1",
    trace: str = "T1",
    reason: str = "45",
    group: str = "CO",
    remark: str = "",
    adjustments: str = "",
) -> None:
    """An 835 with one claim, adjusted as a whole by one reason, or by `adjustments` ("CO*45*10.00 PR*1*5.00")."""
    sign = -1 if status == "22" else 1
    charge = sign * float(document["charge"])
    rest = charge - float(paid)
    cas = [f"CAS*{one}" for one in adjustments.split()] or ([f"CAS*{group}*{reason}*{rest:.2f}"] if rest else [])
    total = float(paid)
    method = f"I*{abs(total):.2f}*{'D' if total < 0 else 'C'}*ACH" if total else "H*0*C*NON"
    lines = [
        f"BPR*{method}************20260210",
        f"TRN*1*{trace}*1351840597",
        f"N1*PR*{document['payer']['name']}*XV*{document['payer']['id']}",
        f"N1*PE*PRACTICE*XX*{document['billing_provider']['npi']}",
        "LX*1",
        f"CLP*{document['patient_control_number']}*{status}*{charge:.2f}*{paid}**12*{number}*11*1",
        *cas,
        f"NM1*QC*1*X*Y****MI*{document['subscriber']['member_id']}",
        *([f"MOA***{remark}"] if remark else []),
        f"DTM*232*{document['lines'][0]['service_date'].replace('-', '')}",
    ]
    said = desk.receive(desk.envelope("835", "\n".join(lines)))
    assert [one["status"] for one in said["transactions"]] == ["posted"], said
    assert said["transactions"][0]["unmatched"] == 0, said


def to_next_payer(
    document: dict[str, Any], payer: dict[str, str], *, order: str, paid: str, adjustments: list[dict[str, Any]]
) -> dict[str, Any]:
    """The claim to its next payer, with what the one before decided."""
    made = deepcopy(document)
    subscriber = made["subscriber"]
    earlier = {
        "payer_responsibility": subscriber["payer_responsibility"],
        "relationship": subscriber.get("relationship", "18"),
        "filing_indicator": subscriber["filing_indicator"],
        "benefits_assigned": "Y",
        "release_of_information": "Y",
        "paid": paid,
        "adjustments": adjustments,
        "subscriber": {name: subscriber[name] for name in ("last_name", "first_name", "member_id")},
        "payer": document["payer"] | {"paid_date": "2026-01-28"},
    }
    made["other_payers"] = [*made.get("other_payers", []), earlier]
    subscriber |= {"payer_responsibility": order, "filing_indicator": "CI", "member_id": f"{order}000000001"}
    made["payer"] = payer
    return made
