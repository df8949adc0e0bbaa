"""The rules that give adjustments their classes: the shipped tables, with a home's own rows over them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from gateway.claims.crosswalk import Crosswalk
from gateway.data import SHIPPED
from gateway.errors import UsageError
from gateway.reconcile.classes import Classes, load_classes
from gateway.reconcile.patient import Protections, load_protections
from gateway.reports.deadlines import Limits, load_limits
from gateway.reports.next_steps import NextSteps, load_next_steps
from gateway.reports.words import Words, load_words

_FOLDER = "mappings/codes"


def adjustment_classes(home: Path | None = None) -> Classes:
    """The rules as they stand now; UsageError names table and line of a row that cannot be."""
    try:
        return _classes(*(tuple(_texts(name, home)) for name in ("adjustment_classes.csv", "adjustment_groups.csv")))
    except UsageError as error:
        if home is None or str(error).startswith(str(home)):
            raise
        raise UsageError(f"{home / _FOLDER}/{error}") from None


@lru_cache(maxsize=4)
def _classes(codes: tuple[str, ...], groups: tuple[str, ...]) -> Classes:
    """Remembered by what the tables say: every inbound file asks for them."""
    return load_classes(codes, groups)


def _texts(name: str, home: Path | None) -> list[str]:
    """The shipped table first, then the home's, whose rows replace it."""
    files = [root / _FOLDER / name for root in (SHIPPED, home) if root is not None]
    try:
        return [file.read_text(encoding="utf-8") for file in files if file.is_file()]
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{files[-1]}: cannot be read as UTF-8 text") from None


def answer_words(home: Path | None = None) -> Words:
    """What the codes of answers and of provider adjustments mean, and when credits are due."""
    names = ("answer_codes.csv", "provider_adjustments.csv", "refunds.csv")
    return load_words(*(_texts(name, home) for name in names))


def patient_protections(home: Path | None = None) -> Protections:
    """What says that a patient may not be billed."""
    return load_protections(_texts("patient_protections.csv", home))


def appeal_limits(home: Path | None, crosswalk: Crosswalk) -> Limits:
    """Within how many days denials may be appealed."""
    return load_limits(_texts("limits.csv", home), crosswalk)


def next_steps(home: Path | None = None) -> NextSteps:
    """What a list of work proposes."""
    return load_next_steps(_texts("next_steps.csv", home))
