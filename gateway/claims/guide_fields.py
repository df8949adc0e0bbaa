"""What a guide says of one field: whether it has it, whether it must be there, and which values it takes.

Asked by rules that a person writes, so that none of them wants what the guide forbids.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from gateway.claims.field_paths import FieldPath
from gateway.x12.fields import Field, field_tree
from gateway.x12.formats import DATES, Format, date_wire, writer
from gateway.x12.guide import Element, Guide, Path, SegmentRow
from gateway.x12.value_rules import wire_fault

_LISTS = ("texts", "objects")


class GuideFields:
    """The fields of one guide."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.tree = field_tree(guide)
        self._alternatives = frozenset(_alternatives(guide))

    def find(self, path: FieldPath) -> Field | None:
        """The field at a path; nothing where the guide does not use it, or has it in another shape.

        A list may be written without its [] where the path ends.
        """
        here = self.tree
        steps = path.text.split(".")
        for number, step in enumerate(steps, 1):
            found = here.fields.get(step.removesuffix("[]"))
            if found is None or found.is_exception:
                return None
            is_list = found.kind in _LISTS
            if step.endswith("[]") != is_list and not (is_list and number == len(steps)):
                return None
            here = found
        return here

    def requires(self, path: FieldPath) -> bool:
        """Whether the field must be there wherever the object around it is.

        Where the guide leaves a choice, such as a person or an organization, neither field must be there.
        """
        field = self.find(path)
        if field is None:
            return False
        return (
            any(self._is_always(row, element) for row, element in field.elements)
            or any(self._is_row_always(row) for row in field.rows)
            or any(block.usage == "R" and self._holds(row, block.path) for row, block in field.blocks)
            or any(loop.usage == "R" and not self._is_option(loop.parents) for loop in field.loops)
            or self._has_always(field)
        )

    def _is_always(self, row: SegmentRow, element: Element) -> bool:
        if element.usage != "R" or element.role != "value" or element.default:
            return False
        return any(element in block.elements for block in row.blocks) or self._holds(row, element.path)

    def _is_row_always(self, row: SegmentRow) -> bool:
        return row.usage == "R" and row.number not in self._alternatives and not self._is_option((row.loop,))

    def _has_always(self, field: Field) -> bool:
        """Whether an object that only bundles elements, such as "transaction", has one that must be there."""
        if field.kind != "object" or field.rows or field.loops:
            return False
        inner = [pair for one in field.fields.values() for pair in one.elements]
        return any(
            element.usage == "R" and element.role == "value" and not row.path and self._is_row_always(row)
            for row, element in inner
        )

    def _holds(self, row: SegmentRow, path: Path) -> bool:
        """Whether what is required in a row is required in its object: the row is, or the object is its own."""
        if row.number in self._alternatives:
            return False
        if row.path:
            return row.usage == "R" or self._is_only(row)
        return row.usage == "R" and (len(path) > 1 or not self._is_option((row.loop,)))

    def _is_option(self, loops: tuple[str, ...]) -> bool:
        """Whether each of these may be absent and has no object of its own, so that what it holds may be absent too."""
        around = [self.guide.loops[name] for name in loops]
        return bool(around) and all(
            not one.path
            and one is not self.guide.claim
            and one.parents != ()
            and (one.usage != "R" or self._is_option(one.parents))
            for one in around
        )

    def _is_only(self, row: SegmentRow) -> bool:
        rows = [one for one in self.guide.loops[row.loop].segments if one.path == row.path]
        return len(rows) == 1

    def fault(self, path: FieldPath, value: str) -> str:
        """Why the guide does not take a value in a field of text; empty where it does."""
        field = self.find(path)
        if field is None or not field.elements:
            return "the guide has no text there"
        faults = [_value_fault(element, value) for _, element in field.elements]
        return "" if "" in faults else faults[0]

    def formats(self, path: FieldPath) -> list[Format]:
        """The formats that the field has on the wire."""
        field = self.find(path)
        return [element.format for _, element in field.elements] if field else []


def _alternatives(guide: Guide) -> Iterator[int]:
    """The rows of which only one is there, such as a person and an organization."""
    for loop in guide.loops.values():
        for before, row in zip(loop.segments, loop.segments[1:], strict=False):
            if row.is_alternative:
                yield from (before.number, row.number)


def _value_fault(element: Element, value: str) -> str:
    form = element.format
    if form.kind == "date":
        found = date_wire(value)
        return "" if found and found[0] in DATES and found[0] in form.dates else f"it is not a {form.says()}"
    convert = writer(form)
    wire = value if convert is None else convert[value]
    if wire is None:
        return f"it is not a {form.says()}"
    faults = [wire_fault(element, wire, is_first=first) for first in (False, True)]
    if None in faults:
        return ""
    fault = faults[0]
    assert fault is not None
    allowed = f" ({' '.join(element.codes)})" if fault.code == "7" and len(element.codes) <= 12 else ""
    return f"{fault.text}{allowed}" if fault.code == "7" else f"{fault.text}: it is a {form.says()}"


@lru_cache(maxsize=8)
def guide_fields(guide: Guide) -> GuideFields:
    """The fields of a guide, made once."""
    return GuideFields(guide)


@lru_cache(maxsize=8)
def all_paths(guide: Guide) -> tuple[str, ...]:
    """Every path of the guide's documents, lists marked by []."""
    return tuple(_paths(field_tree(guide), ""))


def _paths(tree: Field, before: str) -> Iterator[str]:
    for name, field in tree.fields.items():
        if field.is_exception:
            continue
        text = f"{before}{name}{'[]' if field.kind in _LISTS else ''}"
        yield text
        if field.kind != "texts":
            yield from _paths(field, f"{text}.")
