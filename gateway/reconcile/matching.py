"""The ladder by which a remitted claim finds the claim that it answers: pure, over candidates.

Rungs, the first that finds one claim decides:

1. `patient_control_number`: CLP01 is CLM01;
2. `normalized_number`: the same without padding and in upper case;
3. `truncated_number`: CLP01 is CLM01 cut to 17 or 20 characters;
4. `payer_claim_number`: CLP07, or REF*F8, is a number that the payer gave the claim before;
5. `member_dates_charge`: member, dates of service and charge agree, and the provider does not contradict.

Several claims on one rung are told apart by what else they agree on, never by which came first; what cannot be told
apart is ambiguous. A single one is refused where too much else contradicts it: another system may use our numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import NamedTuple

from gateway.claims.control_numbers import CUTS, is_lost, match_key

_NONE: frozenset[str] = frozenset()


class Rung(StrEnum):
    NUMBER = "patient_control_number"
    NORMALIZED = "normalized_number"
    TRUNCATED = "truncated_number"
    PAYER_NUMBER = "payer_claim_number"
    MEMBER = "member_dates_charge"


class Wanted(NamedTuple):
    """What a remitted claim says of the claim that it answers. Charge in cents, days as YYYY-MM-DD or empty."""

    patient_control_number: str  # CLP01
    charge: int  # CLP03, negative in a reversal
    payer_claim_number: str = ""  # CLP07
    original_reference: str = ""  # REF*F8
    member_ids: frozenset[str] = _NONE  # NM1*QC, IL and 74
    service_from: str = ""
    service_to: str = ""
    provider_ids: frozenset[str] = _NONE  # the payee's NPI and tax id
    payer_ids: frozenset[str] = _NONE


class Candidate(NamedTuple):
    """A claim that may be meant, over all its versions."""

    claim_id: int
    patient_control_number: str  # CLM01
    provider_ids: frozenset[str] = _NONE  # the billing provider's NPI or tax id
    payer_ids: frozenset[str] = _NONE
    payer_claim_numbers: frozenset[str] = _NONE  # from 277CA, 277 and earlier remittances
    member_ids: frozenset[str] = _NONE
    charges: frozenset[int] = frozenset()  # cents
    service_from: str = ""
    service_to: str = ""


class Match(NamedTuple):
    claim_id: int
    rung: Rung
    evidence: str  # what else agreed and differed; no patient data


class Ambiguous(NamedTuple):
    """Several claims that nothing tells apart."""

    claim_ids: tuple[int, ...]  # ascending
    rung: Rung


class Unmatched(NamedTuple):
    reason: str  # one line; no patient data


Result = Match | Ambiguous | Unmatched


class Lookups(NamedTuple):
    """What to look up so that every candidate is at hand; identifiers as they came and in upper case."""

    match_keys: frozenset[str]  # of claims, whole
    cut_keys: frozenset[str]  # of claims whose match key is longer and begins so
    payer_claim_numbers: frozenset[str]
    member_ids: frozenset[str]


def lookups(wanted: Iterable[Wanted]) -> Lookups:
    """The keys of all rungs for many remitted claims."""
    keys: set[str] = set()
    cut: set[str] = set()
    numbers: set[str] = set()
    members: set[str] = set()
    for one in wanted:
        if not is_lost(one.patient_control_number):
            key = match_key(one.patient_control_number)
            keys.add(key)
            if len(key) in CUTS:
                cut.add(key)
        numbers |= {*_payer_numbers(one), one.payer_claim_number.strip(), one.original_reference.strip()}
        members |= {text for member in one.member_ids for text in (member.strip(), _normal(member))}
    return Lookups(frozenset(keys), frozenset(cut), frozenset(numbers - {""}), frozenset(members - {""}))


def match(wanted: Wanted, candidates: Iterable[Candidate]) -> Result:
    """Finds the claim of one remitted claim among candidates."""
    return Ladder(candidates).find(wanted)


class Ladder:
    """Candidates by the keys of each rung, for many remitted claims."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._candidates = list({one.claim_id: one for one in candidates}.values())
        self._by_number: dict[str, list[Candidate]] = {}
        self._by_key: dict[str, list[Candidate]] = {}
        for one in self._candidates:
            number = one.patient_control_number
            self._by_number.setdefault(number, []).append(one)
            self._by_key.setdefault(match_key(number), []).append(one)

    # What most remitted claims never come to.

    @cached_property
    def _by_cut(self) -> dict[str, list[Candidate]]:
        found: dict[str, list[Candidate]] = {}
        for one in self._candidates:
            key = match_key(one.patient_control_number)
            for length in CUTS:
                if len(key) > length:
                    found.setdefault(key[:length], []).append(one)
        return found

    @cached_property
    def _by_payer_number(self) -> dict[str, list[Candidate]]:
        return _index(self._candidates, lambda one: one.payer_claim_numbers)

    @cached_property
    def _by_member(self) -> dict[str, list[Candidate]]:
        return _index(self._candidates, lambda one: one.member_ids)

    def find(self, wanted: Wanted) -> Result:
        """The claim that a remitted claim answers, by the first rung that finds one."""
        found = self._by_number.get(wanted.patient_control_number, ())
        if len(found) == 1 and not is_lost(wanted.patient_control_number):  # nearly always
            traits = _traits(found[0], wanted)
            if _accepts_number(traits):
                return Match(found[0].claim_id, Rung.NUMBER, _evidence(traits))
        return self._climb(wanted)

    def _climb(self, wanted: Wanted) -> Result:
        refused = False
        for rung, found in self._rungs(wanted):
            if not found:
                continue
            best = _best(found, wanted)
            if len(best) > 1:
                return Ambiguous(tuple(sorted(one.claim_id for one in best)), rung)
            traits = _traits(best[0], wanted)
            if _ACCEPTS[rung](traits):
                return Match(best[0].claim_id, rung, _evidence(traits))
            refused = True
        if refused:
            return Unmatched("A claim has this number, but provider, dates, charge or member are another's.")
        return Unmatched("No claim has this number, nor this member, these dates and this charge.")

    def _rungs(self, wanted: Wanted) -> Iterator[tuple[Rung, list[Candidate]]]:
        number = wanted.patient_control_number
        if not is_lost(number):
            key = match_key(number)
            yield Rung.NUMBER, self._by_number.get(number, [])
            yield Rung.NORMALIZED, self._by_key.get(key, [])
            yield Rung.TRUNCATED, self._by_cut.get(key, [])
        yield Rung.PAYER_NUMBER, _gather(self._by_payer_number, _payer_numbers(wanted))
        members = {_normal(member) for member in wanted.member_ids} - {""}
        yield Rung.MEMBER, [one for one in _gather(self._by_member, members) if _is_same_service(one, wanted)]


def _index(candidates: Iterable[Candidate], keys: Callable[[Candidate], frozenset[str]]) -> dict[str, list[Candidate]]:
    found: dict[str, list[Candidate]] = {}
    for one in candidates:
        for key in keys(one):
            found.setdefault(_normal(key), []).append(one)
    return found


def _gather(index: Mapping[str, list[Candidate]], keys: Iterable[str]) -> list[Candidate]:
    return list({one.claim_id: one for key in keys for one in index.get(key, ())}.values())


def _payer_numbers(wanted: Wanted) -> set[str]:
    return {_normal(wanted.payer_claim_number), _normal(wanted.original_reference)} - {""}


def _normal(text: str) -> str:
    return text.strip().upper()


# ── what agrees ──────────────────────────────────────────────────────────────────────────────────────────────────────

AGREES, UNKNOWN, DIFFERS = 1, 0, -1


class _Traits(NamedTuple):
    """What else agrees, in the order in which it tells claims apart."""

    provider: int
    payer_number: int
    member: int
    dates: int
    charge: int
    payer: int

    def differing(self) -> int:
        """How many contradict; another payer contradicts nothing, since several answer one claim."""
        return (self.provider, self.member, self.dates, self.charge).count(DIFFERS)


def _traits(one: Candidate, wanted: Wanted) -> _Traits:
    return _Traits(
        provider=_provider(one.provider_ids, wanted.provider_ids),
        payer_number=_payer_number(one, wanted) if one.payer_claim_numbers else UNKNOWN,
        member=_member(one.member_ids, wanted.member_ids),
        dates=_dates(one, wanted),
        charge=_charge(one.charges, wanted.charge),
        payer=_same_payer(one.payer_ids, wanted.payer_ids),
    )


def _member(ours: frozenset[str], theirs: frozenset[str]) -> int:
    """Nearly always written alike."""
    if any(map(str.strip, ours & theirs)):
        return AGREES
    return _shared(set(map(_normal, ours)), set(map(_normal, theirs)))


def _payer_number(one: Candidate, wanted: Wanted) -> int:
    return _shared({_normal(number) for number in one.payer_claim_numbers}, _payer_numbers(wanted))


@lru_cache(maxsize=1 << 10)
def _same_payer(ours: frozenset[str], theirs: frozenset[str]) -> int:
    """Remembered, since payers are few."""
    return _shared(set(map(_normal, ours)), set(map(_normal, theirs)))


def _shared(ours: set[str], theirs: set[str]) -> int:
    ours.discard("")
    theirs.discard("")
    if ours & theirs:
        return AGREES
    return DIFFERS if ours and theirs else UNKNOWN


def _provider(ours: frozenset[str], theirs: frozenset[str]) -> int:
    """NPIs and tax ids are of different length, and only like is compared with like."""
    if ours & theirs:
        return AGREES
    return DIFFERS if {len(one) for one in ours if one} & {len(one) for one in theirs if one} else UNKNOWN


def _dates(one: Candidate, wanted: Wanted) -> int:
    if not one.service_from or not wanted.service_from:
        return UNKNOWN
    last, wanted_last = one.service_to or one.service_from, wanted.service_to or wanted.service_from
    return AGREES if one.service_from <= wanted_last and wanted.service_from <= last else DIFFERS


def _charge(charges: frozenset[int], charge: int) -> int:
    """A part of a split claim has less than the whole charge, so only more contradicts."""
    if not charges:
        return UNKNOWN
    if abs(charge) in charges:
        return AGREES
    return DIFFERS if abs(charge) > max(charges) else UNKNOWN


def _is_same_service(one: Candidate, wanted: Wanted) -> bool:
    agree = _dates(one, wanted) == AGREES and _charge(one.charges, wanted.charge) == AGREES
    return agree and _provider(one.provider_ids, wanted.provider_ids) != DIFFERS


def _best(found: Sequence[Candidate], wanted: Wanted) -> list[Candidate]:
    """Those that agree best, trait by trait."""
    if len(found) == 1:
        return list(found)
    rated = [(_traits(one, wanted), one) for one in found]
    for at in range(len(_Traits._fields)):
        if len(rated) == 1:
            break
        best = max(traits[at] for traits, _ in rated)
        rated = [(traits, one) for traits, one in rated if traits[at] == best]
    return [one for _, one in rated]


def _accepts_number(traits: _Traits) -> bool:
    """The whole number: refused only where it is another provider's, and the service another one too."""
    return traits.provider != DIFFERS or (traits.dates != DIFFERS and traits.charge != DIFFERS)


def _accepts_part(traits: _Traits) -> bool:
    """A cut number: nothing may contradict, unless the charge is the very same."""
    return traits.differing() == 0 or (traits.charge == AGREES and traits.differing() == 1)


def _accepts_payer_number(traits: _Traits) -> bool:
    return traits.differing() <= 1


def _accepts_all(traits: _Traits) -> bool:
    return traits.provider != DIFFERS


_ACCEPTS: dict[Rung, Callable[[_Traits], bool]] = {
    Rung.NUMBER: _accepts_number,
    Rung.NORMALIZED: _accepts_number,
    Rung.TRUNCATED: _accepts_part,
    Rung.PAYER_NUMBER: _accepts_payer_number,
    Rung.MEMBER: _accepts_all,
}


@lru_cache(maxsize=1 << 10)
def _evidence(traits: _Traits) -> str:
    agree = [name.replace("_", " ") for name, value in traits._asdict().items() if value == AGREES]
    differ = [name.replace("_", " ") for name, value in traits._asdict().items() if value == DIFFERS]
    parts = [f"agree: {', '.join(agree)}"] if agree else []
    parts += [f"differ: {', '.join(differ)}"] if differ else []
    return "; ".join(parts)
