"""How a payer works out what it pays for a claim: an outcome and a claim become a paid claim that balances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from gateway.simulator.received import Claim, Party, ServiceLine
from gateway.simulator.remittance import Adjustment, PaidClaim, PaidLine
from gateway.simulator.verdicts import Outcome

_ZERO = Decimal(0)
_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)
_DOLLAR = Decimal(1)
_FILING = {"12", "13", "14", "15", "16", "17", "AM", "CH", "DS", "HM", "LM", "MA", "MB", "MC", "OF", "TV", "VA", "WC"}
_PUBLIC = {"MA", "MB", "MC"}
_STATUS_BY_ORDER = {"P": "1", "S": "2", "T": "3"}
_FORWARDED = {"1": "19", "2": "20", "3": "21"}


@dataclass(frozen=True, slots=True)
class _Share:
    """What of one line is left after earlier payers, and what this payer allows of it."""

    line: ServiceLine
    prior: Decimal  # OA 23
    allowed: Decimal
    filing: str  # CLP06


def adjudicate(claim: Claim, outcome: Outcome, payer_number: str, drawn: Decimal) -> tuple[PaidClaim, ...]:
    """The CLPs that answer the claim: one, or two where the payer splits it.

    `drawn` in [0, 1) sets the allowed share where the outcome does not. A predetermination is priced, not paid.
    """
    shares = _shares(claim, outcome, drawn)
    lines = _off_line(_settle_lines(shares, outcome), outcome)
    if claim.predetermination:
        lines = tuple(_priced(line) for line in lines)
    whole = _paid_claim(claim, outcome, payer_number, lines)
    found = _split(whole, lines, payer_number) if outcome.split and len(lines) > 1 else [whole]
    return tuple(_without_lines(item) if outcome.adjustments_at == "claim" else item for item in found)


def _shares(claim: Claim, outcome: Outcome, drawn: Decimal) -> tuple[_Share, ...]:
    percent = outcome.allowed if outcome.allowed is not None else Decimal(int(55 + drawn * 36))
    shares = []
    for line, prior in zip(claim.lines, _priors(claim), strict=True):
        # After an earlier payer, what that one left to the patient is allowed, unless the outcome says less.
        share = _HUNDRED if prior and outcome.allowed is None else percent
        allowed = _cents(max(line.charge - prior, _ZERO) * share / _HUNDRED)
        shares.append(_Share(line, prior, allowed, _filing(claim)))
    return tuple(shares)


def _filing(claim: Claim) -> str:
    """CLP06: the claim filing indicators that an 835 knows, ZZ for the others."""
    return claim.filing if claim.filing in _FILING else "ZZ"


def _priors(claim: Claim) -> tuple[Decimal, ...]:
    """Earlier payers' payments and write-offs by line: as the claim says, else by each line's part of the charge."""
    by_line = tuple(line.prior_paid + line.prior_adjusted for line in claim.lines)
    total = claim.prior_paid + claim.prior_adjusted
    if any(by_line) or not total or not claim.charge:
        return by_line
    rest, spread = total, []
    for line in claim.lines[:-1]:
        spread.append(_cents(total * line.charge / claim.charge))
        rest -= spread[-1]
    return (*spread, rest)


def _settle_lines(shares: Sequence[_Share], outcome: Outcome) -> tuple[PaidLine, ...]:
    deductible, copay = outcome.deductible, outcome.copay
    denied_line = _denied_line(shares, outcome)
    settled = []
    for index, share in enumerate(shares):
        if outcome.verdict in {"deny", "capitated", "forward"} or index == denied_line:
            adjustments = _unpaid(share, outcome)
        else:
            taken = min(share.allowed, share.allowed if outcome.verdict == "zero" else deductible)
            shared = min(share.allowed - taken, copay)
            deductible, copay = max(deductible - taken, _ZERO), copay - shared
            adjustments = _allowed(share, outcome, taken, shared, halved=denied_line == -1 and index == 0)
        settled.append(_paid_line(share, outcome, adjustments, index == denied_line or outcome.verdict == "deny"))
    return tuple(settled)


def _denied_line(shares: Sequence[_Share], outcome: Outcome) -> int | None:
    """The line that a partial payment denies: the last; -1 for half of the only one."""
    if outcome.verdict != "part":
        return None
    return len(shares) - 1 if len(shares) > 1 else -1


def _unpaid(share: _Share, outcome: Outcome) -> list[Adjustment]:
    rest = share.line.charge - share.prior
    adjustments = [Adjustment("OA", "23", share.prior, "other")] if share.prior else []
    if outcome.verdict == "capitated":
        # From Medicare or Medicaid it means that the managed care plan is to be billed.
        return [*adjustments, Adjustment("CO", "24", rest, "denied" if share.filing in _PUBLIC else "contractual")]
    if outcome.verdict == "forward":
        return [*adjustments, Adjustment("OA", "B11", rest, "open")]
    return [*adjustments, Adjustment(outcome.group, outcome.reason, rest, "denied")]


def _allowed(share: _Share, outcome: Outcome, deductible: Decimal, copay: Decimal, *, halved: bool) -> list[Adjustment]:
    covered = share.allowed - deductible - copay
    denied = _cents(covered / 2) if halved else _ZERO
    coinsurance = _cents((covered - denied) * outcome.coinsurance / _HUNDRED)
    sequestered = _cents((covered - denied - coinsurance) * outcome.sequestration / _HUNDRED)
    found = [
        Adjustment("OA", "23", share.prior, "other"),
        Adjustment("CO", "45", share.line.charge - share.prior - share.allowed, "contractual"),
        Adjustment("PR", "1", deductible, "patient"),
        Adjustment("PR", "2", coinsurance, "patient"),
        Adjustment("PR", "3", copay, "patient"),
        Adjustment("CO", "253", sequestered, "contractual"),
        Adjustment(outcome.group, outcome.reason, denied, "denied"),
    ]
    return [item for item in found if item.amount]


def _paid_line(share: _Share, outcome: Outcome, adjustments: list[Adjustment], denied: bool) -> PaidLine:
    line = share.line
    paid = line.charge - sum((item.amount for item in adjustments), _ZERO)
    owed = sum((item.amount for item in adjustments if item.group == "PR" and item.sense == "patient"), _ZERO)
    sequestered = sum((item.amount for item in adjustments if item.reason == "253"), _ZERO)
    remarked = any(item.sense == "denied" for item in adjustments) or denied
    return PaidLine(
        code=line.code[:6] if line.code else ("NU", line.revenue),
        charge=line.charge,
        paid=paid,
        units=line.units,
        revenue=line.revenue if line.code else "",
        first_day=line.first_day,
        last_day=line.last_day,
        control_number=line.control_number if outcome.line_numbers else "",
        adjustments=tuple(adjustments),
        remarks=outcome.remarks if remarked and outcome.remarks_at == "line" else (),
        allowed=paid + owed + sequestered,
    )


def _off_line(lines: tuple[PaidLine, ...], outcome: Outcome) -> tuple[PaidLine, ...]:
    """On request, one line's payment is a dollar off while the claim still balances."""
    if outcome.unbalanced != "line" or not lines:
        return lines
    return (replace(lines[0], paid=lines[0].paid + _DOLLAR), *lines[1:])


def _priced(line: PaidLine) -> PaidLine:
    """A predetermination says what would be paid, and pays nothing."""
    adjustment = Adjustment("OA", "101", line.paid, "other")
    return replace(line, paid=_ZERO, adjustments=(*line.adjustments, adjustment) if line.paid else line.adjustments)


def _paid_claim(claim: Claim, outcome: Outcome, payer_number: str, lines: tuple[PaidLine, ...]) -> PaidClaim:
    adjusted = sum((item.amount for line in lines for item in line.adjustments), _ZERO)
    paid = sum((line.charge for line in lines), _ZERO) - adjusted
    status, crossover = _status(claim, outcome)
    return PaidClaim(
        patient_control_number=_control_number(claim, outcome),
        status=status,
        charge=claim.charge,
        paid=paid + (_DOLLAR if outcome.unbalanced == "claim" else _ZERO),
        filing=_filing(claim),
        payer_number=_payer_number(payer_number, outcome),
        facility=claim.facility,
        frequency=claim.frequency,
        patient=replace(claim.patient, id=claim.patient.id or claim.subscriber.id),
        first_day=claim.first_day,
        last_day=claim.last_day,
        lines=lines,
        remarks=outcome.remarks if outcome.remarks_at == "claim" else (),
        crossover=crossover,
        interest=outcome.interest,
        payment_off_by=_DOLLAR if outcome.unbalanced == "payment" else _ZERO,
    )


def _status(claim: Claim, outcome: Outcome) -> tuple[str, Party | None]:
    """CLP02, and the payer that the claim went on to."""
    name, _, identifier = outcome.crossover.partition(":")
    other = Party(name=name, id=identifier) if outcome.crossover else None
    usual = _STATUS_BY_ORDER.get(claim.payer_order, "3")
    if claim.predetermination:
        usual = "25"
    elif outcome.verdict == "forward":
        usual = "23"
    elif other:
        usual = _FORWARDED[usual]
    return outcome.status or usual, other


def _control_number(claim: Claim, outcome: Outcome) -> str:
    if outcome.control_number == "lost":
        return "0"
    return claim.patient_control_number[: 17 if outcome.control_number == "truncated" else None]


def _payer_number(number: str, outcome: Outcome) -> str:
    return {"same": number, "suffixed": f"{number}-01", "none": ""}[outcome.payer_number]


def _without_lines(claim: PaidClaim) -> PaidClaim:
    """The lines' adjustments as sums at the claim, as an inpatient payment by case has them."""
    sums: dict[tuple[str, str], Adjustment] = {}
    for item in claim.all_adjustments:
        key = (item.group, item.reason)
        sums[key] = replace(item, amount=item.amount + (sums[key].amount if key in sums else _ZERO))
    return replace(claim, lines=(), adjustments=tuple(sums.values()))


def _split(whole: PaidClaim, lines: tuple[PaidLine, ...], payer_number: str) -> list[PaidClaim]:
    halves = (lines[: len(lines) // 2], lines[len(lines) // 2 :])
    return [
        replace(
            whole,
            charge=sum((line.charge for line in half), _ZERO),
            paid=sum((line.paid for line in half), _ZERO),
            payer_number=f"{payer_number}{suffix}",
            lines=half,
            remarks=("MA15", *whole.remarks),
            interest=whole.interest if suffix == "A" else _ZERO,
        )
        for half, suffix in zip(halves, "AB", strict=True)
    ]


def _cents(number: Decimal) -> Decimal:
    return number.quantize(_CENT, ROUND_HALF_UP)
