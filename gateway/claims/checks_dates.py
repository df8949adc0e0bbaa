"""Edits of dates: real, in order, not in the future, and in time for the payer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from gateway.claims.hits import Hit, only_with
from gateway.claims.view import Leaf, View, days_of, real_day, text_of

_DATE_NAMES = ("_date", "_period")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:/(\d{4}-\d\d-\d\d)|T\d\d:\d\d)?", re.ASCII)
# What may lie ahead: plans and estimates, not what was done.
_AHEAD = frozenset({
    "return_to_work_date", "disability_end_date", "disability_period", "relinquished_care_date",
    "treatment_completion_date", "appliance_replacement_date",
})  # fmt: skip
_BEFORE = (
    "accident_date", "onset_date", "initial_treatment_date", "acute_manifestation_date", "last_xray_date",
    "last_menstrual_period_date", "first_contact_date",
)  # fmt: skip
_WORDS = {"birth_date": "the birth date", "service_date": "the service", "statement_period": "the service"}
_LINE = re.compile(r"lines\[(\d+)\]\.", re.ASCII)
_FIRST = ("", "P", "U")  # SBR01 of who is asked before any other, as far as is known
_LONGEST_LINE = 366


def date_real(view: View) -> Iterator[Hit]:
    """A date is in the calendar, and an interval begins before it ends."""
    for leaf in view.once(_dates):
        if real_day(leaf.value) is not None:
            continue  # a single day, as nearly all are
        match = _DATE.fullmatch(leaf.value)
        if match is None:
            continue
        days = [real_day(part) for part in match.groups() if part]
        if None in days:
            yield Hit(leaf.path, "is not in the calendar")
        elif len(days) == 2 and leaf.value[:10] > leaf.value[11:]:
            yield Hit(leaf.path, "ends before it begins")


def _dates(view: View) -> list[Leaf]:
    return [leaf for name, leaves in view.by_name.items() if _is_date(name) for leaf in leaves]


@lru_cache(maxsize=1_000)
def _is_date(name: str) -> bool:
    """Whether fields of a name hold dates or intervals."""
    return name.endswith(_DATE_NAMES) or name in ("date", "period")


def date_future(view: View) -> Iterator[Hit]:
    """What was done was done by today."""
    today = view.today.isoformat()
    for leaf in view.once(_dates):
        if leaf.name in _AHEAD or (leaf.value[:10] <= today and leaf.value[11:21] <= today):
            continue
        if any(day > view.today for day in days_of(leaf.value)):
            words = _WORDS.get(leaf.name, f"the {leaf.name.replace('_', ' ')}")
            line = _LINE.match(leaf.path)
            yield Hit(leaf.path, f"line {int(line[1]) + 1}: {words}" if line else words)


def birth_after_service(view: View) -> Iterator[Hit]:
    """Nobody is treated before birth."""
    name = "patient" if view.patient else "subscriber"
    born = real_day(text_of(view.patient or view.subscriber, "birth_date"))
    if born and view.service_days and born > view.service_days[0]:
        yield Hit(f"{name}.birth_date")


@only_with("death_date")
def service_after_death(view: View) -> Iterator[Hit]:
    """Nobody is treated after death."""
    name = "patient" if view.patient else "subscriber"
    died = real_day(text_of(view.patient or view.subscriber, "death_date"))
    if died and view.service_days and died < view.service_days[-1]:
        yield Hit(f"{name}.death_date")


@only_with(*_BEFORE)
def event_after_service(view: View) -> Iterator[Hit]:
    """What led to the service was before it."""
    if not view.service_days:
        return
    for name in _BEFORE:
        if (day := real_day(text_of(view.document, name)[:10])) and day > view.service_days[-1]:
            yield Hit(name, name.removesuffix("_date").replace("_", " "))


@only_with("admission_date")
def stay_order(view: View) -> Iterator[Hit]:
    """A stay begins before it ends, and before its last service."""
    admitted = real_day(text_of(view.document, "admission_date")[:10])
    left = real_day(text_of(view.document, "discharge_date")[:10])
    if admitted and left and left < admitted:
        yield Hit("discharge_date", "the discharge is before the admission")
    if admitted and view.service_days and admitted > view.service_days[-1]:
        yield Hit("admission_date", "the admission is after the last service")


def date_late(view: View) -> Iterator[Hit]:
    """Most payers take claims for a year at most."""
    if not view.terms.is_stated:
        yield from _late(view)


def filing_limit(view: View) -> Iterator[Hit]:
    """This payer, or this kind of coverage, has a limit for filing."""
    if view.terms.is_stated:
        yield from _late(view)


def _late(view: View) -> Iterator[Hit]:
    if not view.service_days or text_of(view.document, "delay_reason"):
        return
    after = view.terms.days_after_payment
    paid = [day for leaf in view.named("paid_date") for day in days_of(leaf.value)] if after is not None else []
    if after is not None and paid and view.order not in _FIRST:
        days = (view.today - max(paid)).days
        if days > after:
            yield Hit(_last_service(view, view.service_days[-1]), f"decided on by the payer before {days} days ago")
        return
    days = (view.today - view.service_days[-1]).days
    if days > view.terms.filing_days and view.frequency not in ("7", "8"):
        yield Hit(_last_service(view, view.service_days[-1]), f"{days} days ago")


def _last_service(view: View, last: date) -> str:
    """The field that names the last day of service."""
    for place, line in enumerate(view.lines):
        if last in days_of(text_of(line, "service_date")):
            return f"lines[{place}].service_date"
    return "statement_period" if text_of(view.document, "statement_period") else "service_date"


def line_too_long(view: View) -> Iterator[Hit]:
    """A line covers days, not years."""
    for place, line in enumerate(view.lines):
        text = text_of(line, "service_date")
        if "/" in text:
            days = days_of(text)
            if len(days) == 2 and (days[1] - days[0]).days > _LONGEST_LINE:
                yield Hit(f"lines[{place}].service_date", f"line {place + 1}")
