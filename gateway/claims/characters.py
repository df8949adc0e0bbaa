"""Text as X12 can carry it: Latin letters without accents, plain quotes and hyphens."""

from __future__ import annotations

import unicodedata

# What has no base letter of its own in Unicode, though everybody knows how to write it without.
_WITHOUT = str.maketrans({
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ı": "i", "ħ": "h", "Ħ": "H",
    "‘": "'", "’": "'", "‚": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "‐": "-", "‑": "-", "–": "-", "—": "-",
    "…": "...", "\u00a0": " ", "\u200b": "", "\ufeff": "",
})  # fmt: skip


def fold(text: str) -> str:
    """The text with accents and typographic signs folded; what has no plain form stays as it is."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", text.translate(_WITHOUT))
    return "".join(sign for sign in plain if not unicodedata.combining(sign))
