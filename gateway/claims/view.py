"""A completed document as the edits look at it: its texts walked once, and the parts that many edits ask for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple, TypeVar

from gateway.claims.code_lists import CodeLists
from gateway.claims.completion import Document
from gateway.claims.payer_terms import PayerTerms, Terms

_Made = TypeVar("_Made")


class Leaf(NamedTuple):
    """One text of a document."""

    path: str  # "lines[0].procedure.code"
    name: str  # "code"
    value: str


_leaf = partial(tuple.__new__, Leaf)  # of a tuple: in half the time of Leaf(…), and a claim has a hundred


def text_of(holder: Any, name: str, *below: str) -> str:
    """The text at a path of names; empty where there is none."""
    found = holder.get(name) if isinstance(holder, dict) else None
    for step in below:
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def object_of(holder: Any, name: str) -> Document:
    """The object of that name; an empty one where there is none."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, dict) else {}


def objects_of(holder: Any, name: str) -> list[Document]:
    """The objects of the list of that name."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def texts_of(holder: Any, name: str) -> list[str]:
    """The texts of the list of that name."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


@lru_cache(maxsize=10_000)
def real_day(text: str) -> date | None:
    """The day of an ISO date; None where it is none or not in the calendar."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def days_of(text: str) -> list[date]:
    """The real days of a date, an interval or a date and time."""
    return [day for part in text.split("/") if (day := real_day(part[:10]))]


_NO_LISTS = CodeLists()
_NO_TERMS = PayerTerms()


class View:
    """One claim, the day on which it is looked at, and the tables that it is held against."""

    def __init__(
        self,
        document: Document,
        today: date,
        delimiters: str = "*:^~",
        *,
        codes: CodeLists = _NO_LISTS,
        terms: PayerTerms = _NO_TERMS,
    ) -> None:
        self.document = document
        self.today = today
        self.delimiters = delimiters
        self.codes = codes
        self._terms = terms
        self._made: dict[Callable[..., Any], Any] = {}
        self.type = text_of(document, "type")
        self.subscriber = object_of(document, "subscriber")
        self.patient = object_of(document, "patient")
        self.billing = object_of(document, "billing_provider")
        self.payer = object_of(document, "payer")
        self.lines = objects_of(document, "lines")
        self.diagnoses = objects_of(document, "diagnoses")
        self.other_payers = objects_of(document, "other_payers")

    @cached_property
    def _walked(self) -> tuple[list[Leaf], set[str]]:
        leaves, names = list[Leaf](), set[str]()
        _walk_object(self.document, "", leaves, names)
        return leaves, names

    @property
    def leaves(self) -> list[Leaf]:
        """Every text with its path."""
        return self._walked[0]

    @property
    def names(self) -> set[str]:
        """The names of all fields that are there, wherever they stand."""
        return self._walked[1]

    @cached_property
    def by_name(self) -> dict[str, list[Leaf]]:
        """The texts by the name of their field."""
        found: dict[str, list[Leaf]] = {}
        for leaf in self.leaves:
            if leaf.name in found:
                found[leaf.name].append(leaf)
            else:
                found[leaf.name] = [leaf]
        return found

    def once(self, make: Callable[[View], _Made]) -> _Made:
        """What a function makes of this view, made once for all edits that ask for it."""
        if make not in self._made:
            self._made[make] = make(self)
        found: _Made = self._made[make]
        return found

    def named(self, *names: str) -> list[Leaf]:
        """The texts of all fields of these names, wherever they stand."""
        found = self.by_name
        return [leaf for name in names if name in found for leaf in found[name]]

    @cached_property
    def all_text(self) -> str:
        """Every text, one behind the other."""
        return "".join([leaf.value for leaf in self.leaves])

    @cached_property
    def is_plain(self) -> bool:
        """Whether every text is plain ASCII without control characters."""
        return self.all_text.isascii() and self.all_text.isprintable()

    @cached_property
    def by_path(self) -> dict[str, str]:
        """The texts by path."""
        return {leaf.path: leaf.value for leaf in self.leaves}

    @cached_property
    def service_days(self) -> list[date]:
        """The days of service that are real, in order."""
        texts = [text_of(line, "service_date") for line in self.lines]
        texts += [text_of(self.document, "service_date"), text_of(self.document, "statement_period")]
        return sorted(day for text in texts for day in days_of(text))

    @cached_property
    def adjudicated(self) -> list[tuple[int, Document]]:
        """The lines that say what other payers decided, each with its place; on most claims none."""
        return [(place, line) for place, line in enumerate(self.lines) if "adjudications" in line]

    @cached_property
    def last_day(self) -> str:
        """The last day of service as YYYY-MM-DD; empty where none is known."""
        return self.service_days[-1].isoformat() if self.service_days else ""

    @cached_property
    def frequency(self) -> str:
        """CLM05-3."""
        return text_of(self.document, "frequency")

    @cached_property
    def filing_indicator(self) -> str:
        """SBR09 of the payer that this claim goes to."""
        return text_of(self.subscriber, "filing_indicator")

    @cached_property
    def order(self) -> str:
        """SBR01 of the payer that this claim goes to."""
        return text_of(self.subscriber, "payer_responsibility")

    @cached_property
    def terms(self) -> Terms:
        """What the payer asks for."""
        return self._terms.of(text_of(self.payer, "id"), self.filing_indicator, self.type)

    @property
    def is_medicare(self) -> bool:
        """Whether this claim is for Medicare itself."""
        return self.filing_indicator in ("MA", "MB")


def _walk_object(value: Document, start: str, leaves: list[Leaf], names: set[str]) -> None:
    names.update(value)
    for key, item in value.items():
        kind = item.__class__
        if kind is str:
            leaves.append(_leaf((start + key, key, item)))
        elif kind is dict:
            _walk_object(item, f"{start}{key}.", leaves, names)
        elif kind is list:
            _walk_list(item, start + key, key, leaves, names)


def _walk_list(value: list[Any], path: str, name: str, leaves: list[Leaf], names: set[str]) -> None:
    for place, item in enumerate(value):
        kind = item.__class__
        if kind is str:
            leaves.append(_leaf((f"{path}[{place}]", name, item)))
        elif kind is dict:
            _walk_object(item, f"{path}[{place}].", leaves, names)
        elif kind is list:
            _walk_list(item, f"{path}[{place}]", name, leaves, names)
