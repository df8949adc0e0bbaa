"""The JSON Schema of the canonical claim and the field reference, made from the guide tables.

The words are our own, the positions those of the guides. The schema says what each field looks like and which must be
there; the guide's further rules are in `document_rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.x12.fields import Field, field_tree
from gateway.x12.formats import NUMBERS, Format
from gateway.x12.guide import Block, Element, Guide, Loop, SegmentRow
from gateway.x12.row_reader import NEW_SEGMENT

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}"
_DATES = {"D8": _DAY, "RD8": f"{_DAY}/{_DAY}", "DT": f"{_DAY}T{_CLOCK}", "TM": _CLOCK}
_EXAMPLES = {"D8": "2026-01-31", "RD8": "2026-01-31/2026-02-02", "DT": "2026-01-31T15:30", "TM": "15:30"}


def claim_schema(guides: Iterable[Guide]) -> Schema:
    """JSON Schema (2020-12) of a canonical claim of any of the guides; `type` tells which."""
    guides = list(guides)
    return {
        "$schema": DIALECT,
        "title": "Canonical claim",
        "description": "One health care claim as the gateway takes it in and gives it out.",
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": [guide.type for guide in guides]}},
        "allOf": [
            {
                "if": {"properties": {"type": {"const": guide.type}}, "required": ["type"]},
                "then": {"$ref": f"#/$defs/{guide.type}"},
            }
            for guide in guides
        ],
        "$defs": {guide.type: _root(guide) for guide in guides},
    }


def _root(guide: Guide) -> Schema:
    tree = field_tree(guide)
    schema = _object(tree, _Required(guide))
    schema["title"] = f"{guide.type.capitalize()} claim ({guide.name}, {guide.version})"
    schema["properties"]["type"] = {"const": guide.type, "description": "which guide the claim follows"}
    schema["required"] = ["type", *schema.get("required", [])]
    return schema


class _Required:
    """Which names an object must have, by the loops, rows and blocks that it belongs to."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide

    def names(self, field: Field, *, is_root: bool) -> list[str]:
        """The required names of an object."""
        found: dict[str, None] = {}
        for loop in [*self._top()] if is_root else field.loops:
            found |= dict.fromkeys(self._of_loop(loop))
        for row in () if is_root else field.rows:
            is_sure = row.usage == "R" or (not field.loops and len(field.rows) == 1)
            found |= dict.fromkeys(_of_parts(row.parts, is_sure))
        for _, block in field.blocks:
            found |= dict.fromkeys(_of_parts(block.elements, True))
        if not is_root and not (field.loops or field.rows or field.blocks):
            found |= {name: None for name, inner in field.fields.items() if _is_required(inner)}
        return [name for name in found if name in field.fields]

    def _top(self) -> Iterator[Loop]:
        yield self.guide.root
        yield from (level for level in self.guide.levels() if level.usage == "R")
        yield self.guide.claim

    def _of_loop(self, loop: Loop) -> Iterator[str]:
        rows = loop.segments
        for number, row in enumerate(rows):
            has_choice = row.is_alternative or (number + 1 < len(rows) and rows[number + 1].is_alternative)
            if row.usage == "R" and not has_choice:
                yield from row.path[:1] or _of_parts(row.parts, True)
        for name in loop.children:
            child = self.guide.loops[name]
            if child.usage == "R" and not child.level and child is not self.guide.claim:
                yield from child.path[:1]


def _is_required(field: Field) -> bool:
    """Whether a field of an object that is a composite must be there."""
    elements = [element for _, element in field.elements if not field.blocks]
    blocks = [block for _, block in field.blocks]
    has_element = any(element.usage in ("R", "C") and not element.default for element in elements)
    return has_element or any(block.usage == "R" for block in blocks)


def _of_parts(parts: Iterable[Element | Block], is_sure: bool) -> Iterator[str]:
    for part in parts:
        is_value = isinstance(part, Block) or (part.role == "value" and not part.default)
        if is_sure and is_value and part.usage == "R" and part.path:
            yield part.path[0]


def _object(field: Field, required: _Required) -> Schema:
    properties = {
        name: _schema(name, inner, required) for name, inner in field.fields.items() if not inner.is_exception
    }
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    names = required.names(field, is_root="patient_control_number" in field.fields)
    if names := [name for name in names if name in properties]:
        schema["required"] = names
    return schema


def _schema(name: str, field: Field, required: _Required) -> Schema:
    if field.kind == "object":
        return {"description": describe(name, field), **_object(field, required)}
    if field.kind == "objects":
        return {"description": describe(name, field), "type": "array", "items": _object(field, required)}
    if field.kind == "texts":
        return {"description": describe(name, field), "type": "array", "items": _text(field)}
    return {"description": describe(name, field), **_text(field)}


def _text(field: Field) -> Schema:
    elements = [element for _, element in field.elements if element.role == "value"]
    if not elements:
        return {"type": "string"}
    if all(element.codes for element in elements):
        codes = dict.fromkeys(code for element in elements for code in element.first_codes + element.codes)
        return {"type": "string", "enum": list(codes)}
    schemas = [_format(element.format) for element in elements]
    return schemas[0] if all(schema == schemas[0] for schema in schemas) else {"type": "string"}


def _format(form: Format) -> Schema:
    if form.kind == "date":
        return {"type": "string", "pattern": f"^(?:{'|'.join(_DATES[name] for name in form.dates)})$"}
    if form.kind in ("N0", "digits"):
        return {"type": "string", "pattern": f"^[0-9]{{{form.least},{form.most}}}$"}
    if form.kind in NUMBERS:
        return {"type": "string", "pattern": r"^-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$"}
    return {"type": "string", "minLength": form.least, "maxLength": form.most}


def says(name: str, field: Field) -> str:
    """What a field is, in our words."""
    if name == NEW_SEGMENT:
        return "Y where this item begins a segment that the one before has room for, N where it does not begin its own"
    words = [source.says for source in field.loops]
    words += [source.says for source in field.rows]
    words += [block.says for _, block in field.blocks]
    words += [element.says for _, element in field.elements]
    return next((word for word in words if word), name.replace("_", " "))


def positions(field: Field) -> list[str]:
    """Where a field stands in the guide, as "2010AA NM103", or "2300 DTP03 of DTP*435"."""
    places = [(row, element.position) for row, element in field.elements if element.path or not field.blocks]
    places += [(row, block.position.partition("/")[0]) for row, block in field.blocks]
    places += [(row, row.id) for row in field.rows]
    found = [f"{row.loop} {position}{_of(row, position)}" for row, position in places] + [
        loop.id for loop in field.loops
    ]
    return list(dict.fromkeys(found))


def _of(row: SegmentRow, position: str) -> str:
    """The qualifier by which a segment is known from others of its id; the loop says it for a party."""
    first = row.parts[0]
    element = first.elements[0] if isinstance(first, Block) else first
    if row.id == "NM1" or element.index != 1 or element.role != "constant" or not element.codes:
        return ""
    return f"*{element.codes[0]}" if position == row.id else f" of {row.id}*{element.codes[0]}"


def describe(name: str, field: Field) -> str:
    """What a field is and where it stands in the guide."""
    places = positions(field)
    return f"{says(name, field)} ({', '.join(places)})" if places else says(name, field)


def field_reference(guide: Guide) -> str:
    """The fields of a guide's claims as Markdown: one table an object, in the order of the guide."""
    required = _Required(guide)
    title = f"# Fields of a {guide.type} claim"
    head = f"Guide {guide.name}, version {guide.version}. Every value is a text; amounts have two places."
    lines = [title, "", head, ""]
    for path, field in _objects("", field_tree(guide)):
        lines += _section(path, field, required)
    return "\n".join(lines)


def _objects(path: str, field: Field) -> Iterator[tuple[str, Field]]:
    yield path, field
    for name, inner in field.fields.items():
        if inner.kind in ("object", "objects"):
            mark = "[]" if inner.kind == "objects" else ""
            yield from _objects(f"{path}.{name}{mark}" if path else f"{name}{mark}", inner)


def _section(path: str, field: Field, required: _Required) -> list[str]:
    names = set(required.names(field, is_root=not path)) | (set() if path else {"type"})
    lines = [
        f"## {path or 'The claim'}",
        "",
        "| field | required | what it is | value | where |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, inner in field.fields.items():
        if not inner.is_exception:
            cells = (
                f"`{name}`",
                "yes" if name in names else "",
                says(name, inner),
                _value(inner),
                ", ".join(positions(inner)),
            )
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, ""]


def _value(field: Field) -> str:
    if field.kind in ("object", "objects"):
        return "object" if field.kind == "object" else "list of objects"
    elements = [element for _, element in field.elements if element.role == "value"]
    words = list(dict.fromkeys(_words(element) for element in elements)) or ["text"]
    return ("list of: " if field.kind == "texts" else "") + " or ".join(words)


def _words(element: Element) -> str:
    if element.codes:
        words = " ".join(f"`{code}`" for code in dict.fromkeys(element.first_codes + element.codes))
    elif element.format.kind == "date":
        words = " or ".join(f"`{_EXAMPLES[name]}`" for name in element.format.dates)
    elif element.format.kind == "money":
        words = "amount, `240.00`"
    else:
        words = element.format.says()
    return words + (f", else `{element.default}`" if element.default not in ("", "#") else "")
