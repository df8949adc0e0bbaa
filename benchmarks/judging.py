"""The same 837 checked by our own guide rules and by pyx12: side by side, so that the ratio counts."""

from __future__ import annotations

import io
import logging
from pathlib import Path

from benchmarks.place import Done, Place, require
from gateway.validation import validate


def validate_837p(place: Place) -> Done:
    """`x12 validate` of a professional file by our own rules alone."""
    return _ours(place, place.file("claims.837"))


def validate_837i(place: Place) -> Done:
    """The same of an institutional file."""
    return _ours(place, place.file("hospital.837"))


def pyx12_837p(place: Place) -> Done:
    """pyx12's `x12n_document` over the same professional file."""
    return _pyx12(place, place.file("claims.837"))


def pyx12_837i(place: Place) -> Done:
    """The same of the institutional file."""
    return _pyx12(place, place.file("hospital.837"))


def _ours(place: Place, path: Path) -> Done:
    with path.open("rb") as stream:
        require(sum(1 for _ in validate(stream, second_opinion=False)), 0, f"faults of {path.name}")
    return Done(place.claims, path.stat().st_size)


def _pyx12(place: Place, path: Path) -> Done:
    for name in ("pyx12", "pyx12.params"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    import pyx12.params
    import pyx12.x12n_document

    parameters = pyx12.params.ParamsBase()
    parameters.set("exclude_external_codes", "states,pos,country,currency")
    text = io.StringIO(path.read_text(encoding="ascii"))
    require(
        bool(pyx12.x12n_document.x12n_document(parameters, text, None, None)), True, f"{path.name} accepted by pyx12"
    )
    return Done(place.claims, path.stat().st_size)
