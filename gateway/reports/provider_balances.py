"""Balances that payers carry from payment to payment (PLB): for the report of payments and `remittances balances`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from gateway.claims.crosswalk import NO_CROSSWALK, Crosswalk
from gateway.reconcile.provider_ledger import Balance, Total, balances, spellings, totals
from gateway.reports.cells import amount
from gateway.reports.document import Column, Row, Table, table_of
from gateway.reports.words import Words
from gateway.store import Connection
from gateway.store.claims import claims_by_id
from gateway.store.entries import Named, ProviderEntry, claims_named, provider_entries, references_with
from gateway.store.reporting import Filters

Document = dict[str, Any]

_TOTALS = (
    Column("payer.id", "payer id", brief=False),
    Column("payer.name", "payer"),
    Column("provider", "provider"),
    Column("code", "PLB"),
    Column("label", "what it is"),
    Column("times", "times", "count", adds=True),
    Column("first", "first", "date"),
    Column("last", "last", "date"),
    Column("amount", "taken", "money", adds=True),
    Column("open", "carried on", "money", adds=True),
)
_OPEN = (
    Column("payer.id", "payer id", brief=False),
    Column("payer.name", "payer"),
    Column("provider", "provider"),
    Column("code", "PLB"),
    Column("label", "what it is", brief=False),
    Column("reference", "reference"),
    Column("patient_control_number", "claim"),
    Column("first", "since", "date"),
    Column("last", "last", "date"),
    Column("entries", "entries", "count"),
    Column("open", "open", "money", adds=True),
    Column("because", "because"),
)


class Ledger(NamedTuple):
    """The ledger of provider adjustments, and the claims that its references name."""

    balances: list[Balance]
    totals: list[Total]  # of the payments that the filters leave
    claims: Mapping[str, str]  # our patient control number, or PAYMENT.CLAIM of an unmatched one, by reference


def ledger(
    conn: Connection, filters: Filters, words: Words, crosswalk: Crosswalk = NO_CROSSWALK, as_of: str = ""
) -> Ledger:
    """The ledger. A balance is never cut by --since or --until: its other half may stand outside."""
    entries = provider_entries(conn, replace(filters, since="", until=""), as_of)
    found = balances(entries, lambda code: words.provider(code).carries, crosswalk.resolve)
    shown = [one for one in entries if _within(one, filters)]
    return Ledger(found, totals(shown, crosswalk.resolve), named(conn, (one.reference for one in found)))


def _within(one: ProviderEntry, filters: Filters) -> bool:
    return (filters.since or "") <= one.payment_date <= (filters.until or "9999-99-99")


def named(conn: Connection, references: Iterable[str]) -> dict[str, str]:
    """What each reference names, where that is one claim and no other."""
    texts = {reference: spellings(reference) for reference in set(references)}
    by_text: dict[str, list[Named]] = defaultdict(list)
    for one in claims_named(conn, {text for many in texts.values() for text in many}):
        by_text[one.text].append(one)
    ours = {one.claim_id for many in by_text.values() for one in many if one.claim_id is not None}
    numbers = {key: row.patient_control_number for key, row in claims_by_id(conn, ours).items()}
    return {reference: found for reference, many in texts.items() if (found := _one_claim(many, by_text, numbers))}


def _one_claim(texts: Sequence[str], by_text: Mapping[str, list[Named]], numbers: Mapping[int, str]) -> str:
    """By the first text that names anything; nothing where that names several."""
    for text in texts:
        if known := by_text.get(text):
            ours = {one.claim_id for one in known if one.claim_id is not None}
            if len(ours) == 1:
                return numbers.get(ours.pop(), "")
            others = {one.remitted for one in known}
            return others.pop() if not ours and len(others) == 1 else ""
    return ""


# ── for the report ───────────────────────────────────────────────────────────────────────────────────────────────────


def tables(found: Ledger, words: Words, crosswalk: Crosswalk, limit: int | None = None) -> tuple[Table, Table]:
    """Provider adjustments by payer, provider and code, and each balance that is still open."""
    rest: dict[tuple[str, str, str], int] = defaultdict(int)
    open_ones = [one for one in found.balances if one.open]
    for balance in open_ones:
        for entry in balance.entries:
            rest[balance.payer_key, balance.provider_id, entry.code.strip().upper()] += entry.amount
    rows: list[Row] = []
    for one in found.totals:
        name = crosswalk.name(one.payer_key) or one.payer_name or one.payer_key
        carried = rest.get((one.payer_key, one.provider_id, one.code), 0)
        rows.append((one.payer_key, name, one.provider_id, one.code, words.provider(one.code).label, one.times,
                     one.first, one.last, one.amount, carried))  # fmt: skip
    note = "A sum above zero was taken from payments. What is carried on is open until it comes to nothing."
    sums = table_of("provider_adjustments", "Provider adjustments (PLB)", _TOTALS, rows, note=note if rows else "")
    listed = [_open_row(one, found, words, crosswalk) for one in open_ones]
    title = "Provider adjustments (PLB), open until they come to nothing"
    whole = {"open": sum(one.open for one in open_ones)}
    return sums, table_of(
        "provider_balances", title, _OPEN, listed if limit is None else listed[:limit], count=len(listed),
        totals=dict(whole),
    )  # fmt: skip


def _open_row(one: Balance, found: Ledger, words: Words, crosswalk: Crosswalk) -> Row:
    days = [entry.payment_date for entry in one.entries]
    return (
        one.payer_key, crosswalk.name(one.payer_key) or one.payer_name or one.payer_key, one.provider_id, one.code,
        words.provider(one.code).label, one.reference, found.claims.get(one.reference, ""), days[0], days[-1],
        len(days), one.open, one.because,
    )  # fmt: skip


# ── for `remittances balances` ───────────────────────────────────────────────────────────────────────────────────────


def document(found: Ledger, words: Words, crosswalk: Crosswalk, *, only_open: bool) -> Document:
    """The ledger as `remittances balances --json` has it."""
    listed = [one for one in found.balances if one.open or not only_open]
    return {
        "open": amount(sum(one.open for one in found.balances)),
        "balances": [_balance(one, found, words, crosswalk) for one in listed],
        "totals": [_total(one, words, crosswalk) for one in found.totals],
    }


def naming(
    conn: Connection, number: str, payer_numbers: Iterable[str], words: Words, crosswalk: Crosswalk
) -> list[Document]:
    """Every provider adjustment that names a claim, with its balance where it carries one, as `claims show` has them.

    :param number: our patient control number
    :param payer_numbers: the payers' claim numbers; texts of fewer than four signs are looked for as a whole only
    """
    texts = {one for one in (number, *payer_numbers) if one}
    references = {one for one in references_with(conn, texts) if texts & set(spellings(one))}
    ours = {one for one, claim in named(conn, references).items() if claim == number}
    if not ours:
        return []
    entries = [one for one in provider_entries(conn) if one.reference in ours]
    payers = {one.payer_key for one in entries}
    found = balances(
        (one for one in provider_entries(conn) if one.payer_key in payers),
        lambda code: words.provider(code).carries,
        crosswalk.resolve,
    )
    open_by = {entry.adjustment_id: one for one in found for entry in one.entries}
    return [_naming(one, open_by.get(one.adjustment_id), words) for one in entries]


def _naming(one: ProviderEntry, balance: Balance | None, words: Words) -> Document:
    """`state` and `open` are of the whole balance; empty where the code carries none."""
    carried = {"state": balance.state if balance else "", "open": amount(balance.open) if balance else ""}
    return {
        **_entry(one),
        "payer": {"id": one.payer_key, "name": one.payer_name},
        "provider": one.provider_id,
        "label": words.provider(one.code).label,
        **carried,
    }


def _balance(one: Balance, found: Ledger, words: Words, crosswalk: Crosswalk) -> Document:
    return {
        "payer": {"id": one.payer_key, "name": crosswalk.name(one.payer_key) or one.payer_name},
        "provider": one.provider_id,
        "code": one.code,
        "label": words.provider(one.code).label,
        "reference": one.reference,
        "patient_control_number": found.claims.get(one.reference, ""),
        "state": one.state,
        "open": amount(one.open),
        "because": one.because,
        "entries": [_entry(entry) for entry in one.entries if isinstance(entry, ProviderEntry)],
    }


def _entry(one: ProviderEntry) -> Document:
    return {
        "kind": one.kind,
        "remittance": str(one.remittance_id),
        "trace_number": one.trace_number,
        "date": one.payment_date,
        "code": one.code,
        "reference": one.reference,
        "amount": amount(one.amount),
        "segment": one.segment,
        "by": one.actor,
        "reason": one.reason,
        "recorded_at": one.recorded_at,
    }


def _total(one: Total, words: Words, crosswalk: Crosswalk) -> Document:
    return {
        "payer": {"id": one.payer_key, "name": crosswalk.name(one.payer_key) or one.payer_name},
        "provider": one.provider_id,
        "code": one.code,
        "label": words.provider(one.code).label,
        "carries": words.provider(one.code).carries,
        "times": one.times,
        "first": one.first,
        "last": one.last,
        "amount": amount(one.amount),
    }
