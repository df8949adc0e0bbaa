"""What a clearinghouse or payer may say, as values: one verdict a stage of a claim's way."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

_ZERO = Decimal(0)
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class InterchangeVerdict:
    """A TA1. `verdict` is TA104 (A, E, R) or "none" for no TA1; `note` is TA105."""

    verdict: Literal["A", "E", "R", "none"] = "A"
    note: str = "000"
    delay: int | None = None


@dataclass(frozen=True, slots=True)
class SetVerdict:
    """What a 999 says of a transaction set. `errors` accepts it with errors noted (IK501 E).

    The blame goes to the first segment `segment` of the claim that the rule matched: IK304 `segment_error`; where that
    is 8, an IK4 for `element` (and `component`, 0 for none) with IK403 `element_error`; then CTX*CLM01.
    """

    verdict: Literal["accept", "errors", "reject", "none"] = "accept"
    segment: str = "HI"
    segment_error: str = "8"
    element: int = 1
    component: int = 2
    element_error: str = "7"
    code: str = "5"  # IK502
    business_unit: bool = True  # whether CTX names the claim
    trigger: bool = False  # whether a CTX*SITUATIONAL TRIGGER goes before it
    delay: int | None = None


@dataclass(frozen=True, slots=True)
class StatusVerdict:
    """What a 277CA says of a claim: STC01 is `category`:`status`:`entity`.

    `accept` and `reject` name the claim; `unnamed` counts it as accepted without naming it; `silent` leaves it out of
    names and totals, and nothing follows. A rejection may stand at the claim, at its billing provider (2200C, no
    patient loops) or at the receiver level (2200B, the whole set); `line` adds the service line that caused it (2220D).
    """

    verdict: Literal["accept", "reject", "unnamed", "silent"] = "accept"
    level: Literal["claim", "provider", "receiver"] = "claim"
    category: str = ""
    status: str = ""
    entity: str = ""
    second: str = ""  # STC10 as category:status:entity
    text: str = ""  # STC12
    line: bool = False
    regardless: bool = False  # the claim goes on although it was rejected, so that a later hop contradicts
    delay: int | None = None

    @property
    def says_duplicate(self) -> bool:
        """Whether it only says that the claim is there already (claim status 54 or 78)."""
        return self.verdict == "reject" and self.status in {"54", "78"}

    @property
    def goes_on(self) -> bool:
        """Whether the claim goes to the next hop."""
        return self.verdict in {"accept", "unnamed"} or (self.verdict == "reject" and self.regardless)


@dataclass(frozen=True, slots=True)
class Later:
    """What a payer does with a claim `after` so many rounds from its first remittance.

    `reverse` takes the payment back (CLP02 22); `correct` reverses and pays anew by `outcome`; `pay_again` pays a
    second time without reversing. With `apart` > 0 the new result of `correct` comes so many rounds after the reversal,
    with `apart` < 0 before it. `recover` "later" leaves the money with the provider for now (PLB WO, negative) and
    takes it from the next payment that is large enough.
    """

    after: int = 1
    do: Literal["reverse", "correct", "pay_again"] = "reverse"
    outcome: Outcome | None = None
    apart: int = 0
    recover: Literal["now", "later"] = "now"
    payer_number: Literal["same", "new", "new with F8"] = "same"  # of the new result


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an 835 says of a claim. Amounts in dollars, shares in percent.

    `pay` pays the allowed amount less deductible, coinsurance and copay; `part` denies one line (or half of an only
    line) for `group` and `reason`; `deny` denies all lines; `zero` leaves the whole allowed amount to the deductible;
    `capitated` pays nothing for reason 24; `forward` says that the claim belongs to another payer (CLP02 23); `silent`
    never answers. What is denied counts as denied in the totals, so `reason` should be one that denies.
    """

    verdict: Literal["pay", "part", "deny", "zero", "capitated", "forward", "silent"] = "pay"
    allowed: Decimal | None = None  # percent of the charge; drawn from 55 to 90 where not given
    deductible: Decimal = _ZERO
    coinsurance: Decimal = _ZERO  # percent of what is left after deductible and copay
    copay: Decimal = _ZERO
    sequestration: Decimal = _ZERO  # percent of the payment, CO 253
    group: str = "CO"
    reason: str = "97"
    remarks: tuple[str, ...] = ()
    remarks_at: Literal["line", "claim"] = "line"  # LQ*HE or MOA
    status: str = ""  # CLP02 where it is not the usual one
    crossover: str = ""  # NAME:ID of the payer that it went on to: CLP02 19 to 21 and NM1*TT
    interest: Decimal = _ZERO  # AMT*I and PLB L6
    adjustments_at: Literal["line", "claim"] = "line"  # "claim": no service lines, one CAS at the claim
    control_number: Literal["same", "lost", "truncated"] = "same"  # CLP01 as sent, "0", or its first 17 characters
    payer_number: Literal["same", "suffixed", "none"] = "same"  # CLP07 against the 277CA's 1K
    line_numbers: bool = True  # REF*6R as sent; without, none
    unbalanced: Literal["", "line", "claim", "payment"] = ""  # one dollar off at that level
    split: bool = False  # two CLPs, each with some of the lines and its own CLP07 (remark MA15)
    delay: int | None = None
    later: tuple[Later, ...] = ()
