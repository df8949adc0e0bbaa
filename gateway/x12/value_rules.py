"""What one value must be like: format, length, codes. Faults carry the code of an element error in a 999 (IK403)."""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.x12.formats import DATES, LONG_CLOCK, NUMBERS, dated
from gateway.x12.guide import Element

_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_CLOCK = re.compile(LONG_CLOCK, re.ASCII)
_WHOLE = re.compile(r"-?[0-9]+")
_CENTS = re.compile(r"[^.]*(?:\.[0-9]{0,2}0*)?")


class ValueFault(NamedTuple):
    """One fault of a value, without the value."""

    code: str  # IK403
    text: str


MISSING = ValueFault("1", "a required element is missing")
PAIR = ValueFault("2", "of two elements that belong together one is missing")
SHORT = ValueFault("4", "too short")
LONG = ValueFault("5", "too long")
CHARACTER = ValueFault("6", "a character that is not allowed here")
CODE = ValueFault("7", "none of the codes that the guide has")
DATE = ValueFault("8", "no date of the calendar in the format that is asked for")
TIME = ValueFault("9", "no time of the day")
EXCLUSIVE = ValueFault("10", "may not stand beside another element of the segment")
REPEATED = ValueFault("12", "repeated, which the guide does not have")
COMPONENTS = ValueFault("13", "more components than the guide has")
NOT_USED = ValueFault("I10", "not used in this guide")
ORDINAL = ValueFault("7", "the lines are not counted from 1 on")
CENTS = ValueFault("I12", "an amount with more than two places")


def wire_fault(element: Element, text: str, *, is_first: bool = False) -> ValueFault | None:
    """What is wrong with a value on the wire that is not empty; dates with a qualifier are judged by `date_fault`.

    `is_first`: it is the first item of a block.
    """
    form = element.format
    if form.kind == "date":
        return None if dated(form.dates[0], text) else TIME if form.dates[0] == "TM" else DATE
    if form.kind == "clock":
        return None if _CLOCK.fullmatch(text) else TIME
    if form.kind in NUMBERS:
        return _number_fault(form.kind, text, form.least, form.most) or _code_fault(element, text, is_first)
    if not text.isprintable() or (form.kind == "digits" and not (text.isascii() and text.isdigit())):
        return CHARACTER
    if not text.strip() or len(text) < form.least:
        return SHORT
    return LONG if len(text) > form.most else _code_fault(element, text, is_first)


def _code_fault(element: Element, text: str, is_first: bool) -> ValueFault | None:
    codes = (is_first and element.first_codes) or element.codes
    return CODE if codes and text not in codes else None


def _number_fault(kind: str, text: str, least: int, most: int) -> ValueFault | None:
    if not (_WHOLE if kind == "N0" else _NUMBER).fullmatch(text):
        return CHARACTER
    digits = sum(mark.isdigit() for mark in text)
    if digits < least:
        return SHORT
    if digits > most:
        return LONG
    return CENTS if kind == "money" and not _CENTS.fullmatch(text) else None


def date_fault(allowed: tuple[str, ...], qualifier: str, text: str) -> ValueFault | None:
    """What is wrong with a date and its qualifier, both of them there."""
    if qualifier not in DATES or qualifier not in allowed:
        return CODE
    return None if dated(qualifier, text) else TIME if qualifier == "TM" else DATE
