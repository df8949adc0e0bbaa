"""Money between its three forms: the text of a document ("240.00"), integer cents in the store, and nothing else."""

from __future__ import annotations

import re
from functools import lru_cache

_AMOUNT = re.compile(r"-?(?:\d{1,12}(?:\.\d{1,2}0*)?|\.\d{1,2}0*)", re.ASCII)


def cents(text: object) -> int | None:
    """Integer cents of an amount as text; None where it is no amount, has a third decimal or more than 12 digits."""
    return _cents(text) if isinstance(text, str) else None


@lru_cache(maxsize=10_000)
def _cents(text: str) -> int | None:
    if not _AMOUNT.fullmatch(text):
        return None
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.lstrip("-").partition(".")
    return sign * (int(whole or "0") * 100 + int(part[:2].ljust(2, "0")))


def amount(value: int) -> str:
    """Cents as the text of a document, always with two decimals."""
    whole, part = divmod(abs(value), 100)
    return f"{'-' if value < 0 else ''}{whole}.{part:02}"
