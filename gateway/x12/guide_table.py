"""Loads a guide table (CSV text) into a `Guide`, and says with line and column what is wrong in a bad one.

Columns: loop, position, field, usage, repeat, format, codes, says, condition. Lines that begin with `#` are comments.

- `guide,,type,…` rows: `type`, `version` and `family` of the guide, the value in `codes`.
- Loop row: `position` empty; `field` is the path of its object in the parent loop's object, `codes` is `parent=2000A`;
  `parent=2000B 2000C!` says that it is required in 2000C.
- Segment row: `position` "NM1"; `field` is the path of the segment's own object in the loop's object.
- Element row: `position` "NM103" or "CLM05-1"; `field` is the path in the segment's object, `.` where the value stands
  for the whole segment or item, `=` for a constant whose value is in `codes`, `@name` for what the writer supplies.
  `=X`: a constant that the document holds as X where a file has something else.
  `field=X`: X is written where the document leaves the field out (`#`: its ordinal in the list).
- Block row: `position` "PER03/2x3": the rows after it are relative to one of three items, two elements apart.
- `usage`: R required, S situational, C required where its composite is there, N not used (with a field: kept where a
  file has it), O in place of the row above.
- `repeat`: a number, or `*`. A path that ends in `[]`, or a repeat above 1, makes a list.
- `codes` in a block may be `A B | C`: the first item takes A or B, the others C; where the segment may be repeated,
  that first item has a segment of its own.
- `codes`: a blank inside a code is written `_`.
- `condition`, of a segment row: syntax notes of X12, such as `E0207 C0704`. The column may be left out of a line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from gateway.errors import UsageError
from gateway.x12.formats import DATES, Format, parse
from gateway.x12.guide import Block, Element, Guide, Loop, Path, Role, SegmentRow, Syntax, Usage

COLUMNS = ("loop", "position", "field", "usage", "repeat", "format", "codes", "says", "condition")
_POSITION = re.compile(r"([A-Z][A-Z0-9]{1,2}?)(?:([0-9]{2})(?:-([0-9]{1,2}))?(?:/([0-9]+)x([0-9]+))?)?")
_SYNTAX = re.compile(r"[PREC](?:[0-9]{2}){2,}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class BadGuide(UsageError):
    """A guide table that cannot be read. The text names table, line and column."""


class Row(NamedTuple):
    """One line of a table, cells stripped."""

    table: str
    line: int
    loop: str
    position: str
    field: str
    usage: str
    repeat: str
    format: str
    codes: str
    says: str
    condition: str = ""

    def fail(self, column: str, why: str) -> NoReturn:
        """BadGuide at this line and column."""
        raise BadGuide(f"guide table {self.table}, line {self.line}, column {column}: {why}")


def load_guide(text: str, name: str) -> Guide:
    """The guide that a table describes; BadGuide where the table has a fault."""
    facts: dict[str, str] = {}
    groups: dict[str, list[Row]] = {}
    for row in _rows(text, name):
        if row.loop == "guide":
            facts[row.field] = row.codes
        elif not row.position and row.loop in groups:
            row.fail("loop", f"loop {row.loop} is opened twice")
        elif row.position and (not groups or next(reversed(groups)) != row.loop):
            row.fail("loop", f"the rows of loop {row.loop} do not follow its loop row")
        else:
            groups.setdefault(row.loop, []).append(row)
    for fact in ("type", "version", "family"):
        if not facts.get(fact):
            raise BadGuide(f"guide table {name}: no row guide,,{fact}")
    loops = _loops(groups)
    return Guide(name, facts["type"], facts["version"], facts["family"], loops)


def _rows(text: str, name: str) -> Iterator[Row]:
    lines = text.splitlines()
    kept = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not kept or tuple(cell.strip() for cell in kept[0][1].split(",")) != COLUMNS:
        raise BadGuide(f"guide table {name}, line {kept[0][0] if kept else 1}: the columns are not {','.join(COLUMNS)}")
    for number, line in kept[1:]:
        cells = next(csv.reader(io.StringIO(line), strict=False))
        if len(cells) not in (len(COLUMNS) - 1, len(COLUMNS)):
            raise BadGuide(f"guide table {name}, line {number}: {len(cells)} columns instead of {len(COLUMNS)}")
        yield Row(name, number, *(cell.strip() for cell in cells))


def _loops(groups: dict[str, list[Row]]) -> dict[str, Loop]:
    children: dict[str, list[str]] = {}
    parents: dict[str, tuple[str, ...]] = {}
    for name, rows in groups.items():
        parents[name] = _parents(rows[0], groups)
        for parent in parents[name]:
            children.setdefault(parent.rstrip("!"), []).append(name)
    if sum(not found for found in parents.values()) != 1:
        raise BadGuide(f"guide table {next(iter(groups.values()))[0].table}: not exactly one loop without parent")
    return {
        name: _loop(number, rows, parents[name], tuple(children.get(name, ())))
        for number, (name, rows) in enumerate(groups.items())
    }


def _parents(row: Row, groups: dict[str, list[Row]]) -> tuple[str, ...]:
    if not row.codes:
        return ()
    key, _, names = row.codes.partition("=")
    found = tuple(names.split())
    if key != "parent" or not found:
        row.fail("codes", "a loop row has parent=LOOP here")
    for name in found:
        if name.rstrip("!") not in groups or name.rstrip("!") == row.loop:
            row.fail("codes", f"no loop {name}")
    return found


def _loop(number: int, rows: list[Row], parents: tuple[str, ...], children: tuple[str, ...]) -> Loop:
    head = rows[0]
    path, is_list = _path(head)
    segments: list[list[Row]] = []
    for row in rows[1:]:
        found = _POSITION.fullmatch(row.position)
        if not found:
            row.fail("position", f"{row.position!r} is neither segment nor element")
        if found[2] is None:
            segments.append([row])
        elif not segments or segments[-1][0].position != found[1]:
            row.fail("position", f"{row.position} does not follow its segment row")
        else:
            segments[-1].append(row)
    repeat = _repeat(head)
    made = tuple(_segment(group, previous) for previous, group in zip([None, *segments], segments, strict=False))
    plain = tuple(name.rstrip("!") for name in parents)
    required_in = tuple(name.rstrip("!") for name in parents if name.endswith("!"))
    return Loop(number, head.loop, path, _usage(head), repeat, is_list or (repeat != 1 and bool(path)), plain,
                required_in, made, children, head.says, head.line)  # fmt: skip


def _segment(rows: list[Row], previous: list[Row] | None) -> SegmentRow:
    head = rows[0]
    path, is_list = _path(head)
    is_alternative = head.usage == "O"
    if is_alternative and (previous is None or previous[0].position != head.position):
        head.fail("usage", "O stands in place of the row above it, which is another segment")
    usage: Usage = "S" if is_alternative else _usage(head)
    repeat = _repeat(head)
    parts = tuple(_parts(rows[1:]))
    syntax = tuple(_syntax(head))
    made = SegmentRow(head.line, head.loop, head.position, path, usage, is_alternative, repeat,
                      is_list or (repeat != 1 and bool(path)), parts, syntax, head.says, head.line)  # fmt: skip
    if repeat != 1 and not path and not made.is_flat:
        head.fail("repeat", "a repeated segment has a field for its list, or one block")
    return made


def _syntax(row: Row) -> Iterator[Syntax]:
    for note in row.condition.split():
        places = tuple(int(note[at : at + 2]) for at in range(1, len(note), 2)) if _SYNTAX.fullmatch(note) else ()
        kind = note[0]
        if len(places) < 2 or kind not in ("P", "R", "E", "C"):
            row.fail("condition", f"{note} is no syntax note")
        yield Syntax(kind, places)  # type: ignore[arg-type]


def _parts(rows: list[Row]) -> Iterator[Element | Block]:
    block: Row | None = None
    items: list[Element] = []
    last = (0, 0)
    for row in rows:
        _, index, component, step, count = _place(row)
        if block is not None and not (step or not _inside(row, block)):
            items.append(_element(row))
            continue
        if block is not None:
            yield _block(block, items)
            block, items = None, []
        if (index, component) <= last:
            row.fail("position", f"{row.position} stands out of order")
        last = (index, component)
        if step:
            block = row
            last = _end(index, component, step, count)
        else:
            yield _element(row)
    if block is not None:
        yield _block(block, items)


def _end(index: int, component: int, step: int, count: int) -> tuple[int, int]:
    reach = step * count - 1
    return (index, component + reach) if component else (index + reach, 99)


def _inside(row: Row, block: Row) -> bool:
    _, index, component, _, _ = _place(row)
    _, first, first_component, step, _ = _place(block)
    if first_component:
        return index == first and first_component <= component < first_component + step
    return first <= index < first + step


def _block(row: Row, items: list[Element]) -> Block:
    _, index, component, step, count = _place(row)
    path, _ = _path(row)
    if not path:
        row.fail("field", "a block has a field for its list")
    if not items:
        row.fail("position", "no element rows follow the block")
    return Block(row.position, index, component, step, count, path, _usage(row), tuple(items), row.says, row.line)


def _place(row: Row) -> tuple[str, int, int, int, int]:
    found = _POSITION.fullmatch(row.position)
    assert found is not None and found[2] is not None
    step, count = int(found[4] or 0), int(found[5] or 0)
    if found[4] and (step < 1 or count < 1):
        row.fail("position", "a block has a step and a count above 0")
    return found[1], int(found[2]), int(found[3] or 0), step, count


def _element(row: Row) -> Element:
    _, index, component, _, _ = _place(row)
    name, _, default = row.field.partition("=") if not row.field.startswith("=") else (row.field, "", "")
    role: Role = "constant" if name.startswith("=") else "supplied" if name.startswith("@") else "value"
    path: Path = () if name in ("=", ".") else _names(row, name)
    try:
        form = parse(row.format)
    except ValueError as fault:
        row.fail("format", str(fault))
    first, codes = _codes(row)
    if role == "constant" and len(codes) != 1 and form.kind != "date":
        row.fail("codes", "a constant has one value")
    _check_codes(row, form, codes + first)
    return Element(row.position, index, component, role, path, _usage(row), _repeat(row), form, codes, first, default,
                   row.says, row.line)  # fmt: skip


def _check_codes(row: Row, form: Format, codes: tuple[str, ...]) -> None:
    if form.kind in ("AN", "ID", "N0"):
        for code in codes:
            if not form.least <= len(code) <= form.most:
                row.fail("codes", f"{code} does not fit the format {row.format}")
    elif codes:
        row.fail("codes", f"a {' or '.join(DATES) if form.kind == 'date' else form.kind} has no codes")


def _codes(row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
    head, bar, rest = (tuple(code.replace("_", " ") for code in part.split()) for part in row.codes.partition("|"))
    return (head, rest) if bar else ((), head)


def _path(row: Row) -> tuple[Path, bool]:
    is_list = row.field.endswith("[]")
    name = row.field.removesuffix("[]")
    return (_names(row, name) if name else ()), is_list


def _names(row: Row, text: str) -> Path:
    names = tuple(text.lstrip("@=").split("."))
    for name in names:
        if not _NAME.fullmatch(name):
            row.fail("field", f"{text!r} is no path of names")
    return names


def _usage(row: Row) -> Usage:
    allowed = ("R", "S", "N", "C") if "-" in row.position else ("R", "S", "N")
    if row.usage not in allowed:
        row.fail("usage", f"{row.usage!r} is none of {', '.join(allowed)}" + ("" if "-" in row.position else ", O"))
    return row.usage  # type: ignore[return-value]


def _repeat(row: Row) -> int:
    if row.repeat in ("", "*"):
        return 1 if not row.repeat else 0
    if not row.repeat.isascii() or not row.repeat.isdigit() or int(row.repeat) < 1:
        row.fail("repeat", f"{row.repeat!r} is neither a number above 0 nor *")
    return int(row.repeat)
