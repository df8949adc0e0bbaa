"""The legs of a claim: what each payer did, in the order of coordination of benefits (COB)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gateway.claims.history import LiveVersion, Version
from gateway.reconcile.bills import answered_version, is_payer_of
from gateway.reconcile.posted import (
    POSTS_NOTHING,
    RANK_OF_STATUS,
    Paired,
    PostedClaim,
    content_order,
    total,
)

RESPONSIBILITIES = "PSTABCDEFGH"  # SBR01 in order; U is unknown
_LAST = 99  # rank of a payer of which neither SBR01 nor CLP02 says where it stands


class Leg(NamedTuple):
    """One payer's remitted claims."""

    payer_key: str
    rank: int  # 1 is primary
    paid: int  # of all its remitted claims, reversals too, in cents
    standing: tuple[PostedClaim, ...]  # those whose adjustments count
    answered: Version | None  # the version that these answer

    def sum(self, column: str) -> int:
        """The sum of one column over what stands, in cents."""
        if len(self.standing) == 1:
            value: int = getattr(self.standing[0], column)
            return value
        return total(self.standing, column)

    @property
    def responsibility(self) -> str:
        return RESPONSIBILITIES[self.rank - 1] if self.rank <= len(RESPONSIBILITIES) else ""


def legs_of(versions: Sequence[LiveVersion], paired: Paired) -> list[Leg]:
    """One leg a payer, primary first. A payer that covers a patient twice has a leg for each cover."""
    groups: dict[tuple[str, int], _Group] = {}
    for one in paired.unreversed:
        _group(groups, one, versions).unreversed.append(one)
    for reversal, original in paired.pairs:
        group = _group(groups, original, versions)
        group.reversed += [reversal, original]
    if len(groups) == 1:
        ((payer_key, rank), group) = next(iter(groups.items()))
        rank = rank or _rank(payer_key, group, versions) or _LAST
        return [_leg(payer_key, rank, group, versions)]
    ranks = _ranks(groups, versions)
    order = sorted(groups, key=lambda key: (ranks[key], groups[key].tie(), key))
    return [_leg(key[0], ranks[key], groups[key], versions) for key in order]


def plain_leg(version: LiveVersion, one: PostedClaim) -> Leg:
    """The leg of the only remitted claim, which is no reversal and posts something, of the only version."""
    rank = _version_rank(version.version) if is_payer_of(one.payer_key, version.version) else _LAST
    if rank == _LAST:
        rank = RANK_OF_STATUS.get(one.status) or _LAST
    return Leg(one.payer_key, rank, one.paid, (one,), version.version)


class _Group:
    """The remitted claims of one leg."""

    __slots__ = ("reversed", "unreversed")

    def __init__(self) -> None:
        self.unreversed: list[PostedClaim] = []
        self.reversed: list[PostedClaim] = []  # reversals and what they took back

    def tie(self) -> tuple[object, ...]:
        """Puts the payer that repeats others behind them, then the one that paid later."""
        repeats = any(one.prior_payer for one in self.unreversed)
        return repeats, max((content_order(one)[:3] for one in (*self.unreversed, *self.reversed)), default=())


def _group(groups: dict[tuple[str, int], _Group], posted: PostedClaim, versions: Sequence[LiveVersion]) -> _Group:
    """The group of a remitted claim: by payer, and by rank where the claim went to that payer in several ranks."""
    rank, covers = 0, list[int]()
    if len(versions) > 1:
        covers = sorted({_version_rank(one.version) for one in versions if is_payer_of(posted.payer_key, one.version)})
    if len(covers) > 1:
        said = RANK_OF_STATUS.get(posted.status, 0)
        rank = said if said in covers else covers[0]
    return groups.setdefault((posted.payer_key, rank), _Group())


def _version_rank(version: Version) -> int:
    at = RESPONSIBILITIES.find(version.payer_responsibility)
    return at + 1 if at >= 0 and version.payer_responsibility else _LAST


def _ranks(groups: dict[tuple[str, int], _Group], versions: Sequence[LiveVersion]) -> dict[tuple[str, int], int]:
    """The rank of each leg: SBR01 of what was sent to it, else CLP02, else the place that nobody else has taken."""
    found = {key: key[1] or _rank(key[0], group, versions) for key, group in groups.items()}
    unknown = [key for key, rank in found.items() if not rank]
    if unknown:
        asked = {_version_rank(one.version) for one in versions} - {_LAST}
        free = sorted(asked - set(found.values()))
        for key in unknown:
            found[key] = free[0] if len(unknown) == 1 and free else _LAST
    return found


def _rank(payer_key: str, group: _Group, versions: Sequence[LiveVersion]) -> int:
    """By SBR01 of a version for this payer, else by the newest CLP02 that tells; 0 where neither does."""
    asked = [_version_rank(one.version) for one in versions if is_payer_of(payer_key, one.version)]
    if asked and min(asked) < _LAST:
        return min(asked)
    for one in sorted((*group.unreversed, *group.reversed), key=content_order, reverse=True):
        if rank := RANK_OF_STATUS.get(one.status):
            return rank
    return 0


def _leg(payer_key: str, rank: int, group: _Group, versions: Sequence[LiveVersion]) -> Leg:
    counted = [one for one in group.unreversed if one.status not in POSTS_NOTHING]
    standing, answered = _standing(counted, versions)
    paid = total(counted, "paid") + total(group.reversed, "paid")
    return Leg(payer_key, rank, paid, standing, answered)


def _standing(
    posted: Sequence[PostedClaim], versions: Sequence[LiveVersion]
) -> tuple[tuple[PostedClaim, ...], Version | None]:
    """What stands of a payer's remitted claims that were not reversed, and the version that it answers.

    All of them, as the parts of a split claim; where their charges together exceed the claim's, the newest that do
    not. A denial as a duplicate never displaces another answer.
    """
    if not posted:
        return (), None
    newest_first = sorted(posted, key=lambda one: (not one.duplicate_denial, content_order(one)), reverse=True)
    newest = newest_first[0]
    in_set = [one for one in posted if one.remittance_id == newest.remittance_id]
    version = answered_version(newest, versions, total(in_set, "charge"))
    if len(posted) == 1 or total(posted, "charge") <= version.charge:
        return tuple(newest_first), version
    standing, charge = [newest], newest.charge
    for one in newest_first[1:]:
        charge += one.charge
        if charge > version.charge:
            break
        standing.append(one)
    return tuple(standing), version


def named_payers(document: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """SBR01 and payer of everybody whom a claim names as paying: the payer that it goes to first."""
    own = (document.get("subscriber", {}).get("payer_responsibility", ""), document.get("payer", {}))
    others = document.get("other_payers", ())
    return [own, *((other.get("payer_responsibility", ""), other.get("payer", {})) for other in others)]
