"""The list of work, and what people do about its items; each entry is kept with who and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from gateway.app import App
from gateway.claims.work import APPEAL_OUTCOMES, OUTCOMES, WAITING, Work
from gateway.errors import Refused, UsageError
from gateway.exchange.admission_rules import payer_terms
from gateway.exchange.claim_decisions import find_claim
from gateway.exchange.dry_run import writing
from gateway.exchange.rules import adjustment_classes, answer_words, appeal_limits, next_steps
from gateway.reconcile.working import enter, works
from gateway.reports.asked import Asked
from gateway.reports.deadlines import Clock
from gateway.reports.worklist import Desk, appeal_document, work_document, worklist
from gateway.store import Connection, stamp
from gateway.store.claims import ClaimRow
from gateway.store.work import NewEntry
from gateway.store.worklist import LISTS, WorkFilters

Document = dict[str, Any]


def lists(app: App, names: Sequence[str], filters: WorkFilters, limit: int | None) -> Document:
    """The lists of these names (all without any) with their first items; None: all items."""
    items: list[Document] = []
    return {**tell_lists(app, names, filters, limit, items.append), "items": items}


def tell_lists(
    app: App, names: Sequence[str], filters: WorkFilters, limit: int | None, tell: Callable[[Document], None]
) -> Document:
    """The same, each item told as soon as it is known, however many there are; gives what they come to."""
    crosswalk, home = app.home.crosswalk, app.home.path
    claims = filters.claims
    if claims.partner:
        app.home.profile(claims.partner)
    if claims.payer:
        filters = replace(filters, claims=replace(claims, aliases=crosswalk.known_as(claims.payer)[1:]))
    at = app.now()
    asked = Asked(
        filters=filters.claims,
        at=at,
        as_of=stamp(at),
        habits={partner: profile.answers for partner, profile in app.profiles.items()},
        classes=adjustment_classes(home),
        words=answer_words(home),
        crosswalk=crosswalk,
    )
    desk = Desk(Clock(appeal_limits(home, crosswalk), payer_terms(home), crosswalk), next_steps(home))
    with app.store.read() as conn:
        return worklist(conn, asked, desk, names or LISTS, filters, limit, tell)


def assign(app: App, number: str, provider: str | None, owner: str) -> Document:
    """Says who works on a claim; nobody where `owner` is empty."""
    return _enter(app, number, provider, "assign", owner=owner)


def note(app: App, number: str, provider: str | None, text: str) -> Document:
    """Keeps a note."""
    if not text.strip():
        raise UsageError("a note needs a text")
    return _enter(app, number, provider, "note", text=text)


def due(app: App, number: str, provider: str | None, day: str) -> Document:
    """Says when to come back to a claim."""
    return _enter(app, number, provider, "due", day=day)


def done(app: App, number: str, provider: str | None, outcome: str, text: str = "") -> Document:
    """Takes an item off the list until a newer answer makes it work again."""
    if outcome not in OUTCOMES:
        raise UsageError(f"{outcome!r} is no outcome; outcomes are {', '.join(OUTCOMES)}")
    return _enter(app, number, provider, "done", outcome=outcome, text=text)


def appeal(
    app: App,
    number: str,
    provider: str | None,
    level: int,
    *,
    sent: str = "",
    answered: str = "",
    outcome: str = "",
    text: str = "",
    dry_run: bool = False,
) -> Document:
    """Records that an appeal was sent, or how it was answered, or both.

    :raises UsageError: where neither is said, or an answer without its outcome or the other way round
    :raises Refused: where a level is answered that was not sent, or the days stand in the wrong order
    """
    if bool(answered) != bool(outcome):
        raise UsageError("an answer needs both its day and its outcome: --answered DAY --outcome upheld")
    if not sent and not answered:
        raise UsageError("say when the appeal was sent (--sent DAY), or answered (--answered DAY --outcome …)")
    if outcome and outcome not in APPEAL_OUTCOMES:
        raise UsageError(f"{outcome!r} is no outcome of an appeal; outcomes are {', '.join(APPEAL_OUTCOMES)}")
    today = app.now().date()
    for said in (sent, answered):
        if said and date.fromisoformat(said) > today:
            raise UsageError(f"{said} has not come yet")
    with writing(app.store, dry_run=dry_run) as conn:
        claim = find_claim(conn, number, provider)
        work = works(conn, [claim.id])[claim.id]
        _in_order(work, level, sent, answered)
        if sent:
            work = _append(app, conn, claim, "appeal", level=level, day=sent, text="" if answered else text)
        if answered:
            work = _append(app, conn, claim, "answer", level=level, day=answered, outcome=outcome, text=text)
    return _document(number, work)


def take_back_appeal(
    app: App, number: str, provider: str | None, level: int, reason: str, *, dry_run: bool = False
) -> Document:
    """Says that a level of an appeal was entered wrongly; its lines stay in the history.

    :raises UsageError: without a reason
    :raises Refused: where there is no such level, or a later one stands on it
    """
    if not reason.strip():
        raise UsageError("taking an appeal back needs a reason: --note")
    with writing(app.store, dry_run=dry_run) as conn:
        claim = find_claim(conn, number, provider)
        levels = [one.level for one in works(conn, [claim.id])[claim.id].appeals]
        if level not in levels or level != max(levels):
            raise Refused(f"level {level} is not the last appeal of the claim")
        work = _append(app, conn, claim, "retract", level=level, text=reason)
    return _document(number, work)


def _in_order(work: Work, level: int, sent: str, answered: str) -> None:
    known = {one.level: one for one in work.appeals}
    before, own = known.get(level - 1), known.get(level)
    if sent and level > 1 and (before is None or before.outcome == WAITING):
        raise Refused(f"level {level - 1} of the appeal is not answered yet")
    since = sent or (own.sent_on if own else "")
    if answered and not since:
        raise Refused(f"level {level} of the appeal was not sent: say when with --sent DAY")
    if answered and answered < since:
        raise Refused(f"the appeal was sent on {since}, so it cannot be answered on {answered}")


def _enter(app: App, number: str, provider: str | None, kind: str, **said: Any) -> Document:
    with app.store.write() as conn:
        claim = find_claim(conn, number, provider)
        work = _append(app, conn, claim, kind, **said)
    return _document(number, work)


def _append(app: App, conn: Connection, claim: ClaimRow, kind: str, **said: Any) -> Work:
    return enter(conn, NewEntry(claim.id, kind, app.actor, stamp(app.now()), **said))


def _document(number: str, work: Work) -> Document:
    appeals = [appeal_document(one) for one in work.appeals]
    return {"patient_control_number": number, **work_document(work), "appeals": appeals}
