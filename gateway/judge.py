"""pyx12 as the second opinion on what the gateway writes: the one module that knows it.

It judges one transaction set at a time, so that memory stays flat. Its external code lists are left out, because they
are old; its logger is silenced and its sentences are not repeated, because they hold element values.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from functools import cache
from typing import Any, BinaryIO
from xml.etree import ElementTree as Tree

from gateway.data import SHIPPED
from gateway.x12.issues import Issue, plain_id
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.values import Delimiters, Group, Interchange

# The guides that pyx12 judges; its 277CA map rejects real files.
JUDGED = {
    "837P": "005010X222A1",
    "837I": "005010X223A2",
    "837D": "005010X224A2",  # by a map of ours
    "835": "005010X221A1",
    "999": "005010X231A1",
}
_EXTERNAL_LISTS = "states,entity_id,pos,remark_code,service_type,country,currency,claim_status,claim_status_cat"

_SEGMENT_WORDS = {
    "1": "is not a segment of the guide",
    "2": "is not expected here",
    "3": "is required and missing",
    "4": "stands in a loop that occurs too often",
    "5": "occurs too often",
    "6": "does not belong in this transaction set",
    "7": "is out of order",
    "8": "has faulty elements",
}
_ELEMENT_WORDS = {
    "1": "is required and missing",
    "2": "is required by another element and missing",
    "3": "is one element too many",
    "4": "is too short",
    "5": "is too long",
    "6": "has a character that is not allowed",
    "7": "has a code that the guide does not allow",
    "8": "is not a date",
    "9": "is not a time",
    "10": "may not stand beside another element",
}


def judged_kinds() -> frozenset[str]:
    """The kinds of transaction set that pyx12 can judge."""
    return frozenset(JUDGED)


def judge(stream: BinaryIO) -> Iterator[Issue]:
    """What pyx12 finds in each set that it has a map for; positions count from ST = 1, loops are left out."""
    for item in Reader(stream).items():
        if isinstance(item, TransactionSet) and can_judge(item):
            yield from judge_set(item)


def can_judge(tset: TransactionSet) -> bool:
    """Whether pyx12 has a map for the guide that a set names."""
    return JUDGED.get(tset.kind) == tset.version


def judge_set(tset: TransactionSet) -> list[Issue]:
    """pyx12's verdict on one set: nothing where it accepts."""
    document = _verdict(_as_interchange(tset))
    if document is None:
        return [Issue("pyx12", "error", "pyx12 gave up on this transaction set", 1, segment_id="ST")]
    return list(_issues(document))


def _as_interchange(tset: TransactionSet) -> str:
    """The set alone in an interchange of its own, with right counts."""
    interchange, group = tset.interchange or _interchange(), tset.group or _group(tset)
    marks = interchange.delimiters
    lines = [_isa(interchange), marks.element.join(_gs(group))]
    lines += [marks.element.join(segment) for segment in tset]
    lines += [marks.element.join(("GE", "1", group.control_number)), marks.element.join(("IEA", "1", "000000001"))]
    return "".join(line + marks.segment for line in lines)


def _interchange() -> Interchange:
    return Interchange("000000001", "ZZ", "SENDER", "ZZ", "RECEIVER", "T", "260101", "0000", "00501", Delimiters())


def _group(tset: TransactionSet) -> Group:
    functional_id = {"837": "HC", "835": "HP", "999": "FA"}.get(tset.code, "HN")
    return Group(functional_id, "SENDER", "RECEIVER", "1", tset.version, "20260101", "0000")


def _isa(value: Interchange) -> str:
    marks = value.delimiters
    elements = ["ISA", "00", " " * 10, "00", " " * 10, value.sender_qualifier, value.sender.ljust(15)]
    elements += [value.receiver_qualifier, value.receiver.ljust(15), value.date, value.time]
    elements += [marks.repetition or "^", "00501", "000000001", "0", value.usage, marks.component]
    return marks.element.join(elements)


def _gs(value: Group) -> list[str]:
    head = ["GS", value.functional_id, value.sender, value.receiver, value.date, value.time or "0000"]
    return [*head, value.control_number, "X", value.version]


@cache
def _engine() -> Any:
    """pyx12's entry point and parameters; imported only when something is judged, since it is slow to load."""
    for name in ("pyx12", "pyx12.params"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    import pyx12.map_if
    import pyx12.map_index
    import pyx12.params
    import pyx12.x12n_document

    plain_map, plain_index = pyx12.map_if.load_map_file, pyx12.map_index.map_index

    @cache  # a map takes half a second to read, and judging does not change it
    def load_map(name: str, parameters: Any, path: str | None = None) -> Any:
        own = SHIPPED / "mappings" / "pyx12" / name
        if not own.is_file():
            return plain_map(name, parameters, path)
        return pyx12.map_if.map_if(Tree.parse(own).getroot(), parameters, path)  # noqa: S314 - a file of ours

    def load_index(path: str | None = None) -> Any:
        index = plain_index(path)
        index.add_map("00501", JUDGED["837D"], "HC", None, "837.5010.X224.A2.xml", "837D")
        return index

    pyx12.map_if.load_map_file, pyx12.map_index.map_index = load_map, load_index
    parameters = pyx12.params.ParamsBase()
    parameters.set("exclude_external_codes", _EXTERNAL_LISTS)
    return pyx12.x12n_document.x12n_document, parameters


def _verdict(text: str) -> dict[str, Any] | None:
    """pyx12's error document, empty where it accepts; nothing where it fails on the text."""
    run, parameters = _engine()
    found = io.StringIO()
    try:
        accepted = run(parameters, io.StringIO(text), None, None, fd_json=found)
    except Exception:  # noqa: BLE001 - whatever it dies of, the file is not accepted; its text may hold element values
        return None
    if accepted:
        return {}
    try:
        document: dict[str, Any] = json.loads(found.getvalue())
    except ValueError:
        return None
    return document


def _issues(document: dict[str, Any]) -> Iterator[Issue]:
    for interchange in document.get("interchanges", ()):
        yield from _envelope(interchange, "ISA")
        for group in interchange["groups"]:
            yield from _envelope(group, "GS")
            for transaction in group["transactions"]:
                yield from _envelope(transaction, "ST")
                for segment in transaction["segments"]:
                    yield from _segment_issues(segment)


def _envelope(node: dict[str, Any], segment_id: str) -> Iterator[Issue]:
    for error in node["errors"]:
        code = str(error["err_cde"])
        yield Issue(f"pyx12-{segment_id}-{code}", "error", f"the envelope is faulty (code {code})", 1, None, segment_id)


def _segment_issues(node: dict[str, Any]) -> Iterator[Issue]:
    segment_id, position = plain_id(str(node["seg_id"])), int(node["seg_count"] or 0)
    for error in node["errors"]:
        code = str(error["err_cde"])
        if code == "8" and (node["elements"] or len(node["errors"]) > 1):
            continue
        words = _SEGMENT_WORDS.get(code, f"is faulty (code {code})")
        yield Issue(f"pyx12-IK3-{code}", "error", f"{segment_id} {words}", position, None, segment_id)
    for element in node["elements"]:
        place = f"{int(element['ele_pos'] or 0):02}"
        if element.get("subele_pos"):
            place += f"-{element['subele_pos']}"
        for error in element["errors"]:
            code = str(error["err_cde"])
            words = _ELEMENT_WORDS.get(code, f"is faulty (code {code})")
            text = f"{segment_id}{place} {words}"
            yield Issue(f"pyx12-IK4-{code}", "error", text, position, None, segment_id, place)
