"""Code lists: which codes are valid on which day, as tables of data (`mappings/codes/LIST.csv`).

A table has the columns `code,from,to,note`; only the first is needed. Empty days mean: since ever, until ever. Lines
that begin with `#` are remarks, and `# covers: 2015-10-01/2026-09-30` says for which days the table knows all codes:
outside of them an unknown code proves nothing.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from io import StringIO
from typing import Literal

from gateway.errors import UsageError

# valid; not_yet and expired: a code, but not on that day; incomplete: only the beginning of codes; beyond: the table
# does not know that day; unknown: no code.
Verdict = Literal["valid", "not_yet", "expired", "incomplete", "beyond", "unknown"]
Span = tuple[str, str]  # first and last day as YYYY-MM-DD; empty: open
COLUMNS = ("code", "from", "to", "note")
_COVERS = re.compile(r"#\s*covers:\s*(\d{4}-\d\d-\d\d)?/(\d{4}-\d\d-\d\d)?\s*", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LONGEST = 20
# Files of CDC and CMS: "A000    Cholera …" or, with a number before and a sign of validity behind, "00002 A000    1 …".
_PUBLISHED = re.compile(r"(?:\d{5} )?([0-9A-Z]{3,7}) +(?:([01]) )?\S", re.ASCII)


@dataclass(frozen=True)
class CodeList:
    """One list of codes."""

    name: str
    spans: Mapping[str, tuple[Span, ...]]  # by code in upper case, without dot
    notes: Mapping[str, str] = field(default_factory=dict)
    covers: Span = ("", "")

    @cached_property
    def ordered(self) -> list[str]:
        """All codes, sorted."""
        return sorted(self.spans)

    def verdict(self, code: str, day: str) -> Verdict:
        """What a code is on a day (YYYY-MM-DD; empty: any day)."""
        code = code.upper()
        if spans := self.spans.get(code):
            return _on(spans, day)
        if day and ((self.covers[1] and day > self.covers[1]) or day < self.covers[0]):
            return "beyond"
        place = bisect_left(self.ordered, code)
        is_start = place < len(self.ordered) and self.ordered[place].startswith(code)
        return "incomplete" if is_start and code else "unknown"

    def note(self, code: str) -> str:
        """What the table says beside a code; empty where it says nothing."""
        return self.notes.get(code.upper(), "")


def _on(spans: tuple[Span, ...], day: str) -> Verdict:
    if not day or any(first <= day and (not last or day <= last) for first, last in spans):
        return "valid"
    return "not_yet" if all(day < first for first, _ in spans) else "expired"


class CodeLists:
    """The lists that are there, each read when it is first asked for."""

    def __init__(self, load: Callable[[str], CodeList | None] | None = None) -> None:
        self._load = load
        self._found: dict[str, CodeList | None] = {}

    def get(self, name: str) -> CodeList | None:
        """A list by name; None where there is no such list."""
        if name not in self._found:
            self._found[name] = self._load(name) if self._load else None
        return self._found[name]


def load_codes(text: str, name: str) -> CodeList:
    """Reads a table; UsageError names the row that is wrong."""
    covers: Span = ("", "")
    spans: dict[str, tuple[Span, ...]] = {}
    notes: dict[str, str] = {}
    shared: dict[Span, tuple[Span, ...]] = {}  # a table of 75,000 codes has a handful of spans
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split(",")
        known = shared.get((cells[1], cells[2])) if len(cells) == 3 else None
        if known is not None and cells[0] not in spans and _is_plain(cells[0]):
            spans[cells[0]] = known
        elif line.startswith("#"):
            if match := _COVERS.fullmatch(line):
                covers = (match[1] or "", match[2] or "")
        elif line.strip() and (spans or cells[0].strip().lower() != "code"):
            code, first, last, note = _cells(line, f"{name}: row {number}")
            only = shared.setdefault((first, last), ((first, last),))
            spans[code] = spans[code] + only if code in spans else only
            if note:
                notes[code] = note
    return CodeList(name, spans, notes, covers)


def _is_plain(code: str) -> bool:
    return code.isalnum() and code.isascii() and len(code) <= _LONGEST and code == code.upper()


def _cells(line: str, where: str) -> tuple[str, str, str, str]:
    cells = [cell.strip() for cell in next(csv.reader([line]))]
    if len(cells) > len(COLUMNS):
        raise UsageError(f"{where}: has {len(cells)} columns; there are only {', '.join(COLUMNS)}")
    code, first, last, note = (*cells, "", "", "")[:4]
    code = code.upper().replace(".", "")
    if not _is_plain(code):
        raise UsageError(f"{where}: the first column is no code")
    if any(day and not _is_day(day) for day in (first, last)) or (first and last and first > last):
        raise UsageError(f"{where}: `from` and `to` must be days such as 2026-10-01, in that order, or empty")
    return code, first, last, note


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


# New releases


def published_codes(text: str) -> Iterator[str]:
    """The valid codes of a file as CDC and CMS publish them, headings left out; UsageError where it is none."""
    count = 0
    for line in text.splitlines():
        if match := _PUBLISHED.match(line.lstrip("\ufeff")):
            count += 1
            if match[2] != "0":
                yield match[1]
    if not count:
        raise UsageError("this is no list of codes: one code a line, then its description")


def with_release(
    known: CodeList | None,
    codes: Iterable[str],
    covers: Span,
    *,
    name: str = "",
    gone_after: str = "",
) -> CodeList:
    """A list with a release added: new codes are valid from its first day, codes it has no more until the day before.

    :param covers: first and last day of the release
    :param gone_after: the last day of the codes it has no more, where that is known to be another
    """
    first, last = covers
    if not _is_day(first) or not _is_day(last) or first > last:
        raise UsageError("a release needs its first and its last day, such as 2026-10-01 and 2027-09-30")
    now = set(codes)
    gone = gone_after or (date.fromisoformat(first) - timedelta(days=1)).isoformat()
    spans = {} if known is None else dict(known.spans)
    for code, before in spans.items():
        if code not in now and not before[-1][1]:
            spans[code] = (*before[:-1], (before[-1][0], max(gone, before[-1][0])))
    for code in now:
        before = spans.get(code, ())
        if not before or before[-1][1]:
            spans[code] = (*before, (first, ""))
    start = known.covers[0] if known is not None else first
    return CodeList(name or (known.name if known else ""), spans, known.notes if known else {}, (start, last))


def write_codes(codes: CodeList, remarks: Iterable[str] = ()) -> str:
    """The table of a list, such as `load_codes` reads."""
    out = StringIO()
    for remark in remarks:
        out.write(f"# {remark}\n")
    out.write(f"# covers: {codes.covers[0]}/{codes.covers[1]}\n")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS[: 4 if codes.notes else 3])
    for code in codes.ordered:
        for first, last in codes.spans[code]:
            rows.writerow([code, first, last, *([codes.note(code)] if codes.notes else [])])
    return out.getvalue()
