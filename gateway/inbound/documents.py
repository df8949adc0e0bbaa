"""Facts as JSON-like documents, and the totals of a set: what `x12 read` and `x12 inspect` show of inbound files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gateway.inbound.ack277 import StatusReader
from gateway.inbound.ack999 import AcknowledgmentReader
from gateway.inbound.elements import money
from gateway.inbound.facts import ClaimStatus, ReadableSet
from gateway.inbound.remit835 import RemittanceReader
from gateway.x12.issues import Issue

_MONEY = frozenset(("charge", "paid", "patient_stated", "payment", "accepted_amount", "rejected_amount", "difference"))
_RENAMED = {"cents": "amount"}
_PAIRS = frozenset(("references", "numbers", "values", "payer_references", "payee_references", "dates", "quantities"))


def document(fact: Any) -> dict[str, Any]:
    """One fact as an object: what is absent is left out, amounts are text with two decimals."""
    shown: dict[str, Any] = {}
    for name, value in zip(fact._fields, fact, strict=True):
        if value is None or value == "" or value == ():
            continue
        shown[_RENAMED.get(name, name)] = _shown(name, value)
    return shown


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, int):
        return money(value) if name in _MONEY or name == "cents" else value
    if not isinstance(value, tuple):
        return value
    if name in _PAIRS:
        return [{"qualifier": qualifier, "value": text} for qualifier, text in value]
    if name == "amounts":
        return [{"qualifier": qualifier, "amount": money(amount)} for qualifier, amount in value]
    return [document(item) if hasattr(item, "_fields") else item for item in value]


class RemittanceDocuments:
    """Iterating gives the documents of an 835; `totals` and `issues` are complete then."""

    def __init__(self, reader: RemittanceReader) -> None:
        self._reader = reader

    def __iter__(self) -> Iterator[dict[str, Any]]:
        header = self._reader.header
        yield {"kind": "remittance", **document(header)}
        for claim in self._reader:
            yield {"kind": "claim", **document(claim)}
        for summary in self._reader.provider_summaries:
            yield {"kind": "provider_summary", **document(summary)}
        for adjustment in self._reader.provider_adjustments:
            yield {"kind": "provider_adjustment", **document(adjustment)}

    @property
    def issues(self) -> list[Issue]:
        return self._reader.issues

    def totals(self) -> dict[str, Any]:
        """Claims, charge, paid, service lines, adjustments, provider adjustments of the set."""
        totals = self._reader.totals
        return {
            "claims": totals.claims,
            "charge": money(totals.charge),
            "paid": money(totals.paid),
            "service_lines": totals.service_lines,
            "adjustments": totals.adjustments,
            "provider_adjustments": money(totals.provider_adjustments),
        }


class AcknowledgmentDocuments:
    """Iterating gives the answers of a 999 or 997, sets first, the group last."""

    def __init__(self, reader: AcknowledgmentReader) -> None:
        self._reader = reader

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for answer in self._reader:
            yield {"kind": "set", **document(answer)}
        yield {"kind": "group", **document(self._reader.group)}

    @property
    def issues(self) -> list[Issue]:
        return self._reader.issues

    def totals(self) -> dict[str, Any]:
        """Accepted and rejected transaction sets."""
        return {"accepted": self._reader.accepted, "rejected": self._reader.rejected}


class StatusDocuments:
    """Iterating gives source, receiver, providers and claims of a 277CA or 277."""

    def __init__(self, reader: StatusReader) -> None:
        self._reader = reader

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for answer in self._reader:
            shown = document(answer)
            if isinstance(answer, ClaimStatus):
                shown["verdict"] = answer.verdict
            yield {"kind": type(answer).__name__.removesuffix("Status").lower(), **shown}

    @property
    def issues(self) -> list[Issue]:
        return self._reader.issues

    def totals(self) -> dict[str, Any]:
        """Claims, their charge, accepted and rejected ones; of a 277 the claims alone."""
        reader = self._reader
        if reader.inquiry:
            return {"claims": reader.claims}
        return {
            "claims": reader.claims,
            "charge": money(reader.charge),
            "accepted": reader.accepted,
            "rejected": reader.rejected,
        }


Documents = RemittanceDocuments | AcknowledgmentDocuments | StatusDocuments

READERS: dict[str, Callable[[ReadableSet], Documents]] = {
    "835": lambda opened: RemittanceDocuments(RemittanceReader(opened)),
    "999": lambda opened: AcknowledgmentDocuments(AcknowledgmentReader(opened)),
    "997": lambda opened: AcknowledgmentDocuments(AcknowledgmentReader(opened)),
    "277CA": lambda opened: StatusDocuments(StatusReader(opened)),
    "277": lambda opened: StatusDocuments(StatusReader(opened, inquiry=True)),
}
