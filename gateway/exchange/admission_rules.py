"""The tables that admission rests on: those that travel with the gateway, and a home's own beside them."""

from __future__ import annotations

import gzip
import zlib
from functools import lru_cache, partial
from pathlib import Path

from gateway.claims.admission import GUIDES, Rules
from gateway.claims.code_lists import CodeList, CodeLists, load_codes
from gateway.claims.completion import load_defaults
from gateway.claims.edits import load_edits
from gateway.claims.intake.csv_mapping import SourceMapping, load_mapping
from gateway.claims.payer_terms import PayerTerms, load_terms
from gateway.data import SHIPPED, find, listing
from gateway.errors import UsageError
from gateway.guides import all_guides
from gateway.x12.fields import Field, field_tree


def load_rules(home: Path | None = None) -> Rules:
    """Defaults, edits, guides, code lists and payers' terms.

    A home's completion.csv and code lists stand instead of ours, its edits.csv and payer_terms.csv row by row.
    """
    completion = find("mappings", "completion.csv", home)
    if completion is None:
        raise UsageError("mappings/completion.csv is missing")
    edits = load_edits(_read(SHIPPED / "mappings" / "edits.csv"))
    own = home / "mappings" / "edits.csv" if home else None
    if own is not None and own.is_file():
        edits = load_edits(_read(own), str(own), base=edits)
    return Rules(
        load_defaults(_read(completion), str(completion)),
        edits,
        all_guides(),
        CodeLists(partial(code_list, home=home)),
        payer_terms(home),
    )


# Every list that a check asks for.
CODE_LISTS = (
    "icd10cm", "icd10pcs", "cpt", "hcpcs", "cdt", "modifiers", "not_specific", "ndc", "place_of_service", "states",
    "taxonomy", "facility_types", "revenue", "condition_codes", "occurrence_codes", "occurrence_span_codes",
    "value_codes", "patient_status", "admission_type", "admission_source", "drg", "dental_needs",
)  # fmt: skip


def is_own_list(name: str, home: Path) -> bool:
    """Whether a list is the home's own."""
    return (home / "mappings" / "codes" / f"{name}.csv").is_file()


def code_list(name: str, *, home: Path | None = None) -> CodeList | None:
    """A list of codes, the home's (`mappings/codes/NAME.csv`) or the shipped one; None where there is neither."""
    path = find("mappings/codes", f"{name}.csv", home) or find("mappings/codes", f"{name}.csv.gz", home)
    return _read_codes(path, path.stat().st_mtime_ns) if path is not None else None


@lru_cache(maxsize=64)
def _read_codes(path: Path, _changed: int) -> CodeList:
    """A table, read once as long as its file is not changed."""
    return load_codes(_read(path), str(path))


def payer_terms(home: Path | None = None) -> PayerTerms:
    """What payers ask for, a home's rows before ours."""
    terms = load_terms(_read(SHIPPED / "mappings" / "payer_terms.csv"))
    own = home / "mappings" / "payer_terms.csv" if home else None
    return load_terms(_read(own), str(own), base=terms) if own is not None and own.is_file() else terms


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
        if path.suffix == ".gz":
            return gzip.decompress(path.read_bytes()).decode()
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not UTF-8") from None
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "is damaged"
        raise UsageError(f"{path}: {reason}") from None
