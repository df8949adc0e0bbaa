"""A remitted claim between its two forms: the fact that the 835 gives, and the row of the store with a compact body.

The body keeps everything that is not a column: lists in the order of the fields of the facts, so that it is small and
quick to write. `remitted_claim` reads it again.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from gateway.claims.crosswalk import NO_CROSSWALK, REMITTANCE, Crosswalk
from gateway.inbound.facts import Adjustment, Party, RemittanceHeader, RemittedClaim, RemittedLine
from gateway.reconcile.classes import Classes, classify_claim
from gateway.reconcile.origin import first, match_key
from gateway.store.remittances import NewPosting, NewRemittance, RemittanceClaimRow

INTEREST = "I"  # AMT01
_string = json.encoder.encode_basestring_ascii
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def header_row(
    header: RemittanceHeader, inbound_set_id: int, crosswalk: Crosswalk = NO_CROSSWALK, partner: str = ""
) -> NewRemittance:
    """The payment's header as the store keeps it.

    The payer's key is our id of it, where the crosswalk knows one of its ids; else its N104, else its REF*2U, else
    TRN03.
    """
    others = [value for qualifier, value in header.payer_references if value and qualifier in ("2U", "EO", "HI", "NF")]
    plan = first(value for qualifier, value in header.payer_references if qualifier == "2U")
    ids = [*dict.fromkeys(value for value in (header.payer_id, plan, *others, header.originator) if value)]
    ours = first(found for one in ids if crosswalk.has(found := crosswalk.resolve(one, REMITTANCE, partner)))
    return NewRemittance(
        inbound_set_id=inbound_set_id,
        payer_name=header.payer_name,
        payer_key=ours or first((header.payer_id, plan, header.originator)),
        payer_ids=json.dumps([*dict.fromkeys([*ids, ours] if ours else ids)]),
        payee_id=header.payee_id,
        payee_ids=json.dumps(payee_ids(header)),
        method=header.method,
        handling=header.handling,
        payment=header.payment,
        payment_date=header.payment_date,
        trace_number=header.trace_number,
        originator=header.originator,
        account_ending=header.account_ending,
    )


def payee_ids(header: RemittanceHeader) -> list[str]:
    """Every identifier of who is paid: N1*PE N104 and the REFs under it (NPI, tax id, payer's own)."""
    ids = (header.payee_id, *(value for _, value in header.payee_references))
    return [*dict.fromkeys(value for value in ids if value)]


def claim_row(claim: RemittedClaim, remittance_id: int, ordinal: int) -> tuple[Any, ...]:
    """The values of a stored remitted claim in the order of RemittanceClaimRow without its id."""
    patient = claim.party("QC", "IL")
    insured = claim.party("IL", "QC")
    begin, end = claim.service_dates
    return (
        remittance_id,
        ordinal,
        claim.segment,
        claim.patient_control_number,
        match_key(claim.patient_control_number),
        claim.status,
        claim.charge,
        claim.paid,
        claim.patient_stated,
        claim.filing_indicator,
        claim.payer_claim_number,
        claim.reference("F8"),
        claim.frequency,
        begin,
        end,
        (patient.id if patient and patient.id else insured.id if insured else ""),
        body_of(claim),
    )


def body_of(claim: RemittedClaim) -> str:
    """What the columns do not hold, as JSON; empty parts are left out."""
    parts = {
        "adjustments": _amounts_text(claim.adjustments) if claim.adjustments else "",
        "lines": f"[{','.join(map(_line_text, claim.lines))}]" if claim.lines else "",
        "parties": _encode(claim.parties) if claim.parties else "",
        "references": _encode(claim.references) if claim.references else "",
        "dates": _encode(claim.dates) if claim.dates else "",
        "amounts": _amounts_text(claim.amounts) if claim.amounts else "",
        "quantities": _encode(claim.quantities) if claim.quantities else "",
        "remarks": _encode(claim.remarks) if claim.remarks else "",
        "facility": _string(claim.facility) if claim.facility else "",
        "group_code": _string(claim.group_code) if claim.group_code else "",
    }
    said = ",".join([f'"{name}":{text}' for name, text in parts.items() if text])
    return f"{{{said}}}"


@lru_cache(maxsize=1 << 13)
def _amounts_text(values: tuple[Any, ...]) -> str:
    """Codes with amounts, of which a remittance repeats the same ones endlessly; no names and no numbers."""
    return _encode(values)


@lru_cache(maxsize=1 << 12)
def _service_text(*service: str) -> str:
    return _encode(service)[1:-1]


def _line_text(line: RemittedLine) -> str:
    # fmt: off
    (segment, procedure, submitted, revenue_code, units, submitted_units, charge, paid, control_number, begin, end,
     adjustments, references, amounts, quantities, remarks) = line
    return (
        f"[{segment},{_service_text(procedure, submitted, revenue_code, units, submitted_units)},{charge},{paid},"
        f"{_string(control_number)},{_string(begin)},{_string(end)},"
        f"{_amounts_text(adjustments) if adjustments else '[]'},{_encode(references) if references else '[]'},"
        f"{_amounts_text(amounts) if amounts else '[]'},{_encode(quantities) if quantities else '[]'},"
        f"{_encode(remarks) if remarks else '[]'}]"
    )
    # fmt: on


def remitted_claim(row: RemittanceClaimRow) -> RemittedClaim:
    """The fact as it was read from the file."""
    body: dict[str, Any] = json.loads(row.body)
    return RemittedClaim(
        segment=row.segment,
        patient_control_number=row.patient_control_number,
        status=row.status,
        charge=row.charge,
        paid=row.paid,
        patient_stated=row.patient_stated,
        filing_indicator=row.filing_indicator,
        payer_claim_number=row.payer_claim_number,
        facility=body.get("facility", ""),
        frequency=row.frequency,
        group_code=body.get("group_code", ""),
        adjustments=_adjustments(body.get("adjustments", ())),
        lines=tuple(_line(*line) for line in body.get("lines", ())),
        parties=tuple(Party(*party) for party in body.get("parties", ())),
        references=_pairs(body.get("references", ())),
        dates=_pairs(body.get("dates", ())),
        amounts=_pairs(body.get("amounts", ())),
        quantities=_pairs(body.get("quantities", ())),
        remarks=tuple(body.get("remarks", ())),
    )


def _line(*fields: Any) -> RemittedLine:
    line = RemittedLine(*fields)
    return line._replace(
        adjustments=_adjustments(line.adjustments),
        references=_pairs(line.references),
        amounts=_pairs(line.amounts),
        quantities=_pairs(line.quantities),
        remarks=tuple(line.remarks),
    )


def _adjustments(listed: Any) -> tuple[Adjustment, ...]:
    return tuple(Adjustment(*one) for one in listed)


def _pairs(listed: Any) -> tuple[Any, ...]:
    return tuple((first_, second) for first_, second in listed)


def posting_of(
    claim: RemittedClaim,
    remittance_claim_id: int,
    classes: Classes,
    recorded_at: str,
    actor: str = "",
    reason: str = "",
) -> NewPosting:
    """What a remitted claim moves, by the class of each adjustment; interest stands outside."""
    sums = classify_claim(claim, classes)
    return NewPosting(
        remittance_claim_id,
        "post",
        claim.charge,
        claim.paid,
        sums.patient_responsibility,
        sums.deductible,
        sums.coinsurance,
        sums.copay,
        sums.contractual,
        sums.denied,
        sums.other,
        sums.prior_payer,
        sums.forwarded,
        sum([cents for qualifier, cents in claim.amounts if qualifier == INTEREST]),
        int(sums.duplicate_denial),
        classes.version,
        actor,
        reason,
        recorded_at,
    )
