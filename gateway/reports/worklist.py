"""What waits for a person: denials, rejections and claims that nobody answers, most money at risk first, then the least
days left; each with who does it, until when, and the next step as a command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from gateway.claims.life import REJECTED, VOID
from gateway.claims.view import object_of, objects_of, text_of
from gateway.claims.work import NOTHING, Appeal, Work
from gateway.reconcile.projection import FoldedClaim, folded
from gateway.reconcile.working import works
from gateway.reports.asked import Asked
from gateway.reports.cells import amount
from gateway.reports.deadlines import Clock, Deadline, appeal_of, next_level
from gateway.reports.denied_cases import REST, DeniedCase, denied_cases
from gateway.reports.habits import late_since
from gateway.reports.next_steps import Case, NextSteps, Step
from gateway.reports.refused_cases import RefusedCase, refused_cases
from gateway.store import Connection
from gateway.store.claim_reports import ReportedClaim, partners_of, payments_of
from gateway.store.rows import cut
from gateway.store.work import AppealSums, appeal_sums
from gateway.store.worklist import (
    LISTS,
    Denials,
    Found,
    Head,
    Item,
    WorkFilters,
    denials_of,
    entered_rejections,
    find_work,
    heads_of,
    reported,
    shared_numbers,
)

Document = dict[str, Any]
CLOSE = 15  # days before a last day at which an item is urgent
FEWEST_APPEALS = 10  # answered ones, before their rate says anything
_AT_A_TIME = 500
_NO_DAY = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Desk:
    """The tables that the list is made by."""

    clock: Clock
    steps: NextSteps


@dataclass(frozen=True, slots=True)
class _Page:
    """What is known of the items that are shown, by claim."""

    asked: Asked
    desk: Desk
    today: date
    claims: Mapping[int, ReportedClaim]
    heads: Mapping[int, Head]
    works: Mapping[int, Work]
    denials: Mapping[int, Denials]
    denied: Mapping[int, DeniedCase]
    refused: Mapping[int, RefusedCase]
    folds: Mapping[int, FoldedClaim]
    entered: Mapping[int, str]  # what was said, where a rejection was entered by hand
    shared: set[str]
    appeals: AppealSums


def worklist(
    conn: Connection,
    asked: Asked,
    desk: Desk,
    names: Sequence[str],
    filters: WorkFilters,
    limit: int | None,
    tell: Callable[[Document], None],
) -> Document:
    """Tells the items of the lists of these names as one, in bounded memory; gives what they come to."""
    late = late_since(asked.habits, partners_of(conn), asked.at)
    found = find_work(conn, names, filters, late, limit)
    items = [item for one in found for item in one.items]
    known = works(conn, [item.claim_id for item in items])
    paid = _paid_before(conn, desk.clock, items)
    limits = {item.claim_id: desk.clock.of(item, known[item.claim_id], paid.get(item.claim_id, "")) for item in items}
    items.sort(key=lambda one: _order(one, limits[one.claim_id]))
    for part in cut(items[:limit], _AT_A_TIME):
        page = _page(conn, asked, desk, part, known)
        for item in part:
            tell(_item(page, item, limits[item.claim_id]))
    return {
        "as_of": asked.as_of,
        "count": sum(one.count for one in found),
        "at_risk": amount(sum(one.at_risk for one in found)),
        "lists": {one.name: _sum(one) for one in found},
    }


def _paid_before(conn: Connection, clock: Clock, items: Sequence[Item]) -> dict[int, str]:
    """Of claims to a later payer: the day of the newest payment; by nobody asked for where no payer counts from it."""
    if not clock.terms.count_from_payments:
        return {}
    heads = heads_of(conn, [item.claim_id for item in items if item.name != "denials"])
    later = [claim_id for claim_id, head in heads.items() if head.payer_responsibility not in ("", "P", "U")]
    return {claim_id: max(one.payment_date for one in paid) for claim_id, paid in payments_of(conn, later).items()}


def _sum(found: Found) -> Document:
    return {"count": found.count, "at_risk": amount(found.at_risk)}


def _order(item: Item, deadline: Deadline | None) -> tuple[int, str, int]:
    return -item.at_risk, deadline.last_day if deadline else _NO_DAY, item.claim_id


def _page(conn: Connection, asked: Asked, desk: Desk, items: Sequence[Item], known: Mapping[int, Work]) -> _Page:
    ids = {name: [item.claim_id for item in items if item.name == name] for name in LISTS}
    listed = [item.claim_id for item in items]
    claims = reported(conn, listed)
    denied = {one.claim.claim_id: one for one in denied_cases(conn, asked, [claims[one] for one in ids["denials"]])}
    refused = {
        one.claim.claim_id: one for one in refused_cases(conn, asked, [claims[one] for one in ids["rejections"]])
    }
    cases: Iterable[DeniedCase | RefusedCase] = [*denied.values(), *refused.values()]
    folds = {one.claim.claim_id: one.fold for one in cases if one.fold is not None}
    folds |= {fold.claim_id: fold for fold in folded(conn, ids["silent"])}
    shared = shared_numbers(conn, [one.patient_control_number for one in claims.values()])
    told = entered_rejections(conn, ids["rejections"])
    return _Page(
        asked, desk, asked.at.astimezone(UTC).date(), claims, heads_of(conn, listed), known, denials_of(conn, listed),
        denied, refused, folds, told, shared, appeal_sums(conn),
    )  # fmt: skip


# ── one item ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _item(page: _Page, item: Item, deadline: Deadline | None) -> Document:
    claim, head = page.claims[item.claim_id], page.heads[item.claim_id]
    work = page.works.get(item.claim_id, NOTHING)
    body = json.loads(head.body)
    key, name = page.asked.payer(claim.payer_id, claim.payer_name)
    step = page.desk.steps.of(_case(page, item, work))
    days = deadline.days_left(page.today) if deadline else None
    return {
        "list": item.name,
        "patient_control_number": claim.patient_control_number,
        "state": claim.state,
        "payer": {"id": key, "name": name},
        "order": head.payer_responsibility,
        "partner": claim.partner,
        "billing_provider": {"id": claim.billing_key, "name": claim.billing_name},
        "patient": _initials(body),
        "service_from": claim.service_from,
        "service_to": claim.service_to,
        "charge": amount(claim.charge),
        "paid": amount(claim.paid),
        "at_risk": amount(item.at_risk),
        **_about(page, item),
        "deadline": _deadline(deadline, days),
        "urgent": days is not None and days <= CLOSE,
        "owner": work.owner,
        "due": work.due_on,
        "note": work.notes[-1].text if work.notes else "",
        "done": {"outcome": work.outcome, "at": work.done_at, "by": work.done_by} if work.done_at else None,
        "appeals": [appeal_document(one) for one in work.appeals],
        "attempts": head.submissions,
        "sent_at": claim.sent_at or "",
        "attachments": [text_of(one, "type") for one in objects_of(body, "attachments")],
        "next": {"says": step.says, "command": step.command},
    }


def appeal_document(appeal: Appeal) -> Document:
    """An appeal as JSON has it."""
    return {
        "level": appeal.level,
        "sent": appeal.sent_on,
        "answered": appeal.answered_on,
        "outcome": appeal.outcome,
        "note": appeal.note,
        "by": appeal.actor,
    }


def work_document(work: Work) -> Document:
    """The work on a claim as JSON has it."""
    return {
        "owner": work.owner,
        "due": work.due_on,
        "done": {"outcome": work.outcome, "at": work.done_at, "by": work.done_by} if work.is_done else None,
        "notes": [{"at": one.recorded_at, "by": one.actor, "text": one.text} for one in work.notes],
    }


def _initials(body: Document) -> str:
    """The patient, masked."""
    person = object_of(body, "patient") or object_of(body, "subscriber")
    return " ".join(f"{text[0]}." for one in ("first_name", "last_name") if (text := text_of(person, one)))


def _deadline(deadline: Deadline | None, days: int | None) -> Document | None:
    if deadline is None:
        return None
    return {
        "kind": deadline.kind,
        "level": deadline.level or None,
        "counted_from": deadline.counted_from,
        "last_day": deadline.last_day,
        "days_left": days,
    }


def _about(page: _Page, item: Item) -> Document:
    """What was said: reasons of a denial, codes of a rejection, the answer that is missing."""
    if (denied := page.denied.get(item.claim_id)) is not None:
        return _denial(page, item, denied)
    if (refused := page.refused.get(item.claim_id)) is not None:
        words = {one: page.asked.words.answer(one) for one in refused.codes}
        said = [{"code": code, "label": one.label, "action": one.action} for code, one in words.items()]
        if not said and item.claim_id in page.entered:
            said = [{"code": "", "label": page.entered[item.claim_id], "action": ""}]
        return {"hop": refused.hop, "codes": said, "rejected_at": refused.at}
    return {"missing": item.missing}


def _denial(page: _Page, item: Item, case: DeniedCase) -> Document:
    when = page.denials.get(item.claim_id)
    return {
        "denied": amount(case.claim.denied),
        "reasons": list(_reasons(page, case)),
        "first_denied_on": when.first_on if when else case.denied_on,
        "denied_on": case.denied_on,
        "remittance": str(when.remittance_id) if when else "",
        "payer_claim_number": case.payer_claim_number,
        "expected": _expected(page.appeals, case.claim.denied),
        "correction": _correction(page, item),
    }


def _correction(page: _Page, item: Item) -> Document | None:
    """The newer version that is to mend a denial, and how far it is; None where there is none."""
    fold = page.folds.get(item.claim_id)
    if fold is None or fold.life.version.number <= fold.money.adjudication.answered:
        return None
    version, sent = fold.life.version, fold.life.submission
    state = sent.state if sent is not None and fold.life.stage == "sent" else fold.life.stage
    return {"frequency": version.frequency, "order": version.payer_responsibility, "state": state}


def _reasons(page: _Page, case: DeniedCase) -> Iterator[Document]:
    for part in case.parts:
        meaning = page.asked.classes.describe(part.group, part.reason, case.filing)
        yield {
            "group": part.group,
            "reason": part.reason,
            "amount": amount(part.cents),
            "remarks": list(part.remarks),
            "procedure": part.procedure,
            "category": meaning.category if part.reason else REST,
            "label": meaning.label if part.reason else "What other payers paid, or what other rules had posted",
            "action": meaning.action if part.reason else "",
        }


def _expected(appeals: AppealSums, denied: int) -> str | None:
    """Denied money times the share of answered appeals that won; half where they won in part. None for too few."""
    if appeals.answered < FEWEST_APPEALS:
        return None
    return amount(denied * (2 * appeals.overturned + appeals.partly) // (2 * appeals.answered))


# ── what is next ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _case(page: _Page, item: Item, work: Work) -> Case:
    claim, fold = page.claims[item.claim_id], page.folds.get(item.claim_id)
    is_shared = claim.patient_control_number in page.shared
    newest = fold.life.submission if fold else None
    is_denial = item.name == "denials"
    terms = page.desk.clock.terms.of(item.payer_id, item.filing_indicator, item.type)
    return Case(
        list=item.name,
        category=_category(page, item),
        number=claim.patient_control_number,
        group=_group(page, item),
        provider=claim.billing_key if is_shared else "",
        batch=str(newest.submission.batch_id) if newest else "",
        stage=fold.life.stage if fold else "",
        corrected=is_denial and fold is not None and _is_corrected(fold),
        appeal=appeal_of(item, work) if is_denial else None,
        level=next_level(item, work) if is_denial else 1,
        action=_action(page, item),
        may_replace=not is_denial or terms.takes_replacements or claim.state == "denied",
        is_void=not is_denial and fold is not None and fold.life.version.frequency == VOID,
    )


def _action(page: _Page, item: Item) -> str:
    """What the tables of codes say to do about the largest reason, or the first code that says anything."""
    if (denied := page.denied.get(item.claim_id)) is not None:
        named = next((part for part in denied.parts if part.reason), None)
        return page.asked.classes.describe(named.group, named.reason, denied.filing).action if named else ""
    if (refused := page.refused.get(item.claim_id)) is not None and _category(page, item) != "999 set":
        return next((word for code in refused.codes if (word := page.asked.words.answer(code).action)), "")
    return ""


def _group(page: _Page, item: Item) -> str:
    denied = page.denied.get(item.claim_id)
    return next((part.group for part in denied.parts if part.reason), "") if denied is not None else ""


def _is_corrected(fold: FoldedClaim) -> bool:
    """Whether a newer version than what was denied is under way: waits to be sent, or was sent and not rejected."""
    life = fold.life
    if life.version.number <= fold.money.adjudication.answered:
        return False
    return life.stage != "sent" or life.submission is None or life.submission.state not in REJECTED


def _category(page: _Page, item: Item) -> str:
    if (denied := page.denied.get(item.claim_id)) is not None:
        named = next((part for part in denied.parts if part.reason), None)
        return page.asked.classes.describe(named.group, named.reason, denied.filing).category if named else REST
    if (refused := page.refused.get(item.claim_id)) is not None:
        return "999 set" if refused.hop == "999" and not refused.blamed else refused.hop
    return item.missing


__all__ = ["Desk", "Step", "appeal_document", "work_document", "worklist"]
