"""What the patient still owes: a pure fold over what the payers of a claim left, in COB order.

The last payer decides: its amounts of group PR, whatever their reason code (a denial too), and what it paid to the
patient; less what the patient paid already (AMT*F5 of each bill). Nothing while a further payer is expected, where the
patient may not be billed (mappings/codes/patient_protections.csv), and while no remittance stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from gateway.claims.amounts import cents
from gateway.inbound.facts import Adjustment, RemittedClaim
from gateway.reconcile.classes import PATIENT, Classes, table_rows
from gateway.reconcile.payers import RESPONSIBILITIES, Leg, named_payers
from gateway.reconcile.posted import SENT_ON
from gateway.reconcile.tracing import OwnLine, TracedLine, own_lines, trace

Document = Mapping[str, Any]

PATIENT_GROUP = "PR"
_PATIENT_PAID = "F5"  # AMT01
CROSSOVER = "TT"  # NM101 of the payer that the claim was sent on to
_DENIED_TO_PROVIDER = ("CO", "PI")
_COLUMNS = ("kind", "group", "code", "label")

BECAUSE = {
    "owed": "the last payer leaves it to the patient",
    "paid": "the patient has paid what the last payer left",
    "nothing_left": "the last payer leaves nothing to the patient",
    "provider_liability": "what was denied is the provider's, never the patient's",
    "no_remittance": "no payer's decision stands",
    "undecided": "the payer has not decided everything yet",
    "further_payer": "a further payer is expected",
    "forwarded": "the payer sent the claim on to a further payer",
    "protected": "the patient may not be billed",
    "voided": "the claim was voided",
    "no_money": "the claim asks for no money",
}


class PatientLine(NamedTuple):
    """What is left of one service line (of the claim as a whole where `procedure` is empty). Cents."""

    line_control_number: str  # ours, else (a line that the payer added) as it came
    procedure: str
    service_from: str
    responsibility: int
    owes: int  # what is left of it after what the patient paid
    adjustments: tuple[Adjustment, ...]  # those that make up the responsibility


class PatientBalance(NamedTuple):
    """What the patient owes now, and why. Cents; owes = Σ owes of the lines."""

    owes: int
    because: str  # a key of BECAUSE
    responsibility: int = 0  # what the last payer left to the patient
    paid: int = 0  # by the patient, AMT*F5
    credit: int = 0  # what the patient paid beyond
    expected: str = ""  # the further payer's name or id, where it is known
    protection: str = ""  # what says that the patient may not be billed
    payer_key: str = ""  # of the last payer
    lines: tuple[PatientLine, ...] = ()


class Protections:
    """What says that a patient may not be billed."""

    __slots__ = ("_adjustments", "_remarks")

    def __init__(self, adjustments: Mapping[tuple[str, str], str], remarks: Mapping[str, str]) -> None:
        self._adjustments = adjustments
        self._remarks = remarks

    def of(self, claims: Iterable[RemittedClaim]) -> str:
        """The label of the first that these remitted claims carry; empty where there is none."""
        for claim in claims:
            for remarks in (claim.remarks, *(line.remarks for line in claim.lines)):
                for remark in remarks:
                    if remark.upper() in self._remarks:
                        return self._remarks[remark.upper()]
            for adjustments in (claim.adjustments, *(line.adjustments for line in claim.lines)):
                for one in adjustments:
                    reason = one.reason.lstrip("0")
                    if found := self._adjustments.get((one.group, reason)) or self._adjustments.get(("", reason)):
                        return found
        return ""


def load_protections(texts: Iterable[str]) -> Protections:
    """From the texts of the tables: the shipped one first, then a home's.

    :raises UsageError: naming table, line and column of what cannot be
    """
    adjustments: dict[tuple[str, str], str] = {}
    remarks: dict[str, str] = {}
    for text in texts:
        for _, row in table_rows(text, "patient_protections.csv", _COLUMNS):
            if row["kind"] == "remark":
                remarks[row["code"].upper()] = row["label"]
            else:
                adjustments[row["group"].upper(), row["code"].upper()] = row["label"]
    return Protections(adjustments, remarks)


class Asked(NamedTuple):
    """One claim, as far as the patient's balance asks about it."""

    legs: Sequence[Leg]  # in COB order, of all bills
    remitted: Mapping[int, RemittedClaim]  # what stands, by id
    document: Document  # the newest version that counts
    has_money: bool = True
    voided: bool = False
    elsewhere: bool = False  # sent on by a payer whose claim it was not
    bills: Mapping[int, Document] = {}  # of a claim with several: the newest version of the bill, by version id

    def bill(self, leg: Leg) -> Document:
        """The bill that a payer answered."""
        return self.bills.get(leg.answered.id, self.document) if leg.answered is not None else self.document


def patient_balance(asked: Asked, classes: Classes, protections: Protections) -> PatientBalance:
    """What the patient owes of one claim."""
    paid = cents(asked.document.get("patient_paid", "")) or 0
    if not asked.has_money:
        return PatientBalance(0, "no_money")
    if asked.voided:
        return PatientBalance(0, "voided", paid=paid, credit=paid)
    standing = [leg for leg in asked.legs if leg.standing]
    if not standing:
        return PatientBalance(0, "forwarded" if asked.elsewhere else "no_remittance", paid=paid)
    last = _last_of_bills(asked, standing)
    answers = [(claim, own_lines(asked.bill(leg))) for leg in last for claim in _claims_of(asked, leg)]
    claims = [claim for claim, _ in answers]
    paid = sum(_paid_by_patient(asked, leg) for leg in last)
    lines = [line for claim, ours in answers for line in _lines(claim, ours, classes)]
    left = sum(line.responsibility for line in lines)
    found = PatientBalance(0, "nothing_left", left, paid, payer_key=last[-1].payer_key, lines=tuple(lines))
    everything = [asked.remitted[one.id] for leg in standing for one in leg.standing if one.id in asked.remitted]
    if protection := protections.of(everything):
        return found._replace(because="protected", protection=protection, credit=paid)
    if waits := _waits(asked, last, claims):
        return found._replace(because=waits[0], expected=waits[1])
    return _invoiced(found, claims)


def _last_of_bills(asked: Asked, standing: Sequence[Leg]) -> list[Leg]:
    """The last payer's leg of each bill: legs come bill by bill, each primary first."""
    return [list(legs)[-1] for _, legs in groupby(standing, lambda leg: id(asked.bill(leg)))]


def _claims_of(asked: Asked, leg: Leg) -> list[RemittedClaim]:
    return [asked.remitted[one.id] for one in reversed(leg.standing) if one.id in asked.remitted]


def _paid_by_patient(asked: Asked, last: Leg) -> int:
    """What the patient paid of one bill: as the claim says, else (837I has no place for it) as the payer repeats."""
    said = cents(asked.bill(last).get("patient_paid", ""))
    if said is not None:
        return said
    return sum(amount for claim in _claims_of(asked, last) for code, amount in claim.amounts if code == _PATIENT_PAID)


# ── lines ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _lines(claim: RemittedClaim, ours: Sequence[OwnLine], classes: Classes) -> list[PatientLine]:
    """The lines of a remitted claim that leave something to the patient, then what is of the claim as a whole."""

    def left(adjustments: Sequence[Adjustment]) -> tuple[Adjustment, ...]:
        return tuple(one for one in adjustments if _is_left(one, claim, classes))

    found = [_line(one, own) for one in trace(ours, claim) if (own := left(one.line.adjustments))]
    if own := left(claim.adjustments):
        found.append(PatientLine("", "", claim.service_dates[0], _sum(own), 0, own))
    return [line for line in found if line.responsibility]


def _is_left(one: Adjustment, claim: RemittedClaim, classes: Classes) -> bool:
    if one.group.strip().upper() == PATIENT_GROUP:
        return True
    return classes.decided(one.group, one.reason, claim.filing_indicator, claim.status) == PATIENT


def _line(one: TracedLine, own: tuple[Adjustment, ...]) -> PatientLine:
    line, ours = one.line, one.ours
    number = ours.control_number or ours.number if ours is not None else line.control_number
    procedure = line.submitted or line.procedure or line.revenue_code
    return PatientLine(number, procedure, line.service_from, _sum(own), 0, own)


def _sum(adjustments: Iterable[Adjustment]) -> int:
    return sum(one.cents for one in adjustments)


def _invoiced(found: PatientBalance, claims: Sequence[RemittedClaim]) -> PatientBalance:
    """What the patient paid is taken from the lines in their order; what is left of each is owed."""
    rest = found.paid
    lines = []
    for line in found.lines:
        taken = max(0, min(rest, line.responsibility))
        rest -= taken
        lines.append(line._replace(owes=line.responsibility - taken))
    owes = sum(line.owes for line in lines)
    if owes <= 0:
        lines, owes = [line._replace(owes=0) for line in lines], 0
    because = "owed" if owes else "paid" if found.responsibility > 0 else _why_nothing(claims)
    return found._replace(
        owes=owes, because=because, credit=found.paid - found.responsibility + owes, lines=tuple(lines)
    )


def _why_nothing(claims: Sequence[RemittedClaim]) -> str:
    adjustments = [one for claim in claims for line in claim.lines for one in line.adjustments if line.paid == 0]
    adjustments += [one for claim in claims for one in claim.adjustments if claim.paid == 0]
    denied = any(one.group in _DENIED_TO_PROVIDER and one.cents > 0 for one in adjustments)
    return "provider_liability" if denied else "nothing_left"


# ── further payers ───────────────────────────────────────────────────────────────────────────────────────────────────


def _waits(asked: Asked, last: Sequence[Leg], claims: Sequence[RemittedClaim]) -> tuple[str, str] | None:
    """Why nothing is asked of the patient yet, and the payer that is expected, as far as it is known."""
    named = next((found for leg in last if (found := _expected(asked.bill(leg), leg))), "")
    crossed = [party for claim in claims if (party := claim.party(CROSSOVER)) is not None]
    if crossed or any(one.status in SENT_ON for leg in last for one in leg.standing):
        told = next((party.last_name or party.id for party in crossed), "")
        return "forwarded", told or named
    if any(one.forwarded for leg in last for one in leg.standing):
        return "undecided", ""
    return ("further_payer", named) if named else None


def _expected(document: Document, last: Leg) -> str:
    """The first payer that a bill names after the last one that decided on it."""
    named = named_payers(document)
    reached = last.rank if last.responsibility else _rank(named[0][0])
    payers = sorted((_rank(order), payer.get("name", "") or payer.get("id", "")) for order, payer in named if order)
    return next((name or "a further payer" for rank, name in payers if rank > reached), "")


def _rank(order: str) -> int:
    """1 for the primary payer; 0 where the order is not known, which is after nobody."""
    return RESPONSIBILITIES.find(order) + 1 if order else 0
