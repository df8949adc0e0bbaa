"""What the codes of answers mean, in a biller's words: tables of mappings/codes/, with a home's rows over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gateway.errors import UsageError
from gateway.reconcile.classes import table_rows

_ANSWERS = ("kind", "code", "label", "action")
_PROVIDER = ("code", "label", "carries")
_REFUNDS = ("filing", "payer", "days")


class Word(NamedTuple):
    """One code: what it says, and what is usually done about it."""

    label: str
    action: str = ""


class ProviderCode(NamedTuple):
    """A PLB code; one that carries a balance from payment to payment must come to nothing in the end."""

    label: str
    carries: bool


class Words:
    """The tables of codes. Unknown codes have a label that says so."""

    __slots__ = ("_answers", "_providers", "_refunds")

    def __init__(
        self,
        answers: dict[tuple[str, str], Word],
        providers: dict[str, ProviderCode],
        refunds: dict[tuple[str, str], int],
    ) -> None:
        self._answers = answers
        self._providers = providers
        self._refunds = refunds

    def answer(self, code: str) -> Word:
        """The words for a code of a TA1, 999 or 277CA as an event keeps it, for example "A7:562:82"."""
        if code.startswith(("TA1:", "IK5:", "AK9:", "IK3:", "IK4:")):
            return self._of_syntax(code)
        category, _, rest = code.partition(":")
        status, _, entity = rest.partition(":")
        said, about, who = (
            self._answers.get(key) for key in (("category", category), ("status", status), ("entity", entity))
        )
        main = about or said
        if main is None:
            return Word(f"Status {code}", "Ask who rejected it")
        label = f"{main.label} ({who.label.lower()})" if who is not None and about is not None else main.label
        return Word(label, main.action or (said.action if said else ""))

    def _of_syntax(self, code: str) -> Word:
        segment, _, rest = code.partition(":")
        codes = rest.split(":")
        wanted = {"TA1": codes[1:], "IK5": codes[1:] or codes, "AK9": codes[1:] or codes}.get(segment, codes[-1:])
        known = [word for one in wanted if (word := self._answers.get((segment, one))) is not None]
        if not known:
            return Word(f"{segment} {rest}", "Ask who rejected it")
        where = {"IK3": f": {codes[0]}", "IK4": f": element {codes[0]}"}.get(segment, "")
        return Word(f"{known[0].label}{where}", known[0].action)

    def provider(self, code: str) -> ProviderCode:
        return self._providers.get(code.strip().upper(), ProviderCode(f"Provider adjustment {code}", False))

    def refund_days(self, payer: str, filing: str) -> int:
        """Within how many days money that was paid too much goes back: of the payer, else its kind, else any."""
        for key in ((payer, ""), ("", filing), ("", "")):
            if key in self._refunds:
                return self._refunds[key]
        return 60


def load_words(answers: Iterable[str], providers: Iterable[str], refunds: Iterable[str]) -> Words:
    """The words from the texts of the tables: the shipped ones first, then a home's, whose rows replace them.

    :raises UsageError: naming table, line and column of what cannot be
    """
    by_code: dict[tuple[str, str], Word] = {}
    for _, row in rows_of(answers, "answer_codes.csv", _ANSWERS):
        by_code[row["kind"], row["code"]] = Word(row["label"], row["action"])
    by_plb = {
        row["code"].upper(): ProviderCode(row["label"], row["carries"] == "yes")
        for _, row in rows_of(providers, "provider_adjustments.csv", _PROVIDER)
    }
    days: dict[tuple[str, str], int] = {}
    for where, row in rows_of(refunds, "refunds.csv", _REFUNDS):
        if not row["days"].isdecimal():
            raise UsageError(f"{where}: days must be a whole number")
        days[row["payer"], row["filing"]] = int(row["days"])
    return Words(by_code, by_plb, days)


def rows_of(texts: Iterable[str], table: str, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a table from all its texts, with where they stand."""
    for text in texts:
        yield from table_rows(text, table, columns)
