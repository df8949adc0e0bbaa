"""Provider adjustments (PLB) as a ledger of their own per payer and provider: balances that payments carry on.

A pure fold: what came first never counts. A balance is everything that hangs together by what it names:

- entries of one code and reference, and those whose whole reference is a part of another (a claim and an account);
- FB, and whatever else names a payment: what one payment carries forward, and the later one that names its TRN02;
- 72, a refund by the provider, and the WO that it settles: by reference, else the one of the same payment and amount.

A payment that is undone has each entry twice, the second time with the sign turned. Signs are those of the file: above
zero lowers the payment. Amounts of opposite sign that name different things never settle each other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

REFUND, RECOVERY = "72", "WO"
_SETTLES = {REFUND: RECOVERY}  # a code whose entries stand in the balances of another
_NOTHING = re.compile(r"[0\W]*")  # what stands where a payer has nothing to name

OPEN, SETTLED = "open", "settled"


class EntryLike(Protocol):
    """An entry as the store keeps it; amounts in cents, days as YYYY-MM-DD."""

    @property
    def adjustment_id(self) -> int: ...  # of the PLB pair: the same for an entry and its undoing
    @property
    def remittance_id(self) -> int: ...
    @property
    def payer_key(self) -> str: ...
    @property
    def payer_name(self) -> str: ...
    @property
    def provider_id(self) -> str: ...  # PLB01
    @property
    def code(self) -> str: ...  # PLB03-1
    @property
    def reference(self) -> str: ...  # PLB03-2
    @property
    def amount(self) -> int: ...
    @property
    def payment_date(self) -> str: ...
    @property
    def trace_number(self) -> str: ...
    @property
    def recorded_at(self) -> str: ...


class Balance(NamedTuple):
    """Entries that hang together. It is open until they come to nothing."""

    payer_key: str
    payer_name: str
    provider_id: str
    code: str  # of the first entry
    reference: str  # of the first entry
    open: int  # cents: below zero the payer will still take it, above zero it was taken without having been announced
    entries: tuple[EntryLike, ...]  # by date, trace number and place in the payment

    @property
    def state(self) -> str:
        return OPEN if self.open else SETTLED

    @property
    def because(self) -> str:
        """What the balance waits for, in words."""
        if not self.open:
            return "settled"
        if self.open < 0:
            return "the payer will take this from a later payment"
        return "taken from a payment, and nothing in the store says why"


class Total(NamedTuple):
    """All entries of one payer, provider and code together; undone ones come to nothing."""

    payer_key: str
    payer_name: str
    provider_id: str
    code: str
    times: int
    first: str
    last: str
    amount: int


PayerOf = Callable[[str], str]


def balances(
    entries: Iterable[EntryLike], carries: Callable[[str], bool], payer_of: PayerOf = lambda key: key
) -> list[Balance]:
    """The balances of the codes that carry one on, by payer, provider, code and date.

    :param carries: whether entries of a code must come to nothing in the end
    :param payer_of: one id for all those by which a payer is known
    """
    ledgers: dict[tuple[str, str, str], list[EntryLike]] = defaultdict(list)
    for one in entries:
        code = _normal(one.code)
        if carries(code):
            ledgers[payer_of(one.payer_key), one.provider_id, _SETTLES.get(code, code)].append(one)
    found = []
    for (payer_key, provider_id, _), own in sorted(ledgers.items()):
        made = [_balance(payer_key, provider_id, chain) for chain in _chains(own)]
        found += sorted(made, key=lambda one: _order(one.entries[0]))
    return found


def totals(entries: Iterable[EntryLike], payer_of: PayerOf = lambda key: key) -> list[Total]:
    """The sums by payer, provider and code, of every code."""
    groups: dict[tuple[str, str, str], list[EntryLike]] = defaultdict(list)
    for one in entries:
        groups[payer_of(one.payer_key), one.provider_id, _normal(one.code)].append(one)
    return [_total(key, own) for key, own in sorted(groups.items())]


def spellings(reference: str) -> tuple[str, ...]:
    """The texts that a reference may name a claim by, the most likely first: the whole of it, then its parts.

    PLB03-2 is free text: a claim number, a trace number or an account, sometimes two of them with a space between.
    """
    parts = [part for part in re.split(r"[\s,;/|]+", reference) if len(part) >= 4]
    return tuple(dict.fromkeys(text for text in (reference, reference.strip(), *parts) if not _is_nothing(text)))


def _balance(payer_key: str, provider_id: str, chain: Sequence[EntryLike]) -> Balance:
    entries = tuple(sorted(chain, key=_order))
    first = entries[0]
    code, reference = _normal(first.code), first.reference
    return Balance(
        payer_key, first.payer_name, provider_id, code, reference, sum(one.amount for one in entries), entries
    )


def _total(key: tuple[str, str, str], entries: Sequence[EntryLike]) -> Total:
    standing = _standing(entries)
    days = sorted(one.payment_date for one in standing)
    amount = sum(one.amount for one in entries)
    first, last = (days[0], days[-1]) if days else ("", "")
    return Total(key[0], max(one.payer_name for one in entries), key[1], key[2], len(standing), first, last, amount)


def _standing(entries: Sequence[EntryLike]) -> list[EntryLike]:
    """One entry for each PLB pair that was not taken back."""
    sums: dict[int, int] = defaultdict(int)
    for one in entries:
        sums[one.adjustment_id] += one.amount
    return list({one.adjustment_id: one for one in entries if sums[one.adjustment_id]}.values())


# ── what hangs together ──────────────────────────────────────────────────────────────────────────────────────────────


def _chains(entries: Sequence[EntryLike]) -> Iterator[list[EntryLike]]:
    """The entries of one ledger, those together that share a name, directly or through others."""
    named = {_name(one.reference) for one in entries} - {""}
    refunds = _refunds(entries)
    of_name: dict[object, int] = {}
    group = list(range(len(entries)))

    def root(at: int) -> int:
        while group[at] != at:
            group[at] = group[group[at]]
            at = group[at]
        return at

    for at, one in enumerate(entries):
        for name in _names(one, named, refunds):
            group[root(at)] = root(of_name.setdefault(name, at))
    chains: dict[int, list[EntryLike]] = defaultdict(list)
    for at, one in enumerate(entries):
        chains[root(at)].append(one)
    yield from chains.values()


def _names(one: EntryLike, named: set[str], refunds: set[tuple[int, int]]) -> Iterator[object]:
    """What an entry is found by: itself, its reference, its payment where another entry names that, its refund."""
    yield one.adjustment_id
    if reference := _name(one.reference):
        yield reference
        yield from {name for text in spellings(one.reference) if (name := _name(text)) in named}
    trace = _name(one.trace_number)
    if trace in named and (_carried(one) < 0):
        yield trace
    if (one.remittance_id, abs(one.amount)) in refunds:
        yield one.remittance_id, abs(one.amount)


def _carried(one: EntryLike) -> int:
    """The amount as the file has it, whether this is the entry or its undoing."""
    return -one.amount if getattr(one, "kind", "post") == "undo" else one.amount


def _refunds(entries: Sequence[EntryLike]) -> set[tuple[int, int]]:
    """Payment and amount of each refund by the provider that has one recovery of the same amount beside it."""
    pairs: dict[tuple[int, int], set[tuple[int, str, int]]] = defaultdict(set)
    for one in entries:
        amount = _carried(one)
        pairs[one.remittance_id, abs(amount)].add((one.adjustment_id, _normal(one.code), amount))
    return {key for key, own in pairs.items() if sorted(code for _, code, _ in own) == [REFUND, RECOVERY]
            and sum(amount for *_, amount in own) == 0}  # fmt: skip


def _name(text: str) -> str:
    return "" if _is_nothing(text) else " ".join(text.upper().split())


def _is_nothing(text: str) -> bool:
    return _NOTHING.fullmatch(text) is not None


def _normal(code: str) -> str:
    return code.strip().upper()


def _order(one: EntryLike) -> tuple[object, ...]:
    """By content; the time of recording tells only an entry from its undoing."""
    return one.payment_date, one.trace_number, _normal(one.code), one.reference, one.adjustment_id, one.recorded_at
