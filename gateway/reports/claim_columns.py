"""The columns that every list of claims begins with."""

from __future__ import annotations

from gateway.reports.asked import Asked
from gateway.reports.document import Column, Row
from gateway.store.claim_reports import ReportedClaim

CLAIM = (
    Column("patient_control_number", "claim"),
    Column("state", "state", "code"),
    Column("payer.id", "payer id", brief=False),
    Column("payer.name", "payer"),
    Column("partner", "partner", brief=False),
    Column("billing_provider.id", "provider id", brief=False),
    Column("billing_provider.name", "billing provider", brief=False),
    Column("service_from", "service", "date"),
    Column("service_to", "last service", "date", brief=False),
    Column("charge", "charged", "money", adds=True),
)


def claim_cells(asked: Asked, one: ReportedClaim) -> Row:
    """Their values."""
    key, name = asked.payer(one.payer_id, one.payer_name)
    return (
        one.patient_control_number, one.state, key, name or key, one.partner, one.billing_key,
        one.billing_name, one.service_from, one.service_to, one.charge,
    )  # fmt: skip
