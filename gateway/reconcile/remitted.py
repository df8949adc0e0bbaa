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
    # fmt: off
    (segment, number, status, charge, paid, patient_stated, filing_indicator, payer_claim_number, _, frequency, *_,
     references, _, _, _, _) = claim
    # fmt: on
    begin, end = claim.service_dates
    return (
        remittance_id,
        ordinal,
        segment,
        number,
        match_key(number),
        status,
        charge,
        paid,
        patient_stated,
        filing_indicator,
        payer_claim_number,
        claim.reference("F8") if references else "",
        frequency,
        begin,
        end,
        _member(claim),
        body_of(claim),
    )


def _member(claim: RemittedClaim) -> str:
    """The id of the patient, else of the insured."""
    if len(claim.parties) == 1:
        ((entity, _, _, _, found),) = claim.parties
        return found if entity in ("QC", "IL") else ""
    patient, insured = claim.party("QC", "IL"), claim.party("IL", "QC")
    return (patient.id if patient else "") or (insured.id if insured else "")


def body_of(claim: RemittedClaim) -> str:
    """What the columns do not hold, as JSON; empty parts are left out."""
    (_, _, _, _, _, _, _, _, facility, _, group_code,
     adjustments, lines, parties, references, dates, amounts, quantities, remarks) = claim  # fmt: skip
    parts = (
        f'"adjustments":{_codes_text(adjustments)}' if adjustments else "",
        f'"lines":[{",".join(map(_line_text, lines))}]' if lines else "",
        f'"parties":[{",".join(map(_party_text, parties))}]' if parties else "",
        f'"references":{_encode(references)}' if references else "",
        f'"dates":{_codes_text(dates)}' if dates else "",
        f'"amounts":{_codes_text(amounts)}' if amounts else "",
        f'"quantities":{_encode(quantities)}' if quantities else "",
        f'"remarks":{_encode(remarks)}' if remarks else "",
        f'"facility":{_string(facility)}' if facility else "",
        f'"group_code":{_string(group_code)}' if group_code else "",
    )
    return f"{{{','.join(filter(None, parts))}}}"


def _party_text(party: Party) -> str:
    entity, last_name, first_name, qualifier, found = party
    return f"[{_string(entity)},{_string(last_name)},{_string(first_name)},{_string(qualifier)},{_string(found)}]"


@lru_cache(maxsize=1 << 13)
def _codes_text(values: tuple[Any, ...]) -> str:
    """Codes with amounts or days, of which a remittance repeats the same ones endlessly; no names and no numbers."""
    return _encode(values)


@lru_cache(maxsize=1 << 12)
def _service_text(*service: str) -> str:
    return _encode(service)[1:-1]


@lru_cache(maxsize=1 << 13)
def _decided_text(adjustments: tuple[Any, ...], amounts: tuple[Any, ...]) -> str:
    """The end of a line that has nothing but these."""
    return f"{_encode(adjustments)},[],{_encode(amounts)},[],[]"


def _line_text(line: RemittedLine) -> str:
    # fmt: off
    (segment, procedure, submitted, revenue_code, units, submitted_units, charge, paid, control_number, begin, end,
     adjustments, references, amounts, quantities, remarks) = line
    if references or quantities or remarks:
        decided = (
            f"{_codes_text(adjustments)},{_encode(references)},{_codes_text(amounts)},{_encode(quantities)},"
            f"{_encode(remarks)}"
        )
    else:
        decided = _decided_text(adjustments, amounts)
    return (
        f"[{segment},{_service_text(procedure, submitted, revenue_code, units, submitted_units)},{charge},{paid},"
        f"{_string(control_number)},{_string(begin)},{_string(end)},{decided}]"
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
    *sums, duplicate_denial = classify_claim(claim, classes)
    interest = sum([cents for qualifier, cents in claim.amounts if qualifier == INTEREST]) if claim.amounts else 0
    # fmt: off
    return NewPosting._make((
        remittance_claim_id, "post", claim.charge, claim.paid,
        *sums,  # in the order of ClassSums
        interest, int(duplicate_denial), classes.version, actor, reason, recorded_at,
    ))
    # fmt: on
