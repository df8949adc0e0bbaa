"""The canonical claim of a guide as a tree of fields: what a document may hold, and where each stands on the wire.

The tree finds what a document has that the guide does not know, or in another shape than it wants.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from gateway.x12.guide import Block, Element, Guide, Loop, Path, SegmentRow
from gateway.x12.remembered import Names, Remembered
from gateway.x12.row_reader import NEW_SEGMENT

Kind = Literal["text", "object", "texts", "objects"]
_CLASSES: dict[Kind, type] = {"text": str, "object": dict, "texts": list, "objects": list}
_WORDS = {"text": "a text", "object": "an object", "texts": "a list of texts", "objects": "a list of objects"}


class FieldFault(NamedTuple):
    """What is wrong with one field of a document. The text holds no value."""

    path: str  # "lines[0].procedure.code"
    code: str
    text: str


@dataclass(slots=True)
class Field:
    """One name in a document. A field may hold values of several elements, or objects that several loops share."""

    kind: Kind
    fields: dict[str, Field] = field(default_factory=dict)  # of an object, or of the objects of a list
    elements: list[tuple[SegmentRow, Element]] = field(default_factory=list)  # of a text, or of the texts of a list
    rows: list[SegmentRow] = field(default_factory=list)  # whose object or list this is
    blocks: list[tuple[SegmentRow, Block]] = field(default_factory=list)  # whose list this is
    loops: list[Loop] = field(default_factory=list)  # whose object or list this is
    is_exception: bool = False  # it only holds what a file has otherwise than the guide
    shapes: Remembered[Shape | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.shapes = Remembered(self._shape)

    def _shape(self, names: Names) -> Shape | None:
        """The shape of an object with these names; nothing where one of them is not known."""
        known = {name: self.fields[name] for name in names if name in self.fields}
        if len(known) < len(names):
            return None
        inner = [(name, one) for name, one in known.items() if one.kind != "text"]
        return Shape(tuple(_CLASSES[one.kind] for one in known.values()), inner)


class Shape(NamedTuple):
    """What an object with certain names must be like: the classes of its values, and where to look further."""

    classes: tuple[type, ...]
    inner: list[tuple[str, Field]]


class ClashingField(ValueError):
    """A guide table uses one name for two shapes."""


@lru_cache(maxsize=8)
def field_tree(guide: Guide) -> Field:
    """The root object of a guide's documents."""
    root = Field("object", {"type": Field("text")})
    _add_loop(guide, guide.root, root)
    return root


def _add_loop(guide: Guide, loop: Loop, owner: Field) -> None:
    here = _at(owner, loop.path, "objects" if loop.is_list else "object")
    if loop.path:
        here.loops.append(loop)
    for row in loop.segments:
        _add_row(row, here)
    for name in loop.children:
        child = guide.loops[name]
        if child.parents[0] == loop.id:
            _add_loop(guide, child, owner if not loop.path else here)


def _add_row(row: SegmentRow, owner: Field) -> None:
    kind: Kind = "texts" if row.is_plain else "objects" if row.is_list else "object"
    here = _at(owner, row.path, kind)
    if row.path:
        here.rows.append(row)
    for part in row.parts:
        if isinstance(part, Block):
            _add_block(row, part, here)
        else:
            _add_element(row, part, here)


def _add_block(row: SegmentRow, block: Block, owner: Field) -> None:
    here = _at(owner, block.path, "texts" if block.is_plain else "objects")
    here.blocks.append((row, block))
    for element in block.elements:
        _add_element(row, element, here)
    if row.is_flat and not block.is_plain:
        here.fields.setdefault(NEW_SEGMENT, Field("text", is_exception=row.repeat == 1))


def _add_element(row: SegmentRow, element: Element, owner: Field) -> None:
    if element.role == "supplied" or (element.is_exception and not element.path):
        return
    here = _at(owner, element.path, "text") if element.path else owner
    here.is_exception = element.is_exception and (here.is_exception or not here.elements)
    here.elements.append((row, element))


def _at(owner: Field, path: Path, kind: Kind) -> Field:
    for number, name in enumerate(path, 1):
        wanted = kind if number == len(path) else "object"
        found = owner.fields.setdefault(name, Field(wanted))
        if found.kind != wanted:
            raise ClashingField(f"{'.'.join(path)} is {_WORDS[found.kind]} and {_WORDS[wanted]}")
        owner = found
    return owner


def level_names(guide: Guide, level: Loop) -> list[str]:
    """The names at the top of a document that one HL loop fills, with the loops inside it."""
    names: dict[str, None] = {}
    for loop in guide.below(level):
        if loop is not level and loop.path:
            names[loop.path[0]] = None
    for row in level.segments:
        for part in row.parts:
            if isinstance(part, Block) or part.role == "value" or (part.path and part.role == "constant"):
                names[(row.path or part.path)[0]] = None
    return list(names)


def examine(document: Any, tree: Field) -> tuple[list[FieldFault], Any]:
    """Unknown names and wrong shapes, all of them; and the document without fields that are null, which are absent."""
    if not isinstance(document, dict):
        return [FieldFault("", "shape", "the claim is not an object")], document
    if _is_shaped(document, tree):
        return [], document
    return list(_shape_faults(document, tree, "")), _without_nulls(document)


def _is_shaped(value: dict[str, Any], tree: Field) -> bool:
    """The quick answer for the documents that have no fault."""
    shape = tree.shapes[tuple(value)]
    if shape is None or tuple(map(type, value.values())) != shape.classes:
        return False
    for name, known in shape.inner:
        inner = value[name]
        if not (_is_shaped(inner, known) if known.kind == "object" else _is_list_shaped(inner, known)):
            return False
    return True


def _is_list_shaped(items: list[Any], tree: Field) -> bool:
    if tree.kind == "texts":
        return all(item.__class__ is str for item in items)
    return all(item.__class__ is dict and _is_shaped(item, tree) for item in items)


def _shape_faults(value: dict[str, Any], tree: Field, path: str) -> Iterator[FieldFault]:
    for name, inner in value.items():
        here = f"{path}.{name}" if path else str(name)
        known = tree.fields.get(name)
        if known is None:
            yield FieldFault(here, "unknown", f"there is no field of that name{_suggestion(str(name), tree)}")
        elif inner is not None:
            yield from _value_faults(inner, known, here)


def _value_faults(value: object, tree: Field, path: str) -> Iterator[FieldFault]:
    if tree.kind == "text":
        if not isinstance(value, str):
            yield FieldFault(path, "shape", "this is not a text")
    elif tree.kind == "object":
        if isinstance(value, dict):
            yield from _shape_faults(value, tree, path)
        else:
            yield FieldFault(path, "shape", "this is not an object")
    elif not isinstance(value, list):
        yield FieldFault(path, "shape", f"this is not {_WORDS[tree.kind]}")
    else:
        single = Field("text" if tree.kind == "texts" else "object", tree.fields)
        for number, item in enumerate(value):
            yield from _value_faults(item, single, f"{path}[{number}]")


def _suggestion(name: str, tree: Field) -> str:
    close = difflib.get_close_matches(name, list(tree.fields), n=1, cutoff=0.7)
    return f"; did you mean {close[0]}?" if close else ""


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
