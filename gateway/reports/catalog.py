"""The reports by name, each loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module

from gateway.reports.asked import Asked
from gateway.reports.document import Report
from gateway.store import Connection

NAMES = (
    "reconciliation", "batches", "rejections", "denials", "payments", "credits", "unmatched", "unacknowledged", "aging",
    "rates",
)  # fmt: skip


def build(conn: Connection, name: str, asked: Asked) -> Report:
    """Asks the store for one of NAMES."""
    made: Report = import_module(f"gateway.reports.{name}").build(conn, asked)
    return made
