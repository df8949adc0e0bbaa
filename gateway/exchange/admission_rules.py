"""The tables that admission rests on: those that travel with the gateway, and a home's own beside them."""

from __future__ import annotations

from pathlib import Path

from gateway.claims.admission import GUIDES, Rules
from gateway.claims.completion import load_defaults
from gateway.claims.edits import load_edits
from gateway.claims.intake.csv_mapping import SourceMapping, load_mapping
from gateway.data import SHIPPED, find, listing
from gateway.errors import UsageError
from gateway.guides import all_guides
from gateway.x12.fields import Field, field_tree


def load_rules(home: Path | None = None) -> Rules:
    """Defaults, edits and guides. A home's completion.csv stands instead of ours, its edits.csv row by row."""
    completion = find("mappings", "completion.csv", home)
    if completion is None:
        raise UsageError("mappings/completion.csv is missing")
    edits = load_edits(_read(SHIPPED / "mappings" / "edits.csv"))
    own = home / "mappings" / "edits.csv" if home else None
    if own is not None and own.is_file():
        edits = load_edits(_read(own), str(own), base=edits)
    return Rules(load_defaults(_read(completion), str(completion)), edits, all_guides())


def source_mapping(name: str, home: Path | None = None) -> SourceMapping:
    """The mapping of a CSV layout; UsageError with the known names where there is none of that name."""
    known = listing("mappings/sources", ".toml", home)
    if name not in known:
        raise UsageError(f"no mapping {name!r} in mappings/sources; known: {', '.join(sorted(known))}")
    return load_mapping(_read(known[name]), f"mappings/sources/{name}.toml", _knows_field)


def _knows_field(claim_type: str, path: str) -> bool:
    """Whether the guide of a type of claim has a field, written like "lines[].procedure.modifiers[]"."""
    guide = all_guides().get(GUIDES[claim_type])
    if guide is None:
        return True
    here: Field | None = field_tree(guide)
    for step in path.split("."):
        name = step.removesuffix("[]")
        here = here.fields.get(name) if here else None
        if here is None or (step != name) != (here.kind in ("texts", "objects")):
            return False
    return here is not None and here.kind in ("text", "texts")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
