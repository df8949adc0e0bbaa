"""Claims with denied money and the reasons of it: what the report of denials and the list of work both rest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.reconcile.denied import Denied, denied_parts
from gateway.reconcile.projection import FoldedClaim, folded
from gateway.reconcile.remitted import remitted_claim
from gateway.reports.asked import Asked
from gateway.store import Connection
from gateway.store.claim_reports import ReportedClaim
from gateway.store.payment_reports import payment_dates, remitted_rows
from gateway.store.rows import cut

REST = "(other payers or rules)"
_AT_A_TIME = 1_000


@dataclass(frozen=True, slots=True)
class DeniedCase:
    """A denied claim with the reasons of its denial, the largest first."""

    claim: ReportedClaim
    parts: tuple[Denied, ...]
    filing: str
    payer_claim_number: str
    denied_on: str
    fold: FoldedClaim | None


def denied_cases(conn: Connection, asked: Asked, claims: Sequence[ReportedClaim]) -> Iterator[DeniedCase]:
    """Each claim with its reasons: what stands of its last payer, read anew from what the payment says."""
    for part in cut(claims, _AT_A_TIME):
        by_id = {claim.claim_id: claim for claim in part}
        standing: dict[int, list[int]] = {}
        folds: dict[int, FoldedClaim] = {}
        for fold in folded(conn, list(by_id), as_of=asked.past):
            folds[fold.claim_id] = fold
            legs = [leg for leg in fold.money.legs if leg.standing]
            last = {leg.answered.service_from if leg.answered else "": leg for leg in legs}
            standing[fold.claim_id] = [one.id for leg in last.values() for one in leg.standing]
        remitted = remitted_rows(conn, [one for ids in standing.values() for one in ids])
        dates = payment_dates(conn, {row.remittance_id for row in remitted.values()})
        for claim in part:
            own = [remitted[one] for one in standing.get(claim.claim_id, ()) if one in remitted]
            read = [remitted_claim(row) for row in own]
            parts = [one for fact in read for one in denied_parts(fact, asked.classes)]
            parts.sort(key=lambda one: (-one.cents, one.group, one.reason))
            rest = claim.denied - sum(one.cents for one in parts)
            if rest:
                parts.append(Denied("", "", rest, (), ""))
            yield DeniedCase(
                claim,
                tuple(parts),
                read[0].filing_indicator if read else "",
                own[0].payer_claim_number if own else "",
                max((dates.get(row.remittance_id, "") for row in own), default=""),
                folds.get(claim.claim_id),
            )
