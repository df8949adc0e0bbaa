"""The crosswalk of payer ids: one payer has an id of ours, another at each clearinghouse, and others in its answers.

The table `mappings/codes/payers.csv` says which of them mean the same payer. It serves routing, the ids that a partner
wants written, matching, the order of payers and reports. Without rows every id stands for itself.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from io import StringIO
from typing import NamedTuple

from gateway.claims.completion import Document
from gateway.claims.view import object_of, objects_of, text_of
from gateway.errors import UsageError

COLUMNS = ["payer", "alias", "where", "name"]
REMITTANCE, STATUS = "835", "277CA"  # as `where`: what a payer calls itself in its answers
_LONGEST = 80  # NM109
_CACHED = 10_000


class Alias(NamedTuple):
    """One row: another id of a payer."""

    payer: str  # our id, as claims carry it
    alias: str
    where: str  # a partner's name, "835", "277CA", or empty: anywhere
    name: str  # of the payer, for people; empty where the row says none
    place: str  # file and line


class Crosswalk:
    """Ids of payers by each other. Letter case and blanks around an id do not matter."""

    def __init__(self, rows: Sequence[Alias] = ()) -> None:
        self.rows = tuple(rows)
        self._ours: dict[str, str] = {}
        self._told: dict[tuple[str, str], str] = {}  # (alias, where) → our id
        self._anywhere: dict[str, set[str]] = {}  # alias → our ids, wherever it is said
        self._written: dict[tuple[str, str], str] = {}  # (our id, where) → the first alias
        self._of_payer: dict[str, list[Alias]] = {}
        self._names: dict[str, str] = {}
        self._understood: dict[tuple[str, str], frozenset[str]] = {}
        for row in self.rows:
            ours = self._ours.setdefault(_key(row.payer), row.payer)
            self._told[_key(row.alias), row.where] = ours
            self._anywhere.setdefault(_key(row.alias), set()).add(ours)
            self._written.setdefault((ours, row.where), row.alias)
            self._of_payer.setdefault(ours, []).append(row)
            if row.name:
                self._names.setdefault(ours, row.name)

    def __bool__(self) -> bool:
        return bool(self.rows)

    def has(self, payer_id: str) -> bool:
        """Whether this is our id of a payer in the table."""
        return _key(payer_id) in self._ours

    def resolve(self, payer_id: str, *where: str) -> str:
        """Our id of a payer that another side named.

        :param where: where the id was said, the most telling first: a partner, "835", "277CA"
        :returns: the id itself where the table does not tell, or where it means several payers
        """
        if not self.rows or not (key := _key(payer_id)):
            return payer_id
        for place in where:
            if found := self._told.get((key, place)):
                return found
        if found := self._ours.get(key) or self._told.get((key, "")):
            return found
        payers = self._anywhere.get(key, set())
        return next(iter(payers)) if len(payers) == 1 else payer_id

    def own(self, payer_id: str, partner: str = "") -> str:
        """Our id of a payer that a claim of ours names: ours, where it is one, else what it means at the partner."""
        return self._ours.get(_key(payer_id)) or self.resolve(payer_id, partner)

    def written(self, payer_id: str, partner: str) -> str:
        """The id that a partner wants in a file: that of its first row, else what the claim has."""
        if not self.rows:
            return payer_id
        return self._written.get((self.own(payer_id, partner), partner), payer_id)

    def known_as(self, payer_id: str, partner: str = "") -> tuple[str, ...]:
        """Every id of a claim's payer, the one that the claim has first."""
        ours = self.own(payer_id, partner)
        return tuple(dict.fromkeys((payer_id, ours, *(row.alias for row in self._of_payer.get(ours, ())))))

    def understood(self, payer_id: str, partner: str) -> frozenset[str]:
        """The ids by which a partner's profile may name a claim's payer: those that mean it there."""
        if (key := (payer_id, partner)) not in self._understood:
            if len(self._understood) >= _CACHED:
                self._understood.clear()
            ours, known = self.own(payer_id, partner), self.known_as(payer_id, partner)
            self._understood[key] = frozenset(one for one in known if self.resolve(one, partner) == ours)
        return self._understood[key]

    def put(self, document: Document, partner: str) -> Document:
        """The claim with the ids that a partner wants (2010BB, 2330B and SVD01); the same object where none differs."""

        def other(holder: Document, name: str) -> bool:
            payer_id = text_of(holder, name)
            return payer_id != "" and self.written(payer_id, partner) != payer_id

        def put(holder: Document, name: str) -> Document:
            return {**holder, name: self.written(holder[name], partner)} if other(holder, name) else holder

        made = document
        if other(object_of(document, "payer"), "id"):
            made = {**made, "payer": put(document["payer"], "id")}
        if any(other(object_of(one, "payer"), "id") for one in objects_of(document, "other_payers")):
            made = {**made, "other_payers": [_put_payer(one, put) for one in document["other_payers"]]}
        if any(other(one, "payer_id") for line in objects_of(document, "lines") for one in _adjudications(line)):
            made = {**made, "lines": [_put_adjudications(line, put) for line in document["lines"]]}
        return made

    def name(self, payer_id: str) -> str:
        """What the table calls a payer; empty where it does not say."""
        return self._names.get(self.resolve(payer_id), "")


NO_CROSSWALK = Crosswalk()
Put = Callable[[Document, str], Document]


def _adjudications(line: Document) -> list[Document]:
    return objects_of(line, "adjudications")


def _put_payer(other: Document, put: Put) -> Document:
    return {**other, "payer": put(other["payer"], "id")} if object_of(other, "payer") else other


def _put_adjudications(line: Document, put: Put) -> Document:
    found = _adjudications(line)
    return {**line, "adjudications": [put(one, "payer_id") for one in found]} if found else line


def _key(payer_id: str) -> str:
    return payer_id.strip().upper()


def load_crosswalk(text: str, name: str = "payers.csv", base: Crosswalk = NO_CROSSWALK) -> Crosswalk:
    """Reads a table; its rows replace those of `base` with the same alias and place.

    :param name: how messages call the file
    :raises UsageError: naming file and line of the first row that cannot be, or contradicts another
    """
    reader = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""))
    found: dict[tuple[str, str], Alias] = {}
    header: list[str] | None = None
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if not any(row) or row[0].startswith("#"):
                continue
            if header is None:
                header = row
                if header != COLUMNS:
                    raise UsageError(f"{name}: line {reader.line_num}: the first row must be {','.join(COLUMNS)}")
                continue
            alias = _alias(row, f"{name}: line {reader.line_num}")
            _refuse_other(found.get(key := (_key(alias.alias), alias.where)), alias)
            found[key] = alias
    except csv.Error as error:
        raise UsageError(f"{name}: line {reader.line_num}: {error}") from None
    kept = [row for row in base.rows if (_key(row.alias), row.where) not in found]
    rows = _one_spelling([*found.values(), *kept])
    _refuse_chains(rows)
    return Crosswalk(rows)


def _alias(row: list[str], place: str) -> Alias:
    if len(row) == len(COLUMNS) - 1:
        row = [*row, ""]  # a last column that is empty may be left out
    if len(row) != len(COLUMNS):
        raise UsageError(f"{place}: has {len(row)} columns, not {len(COLUMNS)}")
    payer, alias, where, name = row
    made = Alias(payer, alias, "" if where == "*" else where, name, place)
    for column, value in (("payer", made.payer), ("alias", made.alias)):
        if not value:
            raise UsageError(f"{place}: {column} is empty")
        if len(value) > _LONGEST or not value.isascii() or not value.isprintable():
            raise UsageError(f"{place}: {column} must be at most {_LONGEST} plain letters, digits and signs")
    return made


def _refuse_other(there: Alias | None, row: Alias) -> None:
    if there is not None and _key(there.payer) != _key(row.payer):
        where = f"at {row.where}" if row.where else "anywhere"
        raise UsageError(f"{row.place}: alias {row.alias} is payer {there.payer} {where} already ({there.place})")


def _one_spelling(rows: Iterable[Alias]) -> list[Alias]:
    """Our id of a payer as its first row writes it."""
    spelled: dict[str, str] = {}
    return [row._replace(payer=spelled.setdefault(_key(row.payer), row.payer)) for row in rows]


def _refuse_chains(rows: Sequence[Alias]) -> None:
    """An id of ours cannot mean another payer everywhere. At one partner it can, where ours is called otherwise."""
    ours = {_key(row.payer) for row in rows}
    called = {(_key(row.payer), row.where) for row in rows}
    for row in rows:
        if (key := _key(row.alias)) not in ours or key == _key(row.payer):
            continue
        if not row.where:
            text = f"alias {row.alias} is our own id of another payer; say where it means {row.payer}"
            raise UsageError(f"{row.place}: {text}")
        if (key, row.where) not in called:
            text = f"alias {row.alias} is our own id of another payer; say by a row what {row.where} calls that one"
            raise UsageError(f"{row.place}: {text}")
