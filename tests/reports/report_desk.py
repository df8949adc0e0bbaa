"""Questions to the reports over a desk's store, and readers of what they write."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
import zipfile
from typing import Any

from posting_desk import Desk

from gateway.exchange.reporting import report
from gateway.reports.as_json import document_of
from gateway.reports.document import Report
from gateway.store.reporting import Filters

NAMES = (
    "reconciliation", "batches", "rejections", "denials", "payments", "credits", "unmatched", "unacknowledged", "aging",
    "rates",
)  # fmt: skip
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def asked(desk: Desk, name: str, as_of: str | None = None, **filters: str) -> Report:
    return report(desk, name, Filters(**filters), as_of)


def told(desk: Desk, name: str, as_of: str | None = None, **filters: str) -> dict[str, Any]:
    """The report as JSON, its laws checked."""
    document = json.loads(json.dumps(document_of(asked(desk, name, as_of, **filters))))
    assert [check for check in document["checks"] if not check["holds"]] == []
    return document


def sheets(data: bytes) -> dict[str, list[list[Any]]]:
    """The cells of a workbook by sheet: text, numbers, or a formula as "=…"; nothing where a cell is empty."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        texts = [
            "".join(part.text or "" for part in one.iter(f"{_MAIN}t"))
            for one in ET.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        names = [one.attrib["name"] for one in ET.fromstring(book.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")]
        found = {}
        for number, name in enumerate(names, 1):
            tree = ET.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
            found[name] = [[_cell(cell, texts) for cell in row] for row in tree.iter(f"{_MAIN}row")]
    return found


def _cell(cell: ET.Element, texts: list[str]) -> Any:
    formula, value = cell.find(f"{_MAIN}f"), cell.find(f"{_MAIN}v")
    if formula is not None:
        return f"={formula.text}"
    if value is None or value.text is None:
        return None
    return texts[int(value.text)] if cell.attrib.get("t") == "s" else float(value.text)
