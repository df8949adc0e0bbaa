"""Edits that only the store can decide: how a claim stands to others, and to what was sent and paid of it before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gateway.claims.admission import Admission, Content
from gateway.claims.amounts import amount, cents
from gateway.claims.checks_payers import ORDER
from gateway.claims.completion import Document
from gateway.claims.crosswalk import Crosswalk
from gateway.claims.edits import OF_THE_STORE, Edit
from gateway.claims.findings import Finding
from gateway.claims.life import REJECTED
from gateway.claims.likeness import likeness
from gateway.claims.view import objects_of, text_of
from gateway.exchange.standing_rules import is_last_at
from gateway.reconcile.projection import FoldedClaim, folded
from gateway.reconcile.remitted import remitted_claim
from gateway.store import Connection
from gateway.store.neighbours import Answer, Neighbour, answers_of, bodies, neighbours
from gateway.store.standing import Standing, VersionHead

_REVERSAL = "22"  # CLP02
_FORWARDED = frozenset({"19", "20", "21"})  # CLP02: processed, and sent on by the payer itself
_UNPROCESSABLE = frozenset({"MA130", "N142"})  # remark codes: send a new claim, neither replacement nor appeal
Key = tuple[str, str]


class _Hit(NamedTuple):
    check: str
    field: str
    detail: str = ""


Severities = Callable[[Document], Mapping[str, str]]


def _as_they_are(_document: Document) -> Mapping[str, str]:
    return {}


class StandingEdits:
    """The edits of the store that are in force."""

    def __init__(self, edits: Sequence[Edit], crosswalk: Crosswalk, severities: Severities = _as_they_are) -> None:
        """`severities`: what the partner or payer of a claim wants of some edits otherwise, by their codes."""
        self.edits = [edit for edit in edits if edit.name in OF_THE_STORE]
        self.crosswalk, self.severities = crosswalk, severities

    def look_at(self, conn: Connection, wanted: Sequence[Admission], there: Mapping[Key, Standing]) -> list[Admission]:
        """The records that are about to be stored, with what is found in them added.

        :param there: how the claims stand that are in the store already, by billing provider and CLM01
        """
        if not self.edits or not wanted:
            return list(wanted)
        contents = [one.content for one in wanted if one.content is not None]
        answered = [there[one.key].claim.id for one in contents if one.key in there and there[one.key].adjudicated]
        said = answers_of(conn, answered) if answered else {}
        hits: dict[Key, list[_Hit]] = {}
        for content in contents:
            if (standing := there.get(content.key)) is None:
                hits[content.key] = list(_alone(content))
            else:
                hits[content.key] = list(self._known(content, standing, said.get(standing.claim.id, [])))
        for key, number in _in_flight(conn, wanted):
            hits[key].append(_Hit("in_flight", "patient_control_number", number))
        return [self._with(one, hits.get(one.content.key, ())) if one.content else one for one in wanted]

    def _with(self, one: Admission, hits: Sequence[_Hit]) -> Admission:
        assert one.content is not None
        if not hits:
            return one
        kind, wanted = one.content.summary.type, self.severities(one.content.document)
        edits = [edit._replace(severity=wanted.get(edit.code, edit.severity)) for edit in self.edits]
        found = [
            edit.finding(hit.field, hit.detail)
            for hit in hits
            for edit in edits
            if edit.name == hit.check and edit.looks_at(kind) and edit.severity != "off"
        ]
        return one._replace(findings=[*one.findings, *found]) if found else one

    def findings(self, conn: Connection, content: Content, standing: Standing) -> list[Finding]:
        """What is found in a version that is in the store; the claim itself is no rival of itself."""
        one = Admission(0, "", None, content, [])
        return self.look_at(conn, [one], {content.key: standing})[0].findings

    def _known(self, content: Content, standing: Standing, answers: Sequence[Answer]) -> Iterator[_Hit]:
        """How new content stands to what payers got and answered."""
        if content.summary.frequency == "7" and wants_new_claim(answers):
            yield _Hit("unprocessable", "frequency")
        rank = _rank(content.summary.payer_responsibility)
        earlier = [head for head in standing.versions if 0 < _rank(head.payer_responsibility) < rank]
        if not earlier:
            return
        if not standing.adjudicated:
            yield _Hit("earlier_payer_unanswered", "subscriber.payer_responsibility")
        if any(answer.claim.status in _FORWARDED for answer in answers):
            yield _Hit("forwarded_already", "subscriber.payer_responsibility")
        yield from self._strangers(content, earlier)
        yield from _paid_otherwise(content, standing, rank)

    def _strangers(self, content: Content, earlier: Sequence[VersionHead]) -> Iterator[_Hit]:
        others = objects_of(content.document, "other_payers")
        named = {self.crosswalk.resolve(text_of(other, "payer", "id")) for other in others}
        for payer in dict.fromkeys(head.payer_key for head in earlier):
            if payer and payer not in named:
                yield _Hit("earlier_payer_other", "other_payers", payer)


def wants_new_claim(answers: Sequence[Answer]) -> bool:
    """Whether the payer's last answer says that it could not process the claim, so that there is nothing to replace."""
    if not answers:
        return False
    claim = remitted_claim(answers[-1].claim)
    return bool(_UNPROCESSABLE & {*claim.remarks, *(remark for line in claim.lines for remark in line.remarks)})


def answers_of_payer(said: Sequence[Answer], payer_key: str, crosswalk: Crosswalk) -> list[Answer]:
    """What one payer said of a claim, the newest last."""
    return [answer for answer in said if crosswalk.resolve(answer.payer_key) == payer_key]


def could_not_process(conn: Connection, standing: Standing, order: str, crosswalk: Crosswalk) -> bool:
    """Whether the last submission went to the payer of that order, which answered that it could not process it, and
    paid nothing: to that payer the claim is denied, whatever others have paid, and a new original is what helps."""
    if not is_last_at(order, standing):
        return False
    newest, claim_id = standing.newest, standing.claim.id
    own = answers_of_payer(answers_of(conn, [claim_id]).get(claim_id, []), newest.payer_key, crosswalk)
    if not wants_new_claim(own) or own[-1].claim.paid:
        return False
    decided = sum(answer.claim.status != _REVERSAL for answer in own)
    there = {head.id for head in standing.versions if head.payer_responsibility == order}
    return all(_is_answered(fold, there, decided) for fold in folded(conn, [claim_id]))


def _is_answered(fold: FoldedClaim, there: set[int], decided: int) -> bool:
    """Whether a payer has decided as often as it got a version, the last one included: nothing is on its way to it."""
    lives = [one for one in fold.life.submissions if one.delivered and one.state not in REJECTED]
    got = {one.submission.version_id for one in lives} & there
    return len(got) <= decided and fold.money.adjudication.answered >= fold.life.version.number


def _rank(order: str) -> int:
    return ORDER.find(order) + 1 if order else 0


def _alone(content: Content) -> Iterator[_Hit]:
    """A change of a claim that the store does not have."""
    if content.summary.frequency == "8":
        yield _Hit("void_unknown", "frequency")
    elif content.summary.frequency == "7":
        yield _Hit("replacement_unknown", "frequency")


def _paid_otherwise(content: Content, standing: Standing, rank: int) -> Iterator[_Hit]:
    """What the claim says that the others paid is what their remittances say."""
    if not standing.adjudicated or any(_rank(head.payer_responsibility) >= rank for head in standing.versions):
        return
    stated = [cents(text_of(other, "paid")) for other in objects_of(content.document, "other_payers")]
    total = sum(value for value in stated if value is not None)
    if total != standing.paid:
        text = f"{amount(total)} on the claim, {amount(standing.paid)} in their remittances"
        yield _Hit("earlier_payer_paid_other", "other_payers", text)


def _in_flight(conn: Connection, wanted: Sequence[Admission]) -> Iterator[tuple[Key, str]]:
    """Originals that ask for what another claim on its way asks for, with that claim's number."""
    asking = [(one, one.content) for one in wanted if one.content is not None and _asks(one.content)]
    seen = Counter(_outline(content) for _, content in asking)
    near = neighbours(
        conn, {content.summary.member_id for _, content in asking}, {content.summary.charge for _, content in asking}
    )
    near = [row for row in near if _outline_of(row) in seen]
    texts = bodies(conn, [row.version_id for row in near])
    numbers: dict[tuple[str, str], list[str]] = {}
    for row in near:
        alike = likeness(json.loads(texts[row.version_id]))
        numbers.setdefault((row.billing_key, alike), []).append(row.patient_control_number)
    outlines = {_outline_of(row) for row in near}
    for one, content in asking:
        if seen[_outline(content)] < 2 and _outline(content) not in outlines:
            continue
        provider, number = content.key
        rivals = numbers.setdefault((provider, likeness(content.document)), [])
        if others := [rival for rival in rivals if rival != number]:
            yield content.key, others[0]
        elif not one.is_held:
            rivals.append(number)


def _asks(content: Content) -> bool:
    """Whether a claim asks for money that was not asked for yet."""
    summary = content.summary
    return summary.has_money and summary.frequency not in ("7", "8") and summary.member_id != ""


def _outline(content: Content) -> tuple[str, ...]:
    """What two duplicates have in common that the store has in columns."""
    one = content.summary
    return (one.billing_key, one.member_id, one.payer_responsibility, one.service_from, one.service_to, str(one.charge))


def _outline_of(row: Neighbour) -> tuple[str, ...]:
    return (
        row.billing_key, row.member_id, row.payer_responsibility, row.service_from, row.service_to, str(row.charge)
    )  # fmt: skip
