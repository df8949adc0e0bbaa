"""A guide by its positions, loop by loop: for the page of a set that is checked by its table and read by other code."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.x12.guide import Block, Element, Guide, Loop, SegmentRow

Cells = tuple[str, str, str, str]
PLACES: Cells = ("where", "required", "what it is", "value")


def places(guide: Guide) -> Iterator[tuple[str, list[Cells]]]:
    """(heading, rows of its table) of each loop, in the order of the guide."""
    for loop in guide.loops.values():
        yield f"{loop.id}: {loop.says}", list(_rows(loop))


def _rows(loop: Loop) -> Iterator[Cells]:
    if loop.parents:
        yield "the loop", _usage(loop.usage), f"in {' or '.join(loop.parents)}", _times(loop.repeat)
    for row in loop.segments:
        yield f"**{row.id}{_qualifier(row)}**", _usage(row.usage), row.says, _times(row.repeat)
        for part in row.parts:
            if isinstance(part, Block):
                yield part.position.partition("/")[0] + " …", _usage(part.usage), part.says, f"up to {part.count} times"
            for element in part.elements if isinstance(part, Block) else (part,):
                if element.usage != "N":
                    yield element.position, _usage(element.usage), element.says or "always the same", _value(element)


def _qualifier(row: SegmentRow) -> str:
    first = row.parts[0]
    return f"\\*{first.codes[0]}" if isinstance(first, Element) and first.role == "constant" else ""


def _usage(usage: str) -> str:
    return {"R": "yes", "C": "with its composite"}.get(usage, "")


def _times(repeat: int) -> str:
    return {0: "any number", 1: "once"}.get(repeat, f"up to {repeat} times")


def _value(element: Element) -> str:
    if element.codes:
        return " ".join(f"`{code}`" for code in element.codes)
    return element.format.says()
