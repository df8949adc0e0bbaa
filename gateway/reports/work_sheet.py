"""The list of work as a report, so that the renderers of reports make a sheet or a page of it."""

from __future__ import annotations

from typing import Any

from gateway.claims.amounts import cents
from gateway.reports.cells import Value
from gateway.reports.document import Column, Figure, Figures, Report, Row, table_of

Document = dict[str, Any]

_TITLES = {"denials": "denied", "rejections": "rejected", "silent": "silent"}
_ITEM = (
    Column("list", "list"),
    Column("patient_control_number", "claim"),
    Column("state", "state", "code", brief=False),
    Column("payer.id", "payer id", brief=False),
    Column("payer.name", "payer"),
    Column("order", "order", brief=False),
    Column("partner", "partner", brief=False),
    Column("billing_provider.id", "billing provider", brief=False),
    Column("billing_provider.name", "provider's name", brief=False),
    Column("patient", "patient"),
    Column("service_from", "service", "date"),
    Column("service_to", "until", "date", brief=False),
    Column("charge", "charge", "money", adds=True, brief=False),
    Column("paid", "paid", "money", adds=True, brief=False),
    Column("at_risk", "at risk", "money", adds=True),
    Column("expected", "expected of appeals", "money", brief=False),
    Column("because", "because"),
    Column("payer_claim_number", "payer's number", brief=False),
    Column("remittance", "remittance", brief=False),
    Column("denied_on", "denied on", "date", brief=False),
    Column("deadline.kind", "deadline", brief=False),
    Column("deadline.last_day", "last day", "date"),
    Column("deadline.days_left", "days left", "count"),
    Column("owner", "owner"),
    Column("due", "come back on", "date"),
    Column("note", "note", brief=False),
    Column("appeal", "last appeal", brief=False),
    Column("attempts", "sent times", "count", brief=False),
    Column("next", "next step"),
    Column("command", "command", brief=False),
)


def sheet(found: Document, parameters: tuple[tuple[str, str], ...] = ()) -> Report:
    """The report of `lists`: what each list comes to, then an item a row."""
    figures = [
        Figure(f"lists.{name}.count", f"{_TITLES[name]} claims", "count", one["count"])
        for name, one in found["lists"].items()
    ]
    figures.append(Figure("at_risk", "money at risk", "money", _cents(found["at_risk"])))
    table = table_of(
        "items", "What waits, most money at risk first", _ITEM, [_row(one) for one in found["items"]],
        count=found["count"], totals=_totals(found), empty="nothing waits",
    )  # fmt: skip
    sections = (Figures("worklist", "Worklist", tuple(figures)), table)
    return Report("worklist", "Worklist", found["as_of"], parameters, sections, detail="items")


def _totals(found: Document) -> dict[str, Value]:
    sums: dict[str, Value] = {"at_risk": _cents(found["at_risk"])}
    if found["count"] == len(found["items"]):
        sums |= {name: sum(_cents(one[name]) for one in found["items"]) for name in ("charge", "paid")}
    return sums


def _row(one: Document) -> Row:
    deadline = one["deadline"] or {}
    appeal = one["appeals"][-1] if one["appeals"] else None
    expected = one.get("expected")
    return (
        one["list"], one["patient_control_number"], one["state"], one["payer"]["id"],
        one["payer"]["name"] or one["payer"]["id"], one["order"], one["partner"], one["billing_provider"]["id"],
        one["billing_provider"]["name"], one["patient"], one["service_from"], one["service_to"], _cents(one["charge"]),
        _cents(one["paid"]), _cents(one["at_risk"]), None if expected is None else _cents(expected), because(one),
        one.get("payer_claim_number", ""), one.get("remittance", ""), one.get("denied_on", ""),
        deadline.get("kind", ""), deadline.get("last_day", ""), deadline.get("days_left"), one["owner"], one["due"],
        one["note"], f"level {appeal['level']}: {appeal['outcome']}" if appeal else "", one["attempts"],
        one["next"]["says"], one["next"]["command"],
    )  # fmt: skip


def _cents(text: str) -> int:
    """Of an amount that the list itself wrote."""
    return cents(text) or 0


def because(item: Document) -> str:
    """Why an item waits, in words."""
    if item["list"] == "denials":
        reasons = [f"{one['group']} {one['reason']} {one['label']}".strip() for one in item["reasons"]]
        return "denied: " + "; ".join(dict.fromkeys(reasons))
    if item["list"] == "rejections":
        said = "; ".join(dict.fromkeys(one["label"] for one in item["codes"])) or "no code was given"
        return f"rejected by {item['hop']}: {said}"
    return f"no {item['missing']}, sent {item['sent_at'][:10]}"
