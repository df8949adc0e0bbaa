"""Remitted claims in bulk against the ladder: first by their whole number, then what is left by every other key.

Matching is computed again when a claim is imported or a payer's number becomes known, so that the result never hangs on
what came first. What a person decided stays.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from gateway.claims.control_numbers import CUTS, is_lost, match_key
from gateway.claims.crosswalk import NO_CROSSWALK, Crosswalk
from gateway.inbound.facts import RemittanceHeader, RemittedClaim
from gateway.reconcile.matching import Ambiguous, Candidate, Ladder, Match, Result, Rung, Unmatched, Wanted, lookups
from gateway.reconcile.projection import refresh
from gateway.reconcile.remitted import header_row, payee_ids
from gateway.reconcile.statuses import payer_number_key
from gateway.store import Connection, stamp
from gateway.store.answers import claims_answered_before
from gateway.store.candidates import CandidateRow, candidates_by_id, candidates_by_key, ids_by_cut, ids_by_member
from gateway.store.payer_numbers import linked_by_payer_number, waiting_for_payer_number
from gateway.store.remittances import (
    LinkRow,
    NewLink,
    RemittanceClaimRow,
    RemittanceRow,
    add_links,
    get_remittance,
    move_matched,
    newest_links,
    posted_by_key,
    posted_by_member,
)

_BY_NUMBER = frozenset((Rung.NUMBER, Rung.NORMALIZED))
_NONE: frozenset[str] = frozenset()
# A number that is known from a payment must not vouch for itself, nor two of them for each other: only what names our
# claim, or a person, says whose it is.
PERSON = "person"  # the rung of a link that somebody set
_VOUCHES = frozenset((str(Rung.NUMBER), str(Rung.NORMALIZED), str(Rung.TRUNCATED), PERSON))
_INFERRED = (str(Rung.PAYER_NUMBER), str(Rung.MEMBER))
_ROUNDS = 6
_PATIENTS = frozenset(("QC", "IL", "74"))


def wanted_by(
    header: RemittanceHeader, crosswalk: Crosswalk = NO_CROSSWALK, partner: str = ""
) -> Callable[[RemittedClaim, Sequence[Any]], Wanted]:
    """Makes of a payment's claims, and of their rows (`claim_row`), what the ladder looks for."""
    providers = frozenset(payee_ids(header))
    payers = frozenset(json.loads(header_row(header, 0, crosswalk, partner).payer_ids))

    def wanted(claim: RemittedClaim, row: Sequence[Any]) -> Wanted:
        _, _, _, number, _, _, charge, _, _, _, payer_number, reference, _, begin, end, _, _ = row
        members = frozenset([party.id for party in claim.parties if party.entity in _PATIENTS and party.id])
        return Wanted(number, charge, payer_number, reference, members, begin, end, providers, payers)

    return wanted


def wanted_by_rows(payment: RemittanceRow, row: RemittanceClaimRow) -> Wanted:
    """The same from what the store keeps."""
    parties = json.loads(row.body).get("parties", ())
    members = frozenset(party[4] for party in parties if party[0] in _PATIENTS and party[4])
    return Wanted(
        row.patient_control_number,
        row.charge,
        row.payer_claim_number,
        row.original_reference,
        members,
        row.service_from,
        row.service_to,
        frozenset(json.loads(payment.payee_ids)),
        frozenset(json.loads(payment.payer_ids)),
    )


def find_claims(conn: Connection, wanted: Sequence[Wanted]) -> list[Result]:
    """The claim of each of many remitted claims, in their order."""
    keys = {match_key(one.patient_control_number) for one in wanted if not is_lost(one.patient_control_number)}
    rows = candidates_by_key(conn, keys)
    quick = Ladder(_candidates(rows, {}))
    results = [quick.find(one) for one in wanted]
    left = [at for at, result in enumerate(results) if not (isinstance(result, Match) and result.rung in _BY_NUMBER)]
    if left:
        full = Ladder(_all_candidates(conn, [wanted[at] for at in left]))
        for at in left:
            results[at] = full.find(wanted[at])
    return results


def _all_candidates(conn: Connection, wanted: Sequence[Wanted]) -> list[Candidate]:
    """Every claim that one of these may answer by any rung."""
    keys = lookups(wanted)
    rows = candidates_by_key(conn, keys.match_keys)
    ids = {row.claim_id for row in rows}
    ids |= ids_by_cut(conn, keys.cut_keys)
    ids |= ids_by_member(conn, keys.member_ids)
    numbers: dict[int, set[str]] = defaultdict(set)
    for number, claim_ids in linked_by_payer_number(conn, _spellings(wanted), _VOUCHES).items():
        for claim_id in claim_ids:
            numbers[claim_id].add(number)
    told = {payer_number_key(number): number for number in keys.payer_claim_numbers}
    for key, claim_ids in claims_answered_before(conn, told).items():
        for claim_id in claim_ids:
            numbers[claim_id].add(told[key])
    return _candidates(candidates_by_id(conn, ids | numbers.keys()), numbers)


def _spellings(wanted: Iterable[Wanted]) -> set[str]:
    numbers = {number for one in wanted for number in (one.payer_claim_number, one.original_reference)}
    return {spelling for number in numbers for spelling in (number, number.strip(), number.strip().upper())} - {""}


def _candidates(rows: Iterable[CandidateRow], numbers: dict[int, set[str]]) -> list[Candidate]:
    """One candidate a claim from the rows of its versions."""
    by_claim: dict[int, list[CandidateRow]] = {}
    for row in rows:
        by_claim.setdefault(row[0], []).append(row)
    return [
        _candidate(versions, numbers.get(claim_id))
        if len(versions) > 1 or claim_id in numbers
        else _plain_candidate(versions[0])
        for claim_id, versions in by_claim.items()
    ]


def _plain_candidate(row: CandidateRow) -> Candidate:
    """Of a claim of one version, as nearly all are, whose payer gave no number yet."""
    claim_id, number, _, billing_key, payer_id, payer_key, member_id, charge, begin, end = row
    return Candidate(
        claim_id,
        number,
        frozenset((billing_key,)),
        _payers(payer_id, payer_key),
        _NONE,
        frozenset((member_id,)) if member_id else _NONE,
        frozenset((charge,)),
        begin,
        end,
    )


@lru_cache(maxsize=1 << 10)
def _payers(*ids: str) -> frozenset[str]:
    """Remembered, since payers are few."""
    return frozenset(filter(None, ids))


def _candidate(versions: Sequence[CandidateRow], numbers: set[str] | None) -> Candidate:
    first = versions[0]
    return Candidate(
        first.claim_id,
        first.patient_control_number,
        frozenset((first.billing_key,)),
        frozenset([payer for row in versions for payer in (row.payer_id, row.payer_key) if payer]),
        frozenset(numbers) if numbers else frozenset(),
        frozenset([row.member_id for row in versions if row.member_id]),
        frozenset([row.charge for row in versions]),
        min((row.service_from for row in versions if row.service_from), default=""),
        max((row.service_to for row in versions if row.service_to), default=""),
    )


# ── again ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def rematch(conn: Connection, claim_ids: Iterable[int], now: datetime) -> set[int]:
    """Computes the matches that these claims may change, after they were imported or got a further version.

    Returns the claims whose money changed, refreshed. Called in the transaction that imported them.
    """
    rows = candidates_by_id(conn, claim_ids)
    keys = {row.match_key for row in rows}
    cuts = {key[:length] for key in keys for length in CUTS if len(key) > length}
    members = {spelling for row in rows for spelling in (row.member_id, row.member_id.upper()) if row.member_id}
    found = posted_by_key(conn, keys | cuts) + posted_by_member(conn, members)
    return _match_until_settled(conn, found, now)


def rematch_numbers(conn: Connection, payer_claim_numbers: Iterable[str], now: datetime) -> set[int]:
    """Matches what waits for one of these CLP07, after it became known, or was no more known, whose number it is."""
    return _match_until_settled(conn, _waiting(conn, payer_claim_numbers), now)


def _waiting(conn: Connection, payer_claim_numbers: Iterable[str]) -> list[RemittanceClaimRow]:
    spelled = {form for one in payer_claim_numbers for form in (one, one.strip(), one.strip().upper())}
    return waiting_for_payer_number(conn, spelled, _INFERRED)


def _match_until_settled(conn: Connection, rows: Iterable[RemittanceClaimRow], now: datetime) -> set[int]:
    """Matches these again, and what waits for the payer's numbers that become known by that."""
    touched: set[int] = set()
    waiting = list(rows)
    for _ in range(_ROUNDS):
        if not waiting:
            break
        told = _match_again(conn, waiting, now, touched)
        waiting = _waiting(conn, told) if told else []
    refresh(conn, touched, stamp(now))
    return touched


def _match_again(conn: Connection, rows: Iterable[RemittanceClaimRow], now: datetime, touched: set[int]) -> set[str]:
    """The payer's numbers of which is known now what was not, or no more; adds the claims that it touched."""
    distinct = list({row.id: row for row in rows}.values())
    links = newest_links(conn, [row.id for row in distinct])
    free = [row for row in distinct if not _decided(links.get(row.id))]
    payments = {remittance_id: get_remittance(conn, remittance_id) for remittance_id in {r.remittance_id for r in free}}
    wanted = [wanted_by_rows(payments[row.remittance_id], row) for row in free]
    new: list[NewLink] = []
    gained: dict[int, int] = defaultdict(int)
    told: set[str] = set()
    for row, result in zip(free, find_claims(conn, wanted), strict=True):
        link = links.get(row.id)
        before = link.claim_id if link else None
        after = result.claim_id if isinstance(result, Match) else None
        rung = str(result.rung) if isinstance(result, Match) else ""
        if before == after and (link is None or not rung or link.rung == rung):
            continue
        new.append(link_of(row.id, result, stamp(now)))  # another claim, or the same by another reason
        if rung in _VOUCHES or (link is not None and link.rung in _VOUCHES):
            told.add(row.payer_claim_number)
        if before != after:
            touched |= {one for one in (before, after) if one is not None}
            gained[row.remittance_id] += (after is not None) - (before is not None)
    add_links(conn, new)
    for remittance_id, more in gained.items():
        move_matched(conn, remittance_id, more)
    return told - {""}


def _decided(link: LinkRow | None) -> bool:
    """Whether a person said whose this is, or whose it is not."""
    return link is not None and link.actor != ""


def link_of(remittance_claim_id: int, result: Result, recorded_at: str) -> NewLink:
    """The link that a result of the ladder becomes; to no claim where there is none."""
    if isinstance(result, Match):
        return NewLink(remittance_claim_id, result.claim_id, result.rung.value, result.evidence, "", recorded_at)
    match result:
        case Ambiguous(_, rung):
            return NewLink(remittance_claim_id, None, str(rung), "ambiguous", "", recorded_at)
        case Unmatched(reason):
            return NewLink(remittance_claim_id, None, "none", reason, "", recorded_at)
