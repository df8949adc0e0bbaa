"""TA1 and 999 meet the store: which interchange, group and sets of ours they answer, and what they say of them.

A TA1 is bound by ISA13, a 999 by GS06 and ST02; both need the sides swapped, since every partner has counters of its
own. Where another system shares our numbers, AK902 and the claims that a CTX names must fit too. What fits nothing is
kept unbound under its number, since the batch may still be imported from the system that sent it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gateway.claims.control_numbers import match_key
from gateway.inbound.facts import AcknowledgmentFacts, GroupAnswer, InterchangeAnswer, SegmentFault, SetAnswer
from gateway.reconcile.origin import Origin, Posted, same_number, spellings
from gateway.store import Connection
from gateway.store.answers import claims_in_sets
from gateway.store.batches import (
    BatchRow,
    SetRow,
    SubmissionRow,
    find_interchanges,
    find_sets,
    sets_of,
    submissions_of,
)
from gateway.store.claims import NewEvent, append_events, codes_json, keys_json

UNANSWERABLE = frozenset(("building", "abandoned"))
_ARRIVED = frozenset(("sent", "sending", "unknown"))
_ACCEPTED, _REJECTED, _PARTIAL = frozenset("AE"), frozenset("RMWX"), "P"
_TRUNCATIONS = (17, 20)  # to which some cut a patient control number


def interchange_key(control_number: str) -> str:
    """Under which an unbound TA1 is kept."""
    return f"ta1:{control_number.zfill(9)}"


def group_key(control_number: str) -> str:
    """Under which the unbound verdict on a whole group is kept."""
    return f"999:{control_number.strip().lstrip('0') or '0'}"


def set_key(group_control_number: str, control_number: str) -> str:
    """Under which the unbound verdict on a set is kept."""
    return f"{group_key(group_control_number)}:{control_number.strip()}"


# ── TA1 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def post_interchange_answer(conn: Connection, answer: InterchangeAnswer, origin: Origin) -> Posted:
    """Binds a TA1 to the batch that it answers."""
    posted = Posted()
    found = [
        batch
        for batch in find_interchanges(conn, answer.control_number)
        if batch.state not in UNANSWERABLE
        and origin.answers(partner=batch.partner, sender=batch.sender, receiver=batch.receiver)
    ]
    batch = _only(found)
    if len(found) > 1 and batch is None:
        posted.say("answer_ambiguous", "Several batches of ours bear this number between these sides.", answer.segment)
    event = NewEvent(
        kind="ta1",
        hop="ta1",
        verdict=answer.verdict,
        recorded_at=origin.recorded_at,
        batch_id=batch.id if batch else None,
        inbound_set_id=origin.inbound_set_id,
        segment=answer.segment,
        said_on=answer.date,
        codes=codes_json([f"TA1:{answer.code}:{answer.note}"]),
        keys=keys_json({"interchange_control_number": answer.control_number, **sides(origin)}),
        match_key="" if batch else interchange_key(answer.control_number),
    )
    append_events(conn, [event])
    if batch is None:
        posted.foreign = True
        return posted
    posted.claims = posted.matched = batch.claims
    posted.charge = batch.charge
    posted.batch_ids.add(batch.id)
    posted.claim_ids |= claims_in_sets(conn, [one.id for one in sets_of(conn, batch.id)])
    return posted


def _only(found: Sequence[BatchRow]) -> BatchRow | None:
    arrived = [batch for batch in found if batch.state in _ARRIVED] if len(found) > 1 else found
    return arrived[0] if len(arrived) == 1 else None


# ── 999 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class SetVerdict(NamedTuple):
    """What a 999 comes to for one set: by its AK2 loop, or by the group's verdict where it has none."""

    set_id: int
    verdict: str  # accept, reject
    answer: SetAnswer | None


def post_acknowledgment(conn: Connection, facts: AcknowledgmentFacts, origin: Origin) -> Posted:
    """Binds a 999 or 997 to the group that it answers. The facts must be without errors."""
    posted = Posted()
    answers = list(facts)
    group = facts.group
    sets = _answered_sets(conn, group, answers, origin, posted)
    if not sets:
        append_events(conn, _unbound(group, answers, origin))
        posted.foreign = True
        return posted
    verdicts = verdicts_of(group, answers, {one.control_number: one.id for one in sets}, posted)
    events = [_event(verdict, group, origin) for verdict in verdicts]
    for verdict in verdicts:
        if verdict.answer is not None and verdict.answer.faults:
            blamed = submissions_of(conn, verdict.set_id)
            events += _blames(verdict.answer, blamed, origin)
    append_events(conn, events)
    answered = {verdict.set_id for verdict in verdicts}
    posted.claims = posted.matched = sum(one.claims for one in sets if one.id in answered)
    posted.charge = sum(one.charge for one in sets if one.id in answered)
    posted.batch_ids.add(sets[0].batch_id)
    posted.claim_ids |= claims_in_sets(conn, answered)
    return posted


def _answered_sets(
    conn: Connection, group: GroupAnswer, answers: Sequence[SetAnswer], origin: Origin, posted: Posted
) -> list[SetRow]:
    """All our sets of the group that is answered; none where it is not ours or cannot be told from another."""
    by_group: dict[tuple[int, str], list[SetRow]] = {}
    for number in spellings(group.control_number):
        for one in find_sets(conn, number):
            if one.state not in UNANSWERABLE and origin.answers(
                partner=one.partner, sender=one.sender, receiver=one.receiver
            ):
                by_group.setdefault((one.batch_id, one.group_control_number), []).append(one)
    fitting = [sets for sets in by_group.values() if _fits(conn, sets, group, answers)]
    if len(fitting) > 1:
        fitting = [sets for sets in fitting if sets[0].state in _ARRIVED] or fitting
    if len(fitting) > 1:
        posted.say("answer_ambiguous", "Several groups of ours bear this number between these sides.", group.segment)
    elif by_group and not fitting:
        posted.say("answer_differs", "The group's number is ours, but its sets or claims are not.", group.segment)
    return fitting[0] if len(fitting) == 1 else []


def _fits(conn: Connection, sets: Sequence[SetRow], group: GroupAnswer, answers: Sequence[SetAnswer]) -> bool:
    """Whether a 999 can be about these sets of ours: as many as AK902 says, each one named, each claim named in it."""
    if group.included is not None and group.included != len(sets):
        return False
    ours = {one.control_number.lstrip("0"): one for one in sets}
    for answer in answers:
        one = ours.get(answer.control_number.lstrip("0"))
        if one is None:
            return False
        if answer.patient_control_numbers and not named_in(
            answer.patient_control_numbers, submissions_of(conn, one.id)
        ):
            return False
    return True


def named_in(patient_control_numbers: Iterable[str], submissions: Iterable[SubmissionRow]) -> bool:
    """Whether one of the claims that an answer names is among these, cut numbers included."""
    ours = {key for row in submissions for key in _cuts(row.match_key)}
    return any(match_key(number) in ours for number in patient_control_numbers)


def _cuts(key: str) -> set[str]:
    return {key, *(key[:length] for length in _TRUNCATIONS)}


def verdicts_of(
    group: GroupAnswer, answers: Sequence[SetAnswer], ours: Mapping[str, int], posted: Posted
) -> list[SetVerdict]:
    """The verdict on each of our sets (ST02 → id): the stricter of set and group; none where it cannot be told.

    Sets that no AK2 names follow the group; where it is accepted in part (P) only if the counts of AK9 fit.
    """
    found: list[SetVerdict] = []
    left = dict(ours)
    for answer in answers:
        number = next((one for one in left if same_number(one, answer.control_number)), None)
        if number is None:
            continue
        verdict = answer.verdict
        if verdict == "accept" and group.code in _REJECTED:
            verdict = "reject"
            posted.say("ack_group_stricter", "The group is rejected, its set accepted; the set counts as rejected.")
        elif verdict == "reject" and group.code in _ACCEPTED:
            posted.say("ack_set_stricter", "The set is rejected, its group accepted; the set counts as rejected.")
        found.append(SetVerdict(left.pop(number), verdict, answer))
    if not left:
        return found
    rest = _rest(group, sum(one.verdict == "accept" for one in found), len(left))
    if not rest:
        posted.say("ack_counts_unclear", "The group is accepted in part; what of the sets not named, its counts hide.")
        return found
    return found + [SetVerdict(set_id, rest, None) for set_id in left.values()]


def _rest(group: GroupAnswer, accepted: int, left: int) -> str:
    if group.code in _ACCEPTED:
        return "accept"
    if group.code in _REJECTED:
        return "reject"
    return "accept" if group.accepted == accepted + left else ""


def _event(verdict: SetVerdict, group: GroupAnswer, origin: Origin) -> NewEvent:
    answer = verdict.answer
    group_said = ":".join(("AK9", group.code, *group.codes))
    codes = [":".join(("IK5", answer.code, *answer.codes))] if answer else []
    return NewEvent(
        kind="ack_set" if answer else "ack_group",
        hop="999",
        verdict=verdict.verdict,
        recorded_at=origin.recorded_at,
        set_id=verdict.set_id,
        inbound_set_id=origin.inbound_set_id,
        segment=answer.segment if answer else group.segment,
        codes=codes_json([*codes, group_said]),
        keys=keys_json({"group_control_number": group.control_number, **sides(origin)}),
    )


def _blames(answer: SetAnswer, submissions: Sequence[SubmissionRow], origin: Origin) -> list[NewEvent]:
    """One event a fault whose CTX names a claim of the set."""
    by_number: dict[str, list[SubmissionRow]] = {}
    for row in submissions:
        for key in _cuts(row.match_key):
            by_number.setdefault(key, []).append(row)
    events = []
    for fault in answer.faults:
        rows = by_number.get(match_key(fault.patient_control_number), []) if fault.patient_control_number else []
        if len(rows) != 1:
            continue
        event = _blame(fault, origin.recorded_at, origin.inbound_set_id)
        events.append(event._replace(claim_id=rows[0].claim_id, submission_id=rows[0].id))
    return events


def _blame(fault: SegmentFault, recorded_at: str, inbound_set_id: int | None) -> NewEvent:
    where = [f"segment {fault.segment_id} at position {fault.position} of the set"]
    where += [f"loop {fault.loop}"] if fault.loop else []
    triggers = [*fault.triggers, *(trigger for one in fault.elements for trigger in one.triggers)]
    where += [f"because of {one.segment_id} at position {one.position}, element {one.element}" for one in triggers]
    codes = [f"IK3:{fault.segment_id}:{fault.position}:{fault.code}"]
    codes += [f"IK4:{one.element}:{one.code}" for one in fault.elements]
    return NewEvent(
        kind="ack_claim",
        hop="999",
        verdict="info",
        recorded_at=recorded_at,
        inbound_set_id=inbound_set_id,
        segment=fault.segment,
        codes=codes_json(codes),
        text=f"The 999 blames this claim: {', '.join(where)}",
    )


def _unbound(group: GroupAnswer, answers: Sequence[SetAnswer], origin: Origin) -> list[NewEvent]:
    """The same facts for a group that is not ours, one a set, and one for the sets that are not named."""
    shared = {"group_control_number": group.control_number, **sides(origin)}
    if group.included is not None:
        shared["included"] = str(group.included)
    made = []
    for answer in answers:
        verdict = "reject" if group.code in _REJECTED else answer.verdict
        keys = {**shared, "control_number": answer.control_number, "claims": "\n".join(answer.patient_control_numbers)}
        key = set_key(group.control_number, answer.control_number.lstrip("0"))
        said = NewEvent(
            kind="ack_set",
            hop="999",
            verdict=verdict,
            recorded_at=origin.recorded_at,
            inbound_set_id=origin.inbound_set_id,
            segment=answer.segment,
            codes=codes_json(
                [":".join(("IK5", answer.code, *answer.codes)), ":".join(("AK9", group.code, *group.codes))]
            ),
            keys=keys_json(keys),
            match_key=key,
        )
        made += [said, *_unbound_blames(answer, said)]
    unnamed = (group.included or 0) - len(answers)
    rest = _rest(group, sum(one.verdict == "accept" for one in answers), unnamed)
    if rest and (unnamed > 0 or group.included is None):
        said = NewEvent(
            kind="ack_group",
            hop="999",
            verdict=rest,
            recorded_at=origin.recorded_at,
            inbound_set_id=origin.inbound_set_id,
            segment=group.segment,
            codes=codes_json([":".join(("AK9", group.code, *group.codes))]),
            keys=keys_json({**shared, "named": " ".join(answer.control_number for answer in answers)}),
            match_key=group_key(group.control_number),
        )
        made.append(said)
    return made


def _unbound_blames(answer: SetAnswer, said: NewEvent) -> list[NewEvent]:
    """One fact a fault whose CTX names a claim, for when the set is imported."""
    keys = json.loads(said.keys)
    return [
        _blame(fault, said.recorded_at, said.inbound_set_id)._replace(
            keys=keys_json({**keys, "patient_control_number": fault.patient_control_number}), match_key=said.match_key
        )
        for fault in answer.faults
        if fault.patient_control_number
    ]


def sides(origin: Origin) -> dict[str, str]:
    """Who answers and who is answered, for the keys of a fact that may be bound later."""
    return {
        "senders": " ".join(sorted(origin.senders)),
        "receivers": " ".join(sorted(origin.receivers)),
        "partner": origin.partner,
    }
