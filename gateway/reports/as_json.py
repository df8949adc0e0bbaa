"""A report as one JSON document: figures are objects, tables are lists of objects, keys with a dot nest."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from gateway.reports.cells import written
from gateway.reports.document import Column, Figures, Report, Row, Table


def document_of(report: Report) -> dict[str, Any]:
    """The report as plain lists and objects."""
    found: dict[str, Any] = {"report": report.name, "as_of": report.as_of, "parameters": dict(report.parameters)}
    totals: dict[str, Any] = {}
    for section in report.sections:
        if isinstance(section, Figures):
            _put(found, section.key, {row.key: written(row.kind, row.value) for row in section.rows}, nest=True)
        elif isinstance(section, Table):
            _put(found, section.key, [_object(section.columns, row) for row in section.rows])
            if section.totals is not None:
                _put(totals, section.key, _object(section.columns, section.totals, only_sums=True))
    if totals:
        found["totals"] = totals
    found["checks"] = [check.document() for check in report.checks]
    return found


def render(report: Report) -> str:
    return json.dumps(document_of(report), ensure_ascii=False, indent=1) + "\n"


def _object(columns: Iterable[Column], row: Row, *, only_sums: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for column, value in zip(columns, row, strict=True):
        if column.adds or not only_sums:
            _put(made, column.key, written(column.kind, value))
    return made


def _put(into: dict[str, Any], key: str, value: Any, *, nest: bool = False) -> None:
    """Puts a value at a key; an object of figures joins what is there."""
    *outer, last = key.split(".")
    for name in outer:
        into = into.setdefault(name, {})
    if not nest:
        into[last] = value
        return
    place = into.setdefault(last, {}) if last else into
    for name, one in value.items():
        _put(place, name, one)
