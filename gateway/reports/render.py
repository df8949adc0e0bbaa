"""One renderer a format; no report has one of its own. Loaded when asked for, since a workbook's writer is large."""

from __future__ import annotations

from importlib import import_module

from gateway.reports.document import Report

FORMATS = ("table", "json", "csv", "xlsx", "html")
LISTED = {"table": 25, "html": 300}  # rows of a list; the other formats have all
_MODULES = {"table": "as_text", "json": "as_json", "csv": "as_csv", "xlsx": "as_xlsx", "html": "as_html"}


def render(report: Report, form: str, *, section: str = "") -> str | bytes:
    """The report in one of FORMATS; bytes where it is a workbook. `section` chooses another table for CSV."""
    module = import_module(f"gateway.reports.{_MODULES[form]}")
    made: str | bytes = module.render(report, section) if form == "csv" else module.render(report)
    return made


def as_table(report: Report) -> str:
    """The report for a terminal."""
    return str(render(report, "table"))
