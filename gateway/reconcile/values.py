"""What the money rules read of a remitted claim: shapes that the facts of an 835 fit, and the sums that they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class AdjustmentLike(Protocol):
    """One reason and amount of a CAS segment."""

    @property
    def group(self) -> str: ...  # CAS01
    @property
    def reason(self) -> str: ...  # claim adjustment reason code
    @property
    def cents(self) -> int: ...  # positive lowers the payment


class RemittedLineLike(Protocol):
    """A service line of loop 2110; amounts in cents."""

    @property
    def charge(self) -> int: ...  # SVC02
    @property
    def paid(self) -> int: ...  # SVC03
    @property
    def adjustments(self) -> Sequence[AdjustmentLike]: ...


class RemittedClaimLike(Protocol):
    """A claim of loop 2100; amounts in cents."""

    @property
    def status(self) -> str: ...  # CLP02
    @property
    def filing_indicator(self) -> str: ...  # CLP06
    @property
    def charge(self) -> int: ...  # CLP03
    @property
    def paid(self) -> int: ...  # CLP04
    @property
    def adjustments(self) -> Sequence[AdjustmentLike]: ...  # of the claim level alone
    @property
    def lines(self) -> Sequence[RemittedLineLike]: ...


class Adjustment(NamedTuple):
    """One reason, amount and quantity of a CAS segment."""

    group: str
    reason: str
    cents: int
    quantity: str = ""


class RemittedLine(NamedTuple):
    """A service line; amounts in cents."""

    charge: int
    paid: int
    adjustments: tuple[Adjustment, ...] = ()


class RemittedClaim(NamedTuple):
    """A claim of an 835 as far as its money goes; amounts in cents."""

    status: str  # CLP02
    charge: int
    paid: int
    filing_indicator: str = ""  # CLP06
    adjustments: tuple[Adjustment, ...] = ()
    lines: tuple[RemittedLine, ...] = ()


class ClassSums(NamedTuple):
    """A remitted claim's adjustments by class, in cents, as a posting keeps them. charge = paid +
    patient_responsibility + contractual + denied + other + prior_payer + forwarded for a claim that balances."""

    patient_responsibility: int = 0
    deductible: int = 0  # PR 1, a part of patient_responsibility; so are the next two
    coinsurance: int = 0  # PR 2
    copay: int = 0  # PR 3
    contractual: int = 0
    denied: int = 0
    other: int = 0
    prior_payer: int = 0  # reason 23: repeats what earlier payers did
    forwarded: int = 0  # of class open: still undecided, here or elsewhere
    duplicate_denial: bool = False  # nothing but a denial as a duplicate
