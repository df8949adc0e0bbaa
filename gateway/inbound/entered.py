"""A payment that a person entered, as the facts that an 835 would give: from there on both go the same way.

`segment` is the number of the claim in the document, from 1. Everything must balance: line by line, claim by claim, and
the payment as a whole; what is typed can be typed again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from gateway.errors import UsageError
from gateway.inbound.elements import cents, money
from gateway.inbound.entered_schema import shape_faults
from gateway.inbound.facts import (
    Adjustment,
    Party,
    ProviderAdjustment,
    RemittanceHeader,
    RemittanceTotals,
    RemittedClaim,
    RemittedLine,
)
from gateway.x12.issues import Issue

Document = dict[str, Any]
_MOST_BYTES = 20_000_000
_SHOWN = 10


def parse_entered(data: bytes, name: str) -> Document:
    """The document of a file; UsageError names what is wrong with its shape, without repeating values."""
    if len(data) > _MOST_BYTES:
        raise UsageError(f"{name}: is longer than any payment that is typed")
    try:
        document = json.loads(data.decode("utf-8-sig"), parse_float=str, parse_int=str, object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise UsageError(f"{name}: is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise UsageError(f"{name}: no JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (RecursionError, ValueError):
        raise UsageError(f"{name}: no JSON: nested too deeply, or a name that stands twice in one object") from None
    found = list(shape_faults(document))
    if found:
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise UsageError(f"{name}: {'; '.join(found[:_SHOWN])}{more}")
    return dict(document)


def _once(pairs: list[tuple[str, Any]]) -> Document:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


class EnteredRemittance:
    """The facts of an entered payment; complete from the start, and may be read more than once."""

    def __init__(self, document: Document) -> None:
        self.source: str = document.get("source", "paper")
        self.header = _header(document)
        self.claims = [_claim(one, number) for number, one in enumerate(document["claims"], 1)]
        provider = self.header.payee_id
        self.provider_adjustments = [
            ProviderAdjustment(
                len(self.claims) + number,
                one.get("provider_id", provider),
                one.get("fiscal_period_end", ""),
                one["code"].upper(),
                one.get("reference", ""),
                _cents(one["amount"]),
            )
            for number, one in enumerate(document.get("provider_adjustments", ()), 1)
        ]
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        self.content_hash = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def __iter__(self) -> Iterator[RemittedClaim]:
        return iter(self.claims)

    @property
    def issues(self) -> list[Issue]:
        """None: what does not balance is refused before."""
        return []

    @property
    def totals(self) -> RemittanceTotals:
        paid = sum(claim.paid for claim in self.claims)
        outside = sum(one.cents for one in self.provider_adjustments)
        lines = [line for claim in self.claims for line in claim.lines]
        of_lines = sum(len(line.adjustments) for line in lines)
        return RemittanceTotals(
            claims=len(self.claims),
            charge=sum(claim.charge for claim in self.claims),
            paid=paid,
            service_lines=len(lines),
            adjustments=of_lines + sum(len(claim.adjustments) for claim in self.claims),
            provider_adjustments=outside,
            difference=paid - outside - self.header.payment,
        )

    def imbalances(self) -> list[str]:
        """What does not balance, each with its difference."""
        found = [text for number, claim in enumerate(self.claims) for text in _imbalances(claim, f"claims[{number}]")]
        if difference := self.totals.difference:
            found.append(
                "the payment: what the claims were paid less the provider adjustments differs from it by "
                f"{money(difference)}"
            )
        return found


def _imbalances(claim: RemittedClaim, path: str) -> Iterator[str]:
    adjusted, charged = sum(one.cents for one in claim.adjustments), 0
    for number, line in enumerate(claim.lines):
        off = sum(one.cents for one in line.adjustments)
        adjusted += off
        charged += line.charge
        if difference := line.charge - off - line.paid:
            yield f"{path}.lines[{number}]: charge less adjustments differs from what was paid by {money(difference)}"
    if difference := claim.charge - adjusted - claim.paid:
        yield f"{path}: charge less adjustments differs from what was paid by {money(difference)}"
    if claim.lines and (difference := charged - claim.charge):
        yield f"{path}: the charges of the lines differ from the claim's by {money(difference)}"


def _header(document: Document) -> RemittanceHeader:
    payer, payee = document["payer"], document.get("payee", {})
    payment = _cents(document["payment"])
    tax_id = payee.get("tax_id", "")
    return RemittanceHeader(
        handling="I" if payment else "H",
        payment=payment,
        method=document.get("method", "CHK" if payment else "NON"),
        payment_date=document["payment_date"],
        trace_number=document["trace_number"].strip(),
        originator="",
        payer_name=payer["name"],
        payer_id=payer.get("id", ""),
        payer_references=(),
        payee_name=payee.get("name", ""),
        payee_id=payee.get("id", "") or tax_id,
        payee_references=(("TJ", tax_id),) if tax_id else (),
        production_date="",
    )


def _claim(one: Document, number: int) -> RemittedClaim:
    adjustments = _adjustments(one)
    lines = tuple(_line(line, number) for line in one.get("lines", ()))
    listed = (*adjustments, *(adjustment for line in lines for adjustment in line.adjustments))
    patient = one.get("patient", {})
    party = Party("QC", patient.get("last_name", ""), patient.get("first_name", ""), "MI", patient.get("member_id", ""))
    original = one.get("original_payer_claim_number", "")
    days = [
        (qualifier, one[name]) for qualifier, name in (("232", "service_from"), ("233", "service_to")) if name in one
    ]
    amounts = [(code, _cents(one[name])) for code, name in (("I", "interest"), ("F5", "patient_paid")) if name in one]
    return RemittedClaim(
        segment=number,
        patient_control_number=one["patient_control_number"],
        status=one.get("status", "1"),
        charge=_cents(one["charge"]),
        paid=_cents(one["paid"]),
        patient_stated=sum(adjustment.cents for adjustment in listed if adjustment.group == "PR"),
        filing_indicator=one.get("filing_indicator", ""),
        payer_claim_number=one.get("payer_claim_number", ""),
        facility="",
        frequency="",
        group_code="",
        adjustments=adjustments,
        lines=lines,
        parties=(party,) if patient else (),
        references=(("F8", original),) if original else (),
        dates=tuple(days),
        amounts=tuple(amounts),
        quantities=(),
        remarks=tuple(one.get("remarks", ())),
    )


def _line(one: Document, number: int) -> RemittedLine:
    code = ":".join((one.get("qualifier", "HC"), one["procedure"], *one.get("modifiers", ())))
    day = one.get("service_date", "")
    return RemittedLine(
        segment=number,
        procedure=code,
        submitted="",
        revenue_code="",
        units=one.get("units", ""),
        submitted_units="",
        charge=_cents(one["charge"]),
        paid=_cents(one["paid"]),
        control_number=one.get("control_number", ""),
        service_from=day,
        service_to=day,
        adjustments=_adjustments(one),
        references=(),
        amounts=(),
        quantities=(),
        remarks=tuple(one.get("remarks", ())),
    )


def _adjustments(one: Document) -> tuple[Adjustment, ...]:
    return tuple(
        Adjustment(each["group"], each["reason"].upper(), _cents(each["amount"]), each.get("quantity", ""))
        for each in one.get("adjustments", ())
    )


def _cents(text: str) -> int:
    found = cents(text)
    assert found is not None  # the schema's pattern has amounts alone
    return found
