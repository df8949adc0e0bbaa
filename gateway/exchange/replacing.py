"""A biller's corrections: a claim replaced by the content of a file, and a claim taken back (void).

What the payer never had is corrected by sending it again as an original (frequency 1). What the payer has decided on
is replaced (7) or voided (8), and names the payer's own number of it. A payer that takes no replacement gets a new
claim where it denied the first, and nothing where it paid.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

from gateway.claims.completion import Document
from gateway.claims.intake.records import Record
from gateway.claims.view import text_of
from gateway.errors import Refused, UsageError
from gateway.exchange.admission_rules import source_mapping
from gateway.exchange.intake import Chunk, Door, Tally, look_at, records
from gateway.exchange.retaining import refuse_left_claim
from gateway.exchange.standing_edits import StandingEdits, answers_of_payer, could_not_process, wants_new_claim
from gateway.exchange.standing_rules import (
    NEVER_HAD,
    REPLACEMENT,
    RESUBMISSION_REJECTED,
    VOID,
    change_refused,
    was_rejected,
)
from gateway.reports.story import shown
from gateway.store import Connection
from gateway.store import claims as store_claims
from gateway.store.claims import ClaimRow
from gateway.store.decisions import add_decision
from gateway.store.neighbours import Answer, answers_of
from gateway.store.standing import Standing, VersionHead, standings_of
from gateway.transport.names import shown_name

_REVERSAL = "22"  # CLP02


@dataclass(frozen=True)
class Wish:
    """What a biller says beside the claim."""

    actor: str
    reason: str
    payer_number: str = ""  # the payer's number of the claim, where the store knows none or several
    order: str = ""  # SBR01 of the payer, where the claim went to several
    adjudicated: bool = False  # the payer has decided, though no remittance is here


def replace(door: Door, claim: ClaimRow, path: Path, wish: Wish, *, mapping_name: str | None = None) -> Tally:
    """Takes the one claim of a file in as the correction of a claim; the tally says what became of it.

    :raises UsageError: where the file does not hold just that claim, or the payer's number is not known
    :raises Refused: where the payer has not decided yet, or takes no replacement
    """
    record = _only_record(door, claim, path, mapping_name)
    document = record.document or {}
    with door.writing() as conn:
        order = text_of(document, "subscriber", "payer_responsibility") or wish.order or "P"
        case = _Case(conn, door, claim, order, wish)
        made = _with(record, case.changes(REPLACEMENT, document))
        return _take(conn, door, claim, made, "replace", shown_name(path), wish)


def void(door: Door, claim: ClaimRow, wish: Wish) -> Tally:
    """Takes a claim back that the payer has: its newest content once more, as a void.

    :raises UsageError: where it went to several payers and none is said, or the payer's number is not known
    :raises Refused: where the payer never had it, has not decided yet, or takes no void
    """
    with door.writing() as conn:
        case = _Case(conn, door, claim, wish.order, wish)
        version = store_claims.get_version(conn, case.head.id)
        assert version is not None
        document = json.loads(version.body)
        made = _with(Record(1, "void", document), case.changes(VOID, document))
        tally = _take(conn, door, claim, made, "void", "void", wish)
        if not tally.counts["ready"] and case.void_was_rejected:
            raise Refused(
                "this very void was rejected: compare the payer's number of the claim and say it with --payer-number, "
                "or send the file again with `gateway batches resend`, where that was at fault"
            )
        return tally


def _only_record(door: Door, claim: ClaimRow, path: Path, mapping_name: str | None) -> Record:
    chosen = source_mapping(mapping_name, door.home) if mapping_name else None
    try:
        with path.open("rb") as stream:
            found = [record for record in records(door, stream, str(path), chosen) if record.number]
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    if len(found) != 1 or found[0].patient_control_number not in (claim.patient_control_number, None):
        raise UsageError(f"{path}: must hold the new content of this claim, and no other")
    return found[0]


class _Case:
    """A claim as it stands to one of its payers."""

    def __init__(self, conn: Connection, door: Door, claim: ClaimRow, order: str, wish: Wish) -> None:
        found = standings_of(conn, [claim])
        if not found:
            raise UsageError("the claim has no version in the store; run `gateway store check`")
        refuse_left_claim(conn, claim.id, "replaced or voided")
        self.conn, self.door, self.wish = conn, door, wish
        self.standing: Standing = next(iter(found.values()))
        self.head = self._head(order)
        self.answers, self.of_others = self._answers()

    def _head(self, order: str) -> VersionHead:
        """The newest version for the payer of that order; empty: of the only payer."""
        orders = list(dict.fromkeys(head.payer_responsibility for head in self.standing.versions))
        if not order and len(orders) > 1:
            raise UsageError(f"the claim went to several payers ({', '.join(orders)}): say which with --order")
        found = [head for head in self.standing.versions if order in ("", head.payer_responsibility)]
        if not found:
            raise UsageError(f"the claim never went to a payer of the order {order}; known are {', '.join(orders)}")
        return found[-1]

    def _answers(self) -> tuple[list[Answer], list[Answer]]:
        """What that payer said, the newest last, and what others said; of a claim with one payer all is his."""
        said = answers_of(self.conn, [self.standing.claim.id]).get(self.standing.claim.id, [])
        own = answers_of_payer(said, self.head.payer_key, self.door.crosswalk)
        if not own and len({head.payer_responsibility for head in self.standing.versions}) == 1:
            return said, []
        return own, [answer for answer in said if answer not in own]

    def changes(self, frequency: str, document: Document) -> dict[str, str | None]:
        """Frequency and payer's number of what is sent; None takes a field out.

        :raises Refused: where it cannot be sent
        """
        is_replacement, rejected = frequency == REPLACEMENT, was_rejected(self.head.payer_responsibility, self.standing)
        if is_replacement and (rejected or self.standing.state in NEVER_HAD):
            return {"frequency": "1", "payer_claim_control_number": None}
        if rejected:
            raise Refused("what went to this payer was rejected: it has nothing to take back")
        refused = change_refused(self.standing, frequency, adjudicated=self.wish.adjudicated)
        if refused is not None:
            raise Refused(refused.text)
        is_new = wants_new_claim(self.answers) or not self._takes_changes(document)
        if is_new and is_replacement and (self.standing.state == "denied" or self._could_not_process()):
            return {"frequency": "1", "payer_claim_control_number": None}
        if is_new:
            raise Refused(self._why_not())
        return {"frequency": frequency, "payer_claim_control_number": self._payer_number(document, frequency)}

    @property
    def void_was_rejected(self) -> bool:
        """Whether the newest that was sent takes the claim back, and was rejected on its way."""
        flags, is_void = self.standing.flags, self.standing.newest.frequency == VOID
        return is_void and self.standing.stage == "sent" and RESUBMISSION_REJECTED in flags

    def _could_not_process(self) -> bool:
        order, crosswalk = self.head.payer_responsibility, self.door.crosswalk
        return could_not_process(self.conn, self.standing, order, crosswalk)

    def _takes_changes(self, document: Document) -> bool:
        payer, filing = text_of(document, "payer", "id"), text_of(document, "subscriber", "filing_indicator")
        return self.door.rules.terms.of(payer, filing, self.standing.claim.type).takes_replacements

    def _why_not(self) -> str:
        if wants_new_claim(self.answers) and not self.answers[-1].claim.paid:
            text = (
                "the payer could not process the claim (MA130 or N142): only a new claim helps, no replacement or void"
            )
            return f"{text}; where no later one is on its way, `gateway claims replace` makes it"
        if wants_new_claim(self.answers):
            return "the payer paid a part and could not process the rest (MA130 or N142): ask it to reopen the claim"
        return "this payer takes no replacements and voids (mappings/payer_terms.csv): ask it to reopen the claim"

    def _payer_number(self, document: Document, frequency: str) -> str:
        """The payer's number of the claim as it was decided last, else the only one that was ever said."""
        if self.wish.payer_number:
            return self.wish.payer_number
        stated = text_of(document, "payer_claim_control_number")
        if stated and (frequency == REPLACEMENT or text_of(document, "frequency") == frequency):
            return stated
        decided = [answer.claim for answer in self.answers if answer.claim.status != _REVERSAL]
        if numbers := [claim.payer_claim_number for claim in decided if claim.payer_claim_number]:
            return numbers[-1]
        others = {answer.claim.payer_claim_number for answer in self.of_others}
        named: Sequence[str] = shown(self.conn, self.standing.claim.id)["payer_claim_numbers"]
        known = [number for number in named if number not in others]
        if len(known) != 1:
            told = f"several are known ({', '.join(known)})" if known else "none is known"
            raise UsageError(f"say the payer's number of the claim with --payer-number: {told}")
        return known[0]


def _with(record: Record, fields: dict[str, str | None]) -> Record:
    if record.document is None:
        return record
    document: dict[str, Any] = {**record.document, **fields}
    return changed(record, document={name: value for name, value in document.items() if value is not None})


def _take(conn: Connection, door: Door, claim: ClaimRow, record: Record, action: str, source: str, wish: Wish) -> Tally:
    admission = look_at(door, record)
    if admission.content is not None and admission.content.key != (claim.billing_key, claim.patient_control_number):
        raise UsageError("the file holds a claim of another billing provider")
    tally = Tally(source)
    at = door.now()
    edits = StandingEdits(door.rules.edits, door.crosswalk, door.severities)
    chunk = Chunk(
        conn, at, source, tally, crosswalk=door.crosswalk, edits=edits, adjudicated=wish.adjudicated
    )  # fmt: skip
    chunk.take([admission])
    if tally.counts["ready"] or tally.counts["held"]:
        add_decision(
            conn, actor=wish.actor, action=action, subject=f"claim:{claim.id}", reason=wish.reason, at=at
        )  # fmt: skip
    return tally
