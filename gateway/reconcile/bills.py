"""Which of a claim's versions a remitted claim answers, and the further bills of an institutional claim.

Frequency 7 and 8 replace and void within their bill. Institutional 2, 3 and 4 with other statement dates, and 5 (late
charges), are further bills whose charges add.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.claims.history import LiveVersion, Version
from gateway.claims.life import VOID
from gateway.reconcile.posted import Paired, PostedClaim

Bill = tuple[LiveVersion, ...]  # the versions of one bill by number

_INTERIM = frozenset("234")
_LATE_CHARGES = "5"


def bills_of(versions: Sequence[LiveVersion]) -> list[Bill]:
    """The bills of a claim; nearly always one with all its versions."""
    if not any(one.version.frequency in _INTERIM or one.version.frequency == _LATE_CHARGES for one in versions):
        return [tuple(versions)]
    bills: dict[tuple[bool, str, str], list[LiveVersion]] = {}
    for one in versions:
        bills.setdefault(_bill_key(one.version, list(bills)), []).append(one)
    return [tuple(bill) for bill in bills.values()]


def _bill_key(version: Version, known: Sequence[tuple[bool, str, str]]) -> tuple[bool, str, str]:
    late = version.frequency == _LATE_CHARGES
    key = (late, version.service_from, version.service_to)
    if late or version.frequency in _INTERIM or not known or key in known:
        return key
    same_dates = [one for one in known if one[1:] == key[1:]]
    return (same_dates or known)[-1]


def of_bill(bill: Bill, bills: Sequence[Bill], paired: Paired) -> Paired:
    """The part of the remitted claims that answers one bill; what waits for its pair answers none."""
    if len(bills) == 1:
        return paired
    return Paired(
        unreversed=tuple(one for one in paired.unreversed if answered_bill(one, bills) is bill),
        pairs=tuple(one for one in paired.pairs if answered_bill(one[1], bills) is bill),
        awaiting=(),
    )


def answered_bill(posted: PostedClaim, bills: Sequence[Bill]) -> Bill:
    """The bill that a remitted claim answers: by dates, then charge, then the days it covers, then frequency."""
    found = list(bills)
    for suits in (_same_dates, _same_charge, _overlaps, _same_frequency):
        narrowed = [bill for bill in found if any(suits(one.version, posted) for one in bill)]
        found = narrowed or found
    return found[0]


def answered_version(posted: PostedClaim, versions: Sequence[LiveVersion], set_charge: int | None = None) -> Version:
    """The version that a remitted claim answers. `set_charge`: the sum of CLP03 where the payer split the claim.

    Asked in this order, as far as it tells them apart: delivered, not a void, the same payer, charge, dates of service,
    frequency, sent before it was paid; then the newest.
    """
    if len(versions) == 1:
        return versions[0].version
    found = list(versions)
    tests: tuple[Callable[[LiveVersion], bool], ...] = (
        lambda one: one.delivered,
        lambda one: one.version.frequency != VOID,
        lambda one: is_payer_of(posted.payer_key, one.version),
        lambda one: one.version.charge in (posted.charge, set_charge),
        lambda one: _same_dates(one.version, posted),
        lambda one: _same_frequency(one.version, posted),
        lambda one: one.sent_on != "" and one.sent_on <= posted.payment_date,
    )
    for suits in tests:
        if len(found) == 1:
            break
        found = [one for one in found if suits(one)] or found
    return found[-1].version


def is_payer_of(payer_key: str, version: Version) -> bool:
    return payer_key != "" and payer_key in (version.payer_key, version.payer_id)


def _same_dates(version: Version, posted: PostedClaim) -> bool:
    return posted.service_from != "" and (version.service_from, version.service_to) == (
        posted.service_from, posted.service_to or posted.service_from,
    )  # fmt: skip


def _same_charge(version: Version, posted: PostedClaim) -> bool:
    return version.charge == posted.charge


def _overlaps(version: Version, posted: PostedClaim) -> bool:
    return posted.service_from != "" and version.service_from <= posted.service_from <= version.service_to


def _same_frequency(version: Version, posted: PostedClaim) -> bool:
    return version.frequency == posted.frequency
