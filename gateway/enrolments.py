"""Enrolments: which providers a payer takes claims from through a partner, and whom it sends remittances to.

`[[enrolments]]` in a profile, kept by a person from the partner's confirmations. Where a profile has any for a
transaction, a payer and provider without one are said to have none; where it has none at all, nothing is concluded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from gateway.errors import UsageError

TRANSACTIONS = ("837", "835")
_KEYS = {"payer", "transactions", "npi", "tax_id", "since", "until"}


class Enrolment(NamedTuple):
    """What a payer agreed to. Empty: any."""

    payer: str  # payer id as this partner's profile names it; "*" for any
    transactions: tuple[str, ...]
    npi: tuple[str, ...]
    tax_id: tuple[str, ...]
    since: date | None
    until: date | None  # the last day

    def is_about(self, transaction: str, payers: frozenset[str], npi: str, tax_id: str) -> bool:
        """Whether it is for a payer (by any of its ids) and a billing provider; what is not known of him is no bar."""
        return (
            transaction in self.transactions
            and (self.payer == "*" or self.payer in payers)
            and (not npi or not self.npi or npi in self.npi)
            and (not tax_id or not self.tax_id or tax_id in self.tax_id)
        )

    def holds_on(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


class Enrolments(NamedTuple):
    """All of a profile."""

    of: tuple[Enrolment, ...] = ()

    def missing(self, transaction: str, payers: Iterable[str], provider: str, day: date) -> str | None:
        """Why none holds on that day, in words; None where one does, or where the profile keeps none of this kind.

        :param provider: NPI or tax id of the billing provider
        """
        npi, tax_id = (provider, "") if len(provider) == 10 else ("", provider)
        kept = [one for one in self.of if transaction in one.transactions]
        if not kept:
            return None
        about = [one for one in kept if one.is_about(transaction, frozenset(payers), npi, tax_id)]
        if not about:
            return f"no {transaction} enrolment of this provider with this payer is kept"
        if any(one.holds_on(day) for one in about):
            return None
        later = [one.since for one in about if one.since and one.since > day]
        if later:
            return f"the {transaction} enrolment holds since {min(later)} only"
        return f"the {transaction} enrolment ended on {max(one.until for one in about if one.until)}"


def read_enrolments(found: Any, fail: Callable[[str, str], UsageError]) -> Enrolments:
    """Reads what stands behind `enrolments` in a profile; `fail` makes the error of a key and a reason."""
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise fail("[enrolments]", "must be tables: [[enrolments]]")
    return Enrolments(tuple(_read(row, number, fail) for number, row in enumerate(found, 1)))


def _read(row: dict[str, Any], number: int, fail: Callable[[str, str], UsageError]) -> Enrolment:
    for key in row:
        if key not in _KEYS:
            raise fail(f"[enrolments] {key}", f"(number {number}) is no key; known are {', '.join(sorted(_KEYS))}")

    def texts(key: str, without: Sequence[str] = ()) -> tuple[str, ...]:
        value = row.get(key, list(without))
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
            raise fail(f"[enrolments] {key}", f"(number {number}) must be text or a list of text")
        return tuple(value)

    def day(key: str) -> date | None:
        value = row.get(key)
        if value is None or type(value) is date:
            return value
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            raise fail(f"[enrolments] {key}", f"(number {number}) must be a day such as 2026-01-31") from None

    payer = texts("payer")
    transactions = texts("transactions", TRANSACTIONS)
    if len(payer) != 1:
        raise fail("[enrolments] payer", f'(number {number}) must be one payer id, or "*"')
    if not transactions or set(transactions) - set(TRANSACTIONS):
        raise fail("[enrolments] transactions", f"(number {number}) must list some of {', '.join(TRANSACTIONS)}")
    return Enrolment(payer[0], transactions, texts("npi"), texts("tax_id"), day("since"), day("until"))
