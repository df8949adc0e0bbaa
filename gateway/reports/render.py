"""The reconciliation report for people: a table for a terminal, rows for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence

from gateway.reports.reconciliation import GROUPS, Reconciliation, Totals, amount
from gateway.store.reporting import MONEY

_WIDTH = 100
_MONEY_WORDS = {
    "charge": "charged",
    "paid": "paid",
    "patient_responsibility": "patient owes",
    "contractual": "contractual",
    "denied": "denied",
    "other_adjustments": "other adjustments",
    "open": "open",
}
_ATTENTION_WORDS = {
    "rejected": "rejected before adjudication: correct and send again",
    "held": "held by our own checks: correct, or release",
    "denied": "denied in whole or in part: work the denial",
    "reversed": "payment taken back, no correction yet",
    "silent": "sent, and nobody has said more than that it arrived",
}
_WAITING_WORDS = {
    "delivery_unknown": "deliveries of unknown outcome (gateway batches list)",
    "delivery_failed": "deliveries that a partner refused (gateway batches list)",
    "file_quarantined": "files that cannot be read (gateway inbound list)",
    "set_parked": "transaction sets read and not posted (gateway inbound list)",
    "set_quarantined": "transaction sets that cannot be read (gateway inbound list)",
}


def money(cents: int) -> str:
    """An amount for reading: 12,345.60."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100:,}.{abs(cents) % 100:02}"


def as_table(report: Reconciliation) -> str:
    """The report for a terminal: counts and money first, then what needs a person, then groups and the laws."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Reconciliation) -> Iterator[str]:
    yield f"Reconciliation as of {report.as_of}"
    yield "═" * _WIDTH
    yield from _counts(report)
    yield ""
    yield from _remittances(report)
    yield ""
    yield from _attention(report)
    for by, groups in report.groups.items():
        yield ""
        yield from _group_table(GROUPS[by], groups)
    yield ""
    yield from _checks(report)


def _counts(report: Reconciliation) -> Iterator[str]:
    counts, cents = report.totals.counts, report.totals.money
    left = [
        ("imported", counts["imported"]),
        ("  held", counts["held"]),
        ("  ready", counts["ready"]),
        ("  batched", counts["batched"]),
        ("  sent", counts["sent"]),
        ("    accepted", counts["accepted"]),
        ("      adjudicated", counts["adjudicated"]),
        ("    rejected", counts["rejected"]),
        ("    silent", counts["silent"]),
        ("  cancelled", counts["cancelled"]),
    ]
    right = [(_MONEY_WORDS[name], money(cents[name])) for name in MONEY]
    yield f"{'Claims':<34}Money"
    for i in range(max(len(left), len(right))):
        count = f"{left[i][0]:<20}{left[i][1]:>9,}" if i < len(left) else ""
        sums = f"{right[i][0]:<20}{right[i][1]:>18}{_share(report, MONEY[i])}" if i < len(right) else ""
        yield f"{count:<34}{sums}".rstrip()


def _share(report: Reconciliation, name: str) -> str:
    charge = report.totals.money["charge"]
    return f"{report.totals.money[name] / charge:>8.1%}" if charge and name != "charge" else ""


def _remittances(report: Reconciliation) -> Iterator[str]:
    found = report.remittances
    yield f"Remittances: {found['count']:,} posted, {found['parked']:,} parked"
    for key, words in (("payment", "payments (BPR02)"), ("matched", "matched to claims"), ("unmatched", "unmatched")):
        yield f"  {words:<32}{money(found[key]):>18}"
    yield f"  {'provider adjustments (PLB)':<32}{money(found['provider_adjustments']):>18}"


def _attention(report: Reconciliation) -> Iterator[str]:
    yield "Needs a person"
    yield "─" * _WIDTH
    if not report.attention and not report.waiting:
        yield "nothing"
    for kind, count in report.waiting.items():
        yield f"{count:>6,}  {_WAITING_WORDS.get(kind, kind)}"
    for kind, (count, lines) in report.attention.items():
        yield f"{count:>6,}  {_ATTENTION_WORDS[kind]}"
        for line in lines:
            yield (
                f"          {line.service_from:<12}{line.patient_control_number:<22}"
                f"{line.state:<24}{line.payer[:18]:<19}{money(line.amount):>12}"
            ).rstrip()
        if count > len(lines):
            yield f"          … and {count - len(lines):,} more (gateway claims list)"


def _group_table(title: str, groups: Sequence[Totals]) -> Iterator[str]:
    sums = f"{'charged':>14}{'paid':>14}{'patient':>12}{'denied':>12}{'open':>14}"
    yield f"{title[0].upper() + title[1:]:<26}{'claims':>7}{sums}"
    yield "─" * _WIDTH
    for group in groups:
        name = group.name or group.key or "(none yet)"
        cents = group.money
        yield (
            f"{name[:25]:<26}{group.counts['imported']:>7,}{money(cents['charge']):>14}{money(cents['paid']):>14}"
            f"{money(cents['patient_responsibility']):>12}{money(cents['denied']):>12}{money(cents['open']):>14}"
        )


def _checks(report: Reconciliation) -> Iterator[str]:
    failed = [check for check in report.checks if not check.holds]
    yield f"Conservation: {len(report.checks) - len(failed)} of {len(report.checks)} laws hold"
    yield "─" * _WIDTH
    for check in report.checks:
        yield f"{'ok  ' if check.holds else 'OFF '}  {check.name}"
        if not check.holds:
            difference = money(check.difference) if check.is_money else f"{check.difference:,}"
            blamed = ", ".join([*check.claims[:20], *check.remittances[:20]])
            more = len(check.claims) + len(check.remittances) - 20
            yield (
                f"      difference {difference}"
                + (f": {blamed}" if blamed else "")
                + (f", … {more} more" if more > 0 else "")
            )


def as_csv(report: Reconciliation) -> str:
    """The report as rows `section, key, name, measure, value`, easy to pivot."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("section", "key", "name", "measure", "value"))
    writer.writerow(("report", "", "", "as_of", report.as_of))
    writer.writerows(_total_rows("total", report.totals))
    for key, value in report.remittances.items():
        writer.writerow(("remittances", "", "", key, value if key in ("count", "parked") else amount(value)))
    for by, groups in report.groups.items():
        for group in groups:
            writer.writerows(_total_rows(by, group))
    for kind, (count, _) in report.attention.items():
        writer.writerow(("attention", kind, "", "claims", count))
    for check in report.checks:
        difference = amount(check.difference) if check.is_money else check.difference
        writer.writerow(("check", "holds" if check.holds else "off", check.name, "difference", difference))
    return out.getvalue()


def _total_rows(section: str, group: Totals) -> Iterable[tuple[object, ...]]:
    for name, count in group.counts.items():
        yield section, safe(group.key), safe(group.name), name, count
    for name, cents in group.money.items():
        yield section, safe(group.key), safe(group.name), name, amount(cents)


def safe(text: str) -> str:
    """Text that a spreadsheet will not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def render(report: Reconciliation, form: str) -> str:
    """The report as text: "table", "json" or "csv"."""
    if form == "json":
        return json.dumps(report.document(), ensure_ascii=False, indent=1) + "\n"
    return as_csv(report) if form == "csv" else as_table(report)
