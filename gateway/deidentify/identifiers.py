"""A fake for an identifier: of the same shape, never the same, and no two identifiers get the same one.

A keyed permutation of all identifiers of one shape. Which characters are letters and digits, their case, the
punctuation and leading zeros stay, so that a number which is padded or punctuated otherwise gets the same fake.
National provider identifiers, social security numbers, Medicare beneficiary identifiers and CLIA numbers become others
that keep their rules, and nothing else becomes one by chance.
"""

from __future__ import annotations

import hmac
import re
from functools import lru_cache
from math import prod

_DIGITS, _LETTERS, _FIRST = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "123456789"
_MBI_LETTERS = "ACDEFGHJKMNPQRTUVWXY"
_MBI_BOTH = _DIGITS + _MBI_LETTERS
# The places of a Medicare beneficiary identifier.
_MBI = (
    _FIRST,
    _MBI_LETTERS,
    _MBI_BOTH,
    _DIGITS,
    _MBI_LETTERS,
    _MBI_BOTH,
    _DIGITS,
    *(_MBI_LETTERS,) * 2,
    *(_DIGITS,) * 2,
)
_NPI = ("12", *(_DIGITS,) * 8)  # the tenth digit is computed
_CLIA = re.compile(r"[0-9]{2}D[0-9]{7}")
_SSN = re.compile(r"(?!000|666|9)[0-9]{3}(?!00)[0-9]{2}(?!0000)[0-9]{4}")
_ROUNDS = 8
_SMALL = 1000  # up to here a table of the whole permutation is made
_REMEMBERED = 20_000

Template = tuple[str, ...]  # for each place the characters that may stand there


def check_digit(nine: str) -> str:
    """The tenth digit of a national provider identifier: Luhn over 80840 and the nine before."""
    total = 24  # what 80840 adds
    for place, digit in enumerate(reversed(nine)):
        doubled = int(digit) * 2 if place % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def rule_of(text: str) -> str:
    """Which rule of a known identifier `text` (upper case, no punctuation) fulfils: npi, ssn, mbi, clia, or none."""
    if len(text) == 10 and text.isdecimal() and text[0] in "12" and check_digit(text[:9]) == text[9]:
        return "npi"
    if len(text) == 9 and _SSN.fullmatch(text):
        return "ssn"
    if len(text) == 11 and all(character in places for character, places in zip(text, _MBI, strict=True)):
        return "mbi"
    return "clia" if _CLIA.fullmatch(text) else ""


class Identifiers:
    """Fakes of identifiers under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.fake = lru_cache(_REMEMBERED)(self._fake)
        self._table = lru_cache(256)(self._small)

    def _fake(self, value: str) -> str:
        """The fake of each word in `value`; what is neither letter nor digit stays where it is."""
        return re.sub(r"[^\s]+", lambda word: self._word(word[0]), value)

    def _word(self, word: str) -> str:
        plain = "".join(c if c.isascii() else "X" for c in word.upper() if c.isalnum())
        if len(plain) != sum(map(str.isalnum, word)):  # a letter that is two in upper case
            plain = "".join(c.upper() if c.isascii() else "X" for c in word if c.isalnum())
        fake = iter(self._permuted(plain))
        dressed = ((next(fake), c) if c.isalnum() else (c, c) for c in word)
        return "".join(new.lower() if old.islower() else new for new, old in dressed)

    def _permuted(self, plain: str) -> str:
        rule = rule_of(plain)
        template = _template(plain, rule)
        size = prod(map(len, template))
        if size < 2:
            return plain
        found, count = plain, 0
        # Along one cycle through all of this shape, to the next that keeps the rule: a permutation that moves each.
        index = self._place(_number(found, template), template, size)
        while count == 0 or rule_of(found) != rule:
            count += 1
            found = _text(self._at((index + count) % size, template, size), template)
            found += check_digit(found) if rule == "npi" else ""
        return found

    def _at(self, index: int, template: Template, size: int) -> int:
        """The number at a place of the secret order."""
        if size <= _SMALL:
            return self._table(template)[index]
        sides = _sides(template)
        halves = list(divmod(index, sides[1]))
        for turn in range(_ROUNDS):
            side = turn % 2
            halves[side] = (halves[side] + self._word_of(template, turn, halves[1 - side])) % sides[side]
        return halves[0] * sides[1] + halves[1]

    def _place(self, number: int, template: Template, size: int) -> int:
        """The place of a number in the secret order."""
        if size <= _SMALL:
            return self._table(template).index(number)
        sides = _sides(template)
        halves = list(divmod(number, sides[1]))
        for turn in reversed(range(_ROUNDS)):
            side = turn % 2
            halves[side] = (halves[side] - self._word_of(template, turn, halves[1 - side])) % sides[side]
        return halves[0] * sides[1] + halves[1]

    def _word_of(self, template: Template, turn: int, other: int) -> int:
        message = f"identifier {turn} {other} {'|'.join(template)}".encode()
        return int.from_bytes(hmac.digest(self._key, message, "sha256"))

    def _small(self, template: Template) -> tuple[int, ...]:
        return tuple(sorted(range(prod(map(len, template))), key=lambda number: self._word_of(template, -1, number)))


def _template(plain: str, rule: str) -> Template:
    if rule == "npi":
        return _NPI
    if rule == "mbi":
        return _MBI
    zeros = len(plain) - len(plain.lstrip("0"))
    places = [c if place < zeros else _DIGITS if c.isdecimal() else _LETTERS for place, c in enumerate(plain)]
    if zeros < len(plain) and plain[zeros].isdecimal():
        places[zeros] = _FIRST
    if rule == "clia":
        places[2] = "D"
    return tuple(places)


def _sides(template: Template) -> tuple[int, int]:
    """How many values the two halves of a number have, as near to each other as places allow."""
    lengths = [len(places) for places in template]
    cuts = range(1, len(lengths))
    cut = min(cuts, key=lambda at: abs(prod(lengths[:at]) - prod(lengths[at:])))
    return prod(lengths[:cut]), prod(lengths[cut:])


def _number(text: str, template: Template) -> int:
    number = 0
    for character, places in zip(text, template, strict=False):
        number = number * len(places) + places.index(character)
    return number


def _text(number: int, template: Template) -> str:
    characters = []
    for places in reversed(template):
        number, rest = divmod(number, len(places))
        characters.append(places[rest])
    return "".join(reversed(characters))
