"""What goes into a measurement, made beforehand from the project's own invented claims."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.answers import Asked, Envelope, SentSet, acknowledgment, interchange, payment, statuses
from benchmarks.place import SEED, SERVICES_FROM, THEM, US, Done, Place, require
from gateway.claims.amounts import cents
from gateway.claims.completion import complete, load_defaults
from gateway.claims.samples import npi, sample_claims
from gateway.data import SHIPPED

Document = dict[str, Any]
_THEIRS = Envelope(THEM, US)
_DOCTOR = npi(99_900_001)


def claims(place: Place) -> Done:
    """Claims as a practice would hand them over: NDJSON."""
    with place.ndjson.open("w", encoding="utf-8") as out:
        for document in sample_claims(place.claims, SEED, SERVICES_FROM):
            out.write(json.dumps(document) + "\n")
    return Done(place.claims, place.ndjson.stat().st_size)


def documents(place: Place) -> Done:
    """The same claims complete, with submitter and receiver, as `x12 write` takes them."""
    defaults = load_defaults((SHIPPED / "mappings" / "completion.csv").read_text(encoding="utf-8"))
    contact = {"name": "EDI DESK", "numbers": [{"type": "TE", "number": "5555550100"}]}
    parties = {
        "submitter": {"organization": "BENCHMARK BILLING OFFICE", "id": US, "contacts": [contact]},
        "receiver": {"name": "BENCHMARK CLEARINGHOUSE", "id": THEM},
    }
    path = place.file("documents.ndjson")
    with path.open("w", encoding="utf-8") as out:
        for document in sample_claims(place.claims, SEED, SERVICES_FROM):
            out.write(json.dumps({**complete(document, defaults), **parties}) + "\n")
    return Done(place.claims, path.stat().st_size)


def hospital_documents(place: Place) -> Done:
    """As many outpatient bills of a hospital, complete: the claims above with what an institution says instead."""
    path = place.file("hospital.ndjson")
    with place.file("documents.ndjson").open(encoding="utf-8") as lines, path.open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(_hospital(json.loads(line))) + "\n")
    return Done(place.claims, path.stat().st_size)


def _hospital(document: Document) -> Document:
    """An outpatient bill of what a professional claim bills."""
    taken = (
        "place_of_service", "provider_signature_on_file", "rendering_provider", "service_facility", "lines",
        "clia_number", "patient_paid",
    )  # fmt: skip
    made = {name: value for name, value in document.items() if name not in taken}
    days = [line["service_date"] for line in document["lines"]]
    doctor = document.get("rendering_provider") or {"last_name": "ALDERWICK", "first_name": "AMOS", "npi": _DOCTOR}
    return {
        **made,
        "type": "institutional",
        "facility_type": "13",
        "statement_period": f"{min(days)}/{max(days)}",
        "admission_type": "3",
        "admission_source": "1",
        "patient_status": "01",
        "attending_provider": {name: doctor[name] for name in ("last_name", "first_name", "npi") if name in doctor},
        "lines": [_hospital_line(line) for line in document["lines"]],
    }


def _hospital_line(line: Document) -> Document:
    kept = ("number", "line_control_number", "procedure", "charge", "unit", "quantity", "service_date")
    return {"revenue_code": "0510", **{name: line[name] for name in kept if name in line}}


def _asked(document: Document) -> Asked:
    patient = document.get("patient") or document["subscriber"]
    return Asked(
        document["patient_control_number"],
        int(cents(document["charge"]) or 0),
        document["subscriber"]["member_id"],
        patient["last_name"],
        patient["first_name"],
        document["lines"][0]["service_date"].replace("-", ""),
        document["billing_provider"]["npi"],
        document["payer"]["id"],
    )


def _all_asked(place: Place) -> Iterator[Asked]:
    return map(_asked, sample_claims(place.claims, SEED, SERVICES_FROM))


def remittance(place: Place) -> Done:
    """An 835 without a store: every claim in one transaction set, the hardest case for memory."""
    size = _write(place.file("one_set.835"), interchange("835", _THEIRS, 0, [payment(list(_all_asked(place)), 1)]))
    return Done(place.claims, size)


def answers(place: Place) -> Done:
    """What comes back to the batches that were sent: a file of 999s, one of 277CAs, one of 835s.

    A 999 a batch, a 277CA a set of ours, an 835 a payer and billing provider.
    """
    asked = {claim.patient_control_number: claim for claim in _all_asked(place)}
    sent = list(_sent(place, asked))
    require(sum(len(one.claims) for one in sent), place.claims, "claims sent")
    groups: dict[str, list[SentSet]] = {}
    for one in sent:
        groups.setdefault(one.group_control_number, []).append(one)
    payments: dict[tuple[str, str], list[Asked]] = {}
    for claim in asked.values():
        payments.setdefault((claim.payer, claim.provider), []).append(claim)
    _write(
        place.file("answers.999"),
        _each(interchange("999", _THEIRS, n, [acknowledgment(of)]) for n, of in enumerate(groups.values(), 1)),
    )
    _write(
        place.file("answers.277"),
        interchange("277CA", _THEIRS, 0, (statuses(one, n) for n, one in enumerate(sent, 1))),
    )
    size = _write(
        place.file("answers.835"),
        interchange("835", _THEIRS, 0, (payment(paid, n) for n, paid in enumerate(payments.values(), 1))),
    )
    return Done(place.claims, size)


def _sent(place: Place, asked: dict[str, Asked]) -> Iterator[SentSet]:
    from gateway.store import batches

    with place.app() as app, app.store.read() as conn:
        for batch in batches.list_batches(conn, states=("sent",)):
            for one in batches.sets_of(conn, batch.id):
                rows = batches.submissions_of(conn, one.id)
                members = [asked[row.patient_control_number] for row in rows]
                yield SentSet(one.group_control_number, one.control_number, one.reference, members)


def _each(parts: Iterable[Iterator[str]]) -> Iterator[str]:
    for part in parts:
        yield from part


def _write(path: Path, lines: Iterable[str]) -> int:
    with path.open("w", encoding="ascii", buffering=1 << 20) as out:
        out.writelines(lines)
    return path.stat().st_size
