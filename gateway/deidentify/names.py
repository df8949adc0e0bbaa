"""Fakes of names, places and words, made of syllables: the same for the same original under one key."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence

_STARTS = (
    *("b", "br", "c", "ch", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n"),
    *("p", "r", "s", "st", "t", "th", "tr", "v", "w", "z"),
)
_INITIALS = "ABCDEFGHIJKLMNOPRSTUVWXYZ"
_VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "ie", "oa"]
_ENDS = ["d", "l", "ld", "m", "n", "nd", "r", "rd", "rn", "s", "st", "t", "ck", "x"]
_HOUSES = ("Clinic", "Health", "Medical", "Care", "Partners", "Group")
_STREETS = ("Street", "Avenue", "Road", "Lane", "Way")
_TOWNS = ("ton", "ville", "field", "ford", "haven")
_SUFFIXES = frozenset(["JR", "SR", "I", "II", "III", "IV", "V"])
_REMOVED = "REMOVED"
# Postal areas with so few people that their first three digits would tell too much.
_FEW_PEOPLE = frozenset(
    (
        *("036", "059", "063", "102", "203", "556", "692", "790", "821", "823"),
        *("830", "831", "878", "879", "884", "890", "893"),
    )
)


class Names:
    """Fakes of what people, firms and places are called, under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def last(self, value: str) -> str:
        return self._like(value, "last", lambda draw: draw.word(2 + draw.below(2)))

    def first(self, value: str) -> str:
        """A given or middle name; an initial stays an initial."""
        if sum(map(str.isalnum, value)) == 1:
            return self._like(value, "initial", lambda draw: draw.one_of(_INITIALS))
        return self._like(value, "first", lambda draw: draw.word(2))

    def organization(self, value: str) -> str:
        return self._like(value, "organization", lambda draw: f"{draw.word(2)} {draw.one_of(_HOUSES)}")

    def address(self, value: str) -> str:
        return self._like(
            value, "address", lambda draw: f"{1 + draw.below(9998)} {draw.word(2)} {draw.one_of(_STREETS)}"
        )

    def second_address(self, value: str) -> str:
        return self._like(value, "second address", lambda draw: f"Unit {1 + draw.below(998)}")

    def city(self, value: str) -> str:
        return self._like(value, "city", lambda draw: draw.word(1) + draw.one_of(_TOWNS))

    def suffix(self, value: str) -> str:
        """A generation stays, anything else goes."""
        return value if value.strip().upper().rstrip(".") in _SUFFIXES else self.text(value)

    def text(self, value: str) -> str:
        """Free text leaves nothing but that it was there."""
        return _REMOVED[: len(value.strip())] if value.strip() else value

    def postal_code(self, value: str) -> str:
        """The area (three digits, 000 where few people live) stays, the rest is another; for US codes only."""
        digits = "".join(filter(str.isdigit, value))
        if len(digits) not in (5, 9) or not value.isascii():
            return self.text(value)
        area = "000" if digits[:3] in _FEW_PEOPLE else digits[:3]
        place = (int(digits[3:5]) + 1 + self._draw("postal code", digits[:5]).below(99)) % 100
        fake = f"{area}{place:02}"
        if len(digits) == 9:
            fake += f"{(int(digits[5:]) + 1 + self._draw('postal code', digits).below(9998)) % 10_000:04}"
        left = iter(fake)
        return "".join(next(left) if character.isdigit() else character for character in value)

    def _like(self, value: str, kind: str, make: Callable[[_Draw], str]) -> str:
        """A fake in the original's case; the same however the original is spaced and punctuated."""
        plain = "".join(filter(str.isalnum, value)).upper()
        if not plain:
            return value
        fake, turn = make(self._draw(kind, plain)), 0
        while "".join(filter(str.isalnum, fake)).upper() == plain:
            turn += 1
            fake = make(self._draw(f"{kind} {turn}", plain))
        return fake if any(map(str.islower, value)) else fake.upper()

    def _draw(self, kind: str, value: str) -> _Draw:
        return _Draw(hmac.digest(self._key, f"name {kind} {value}".encode(), "sha256"))


class _Draw:
    """Choices that follow from a digest."""

    def __init__(self, digest: bytes) -> None:
        self._left = int.from_bytes(digest)

    def below(self, limit: int) -> int:
        self._left, chosen = divmod(self._left, limit)
        return chosen

    def one_of(self, choices: Sequence[str]) -> str:
        return choices[self.below(len(choices))]

    def word(self, syllables: int) -> str:
        parts = [self.one_of(_STARTS) + self.one_of(_VOWELS) for _ in range(syllables)]
        return ("".join(parts) + self.one_of(_ENDS)).capitalize()
