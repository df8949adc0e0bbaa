"""A biller's corrections: a claim replaced by the content of a file, and a claim taken back (void).

What the payer never had is corrected by sending it again as an original (frequency 1). What the payer has is replaced
(7) or voided (8), and names the payer's own number of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

from gateway.claims.intake.records import Record
from gateway.errors import Refused, UsageError
from gateway.exchange.admission_rules import source_mapping
from gateway.exchange.intake import Chunk, Door, Tally, look_at, records
from gateway.exchange.standing_rules import OPEN_STATES
from gateway.reports.story import shown
from gateway.store import Connection
from gateway.store import claims as store_claims
from gateway.store.claims import ClaimRow
from gateway.store.decisions import add_decision
from gateway.store.standing import Standing, standings_of
from gateway.transport.names import shown_name

# In these the payer has nothing of the claim. With an earlier version on its way the state is that one's.
_NEVER_HAD = (OPEN_STATES - {"denied"}) | {"cancelled"}


def replace(
    door: Door,
    claim: ClaimRow,
    path: Path,
    *,
    actor: str,
    reason: str,
    mapping_name: str | None = None,
    payer_number: str = "",
) -> Tally:
    """Takes the one claim of a file in as the correction of a claim; the tally says what became of it.

    :param payer_number: the payer's number of the claim, where the store knows none or several
    :raises UsageError: where the file does not hold just that claim, or the payer's number is not known
    """
    chosen = source_mapping(mapping_name, door.home) if mapping_name else None
    try:
        with path.open("rb") as stream:
            found = [record for record in records(door, stream, str(path), chosen) if record.number]
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    if len(found) != 1 or found[0].patient_control_number not in (claim.patient_control_number, None):
        raise UsageError(f"{path}: must hold the new content of this claim, and no other")
    with door.writing() as conn:
        standing = _standing(conn, claim)
        fields = {} if standing.state in _NEVER_HAD else _change(conn, standing, found[0].document, "7", payer_number)
        return _take(conn, door, claim, _with(found[0], fields), "replace", (shown_name(path), actor, reason))


def void(door: Door, claim: ClaimRow, *, actor: str, reason: str, payer_number: str = "") -> Tally:
    """Takes a claim back that the payer has: its newest content once more, as a void.

    :raises Refused: where the payer never had it
    """
    with door.writing() as conn:
        standing = _standing(conn, claim)
        if standing.state in _NEVER_HAD:
            raise Refused(f"the claim is {standing.state}: the payer has nothing to take back; cancel it instead")
        version = store_claims.get_version(conn, standing.version_id)
        assert version is not None
        document = json.loads(version.body)
        record = Record(1, "void", document)
        fields = _change(conn, standing, None, "8", payer_number or document.get("payer_claim_control_number", ""))
        return _take(conn, door, claim, _with(record, fields), "void", ("void", actor, reason))


def _standing(conn: Connection, claim: ClaimRow) -> Standing:
    found = standings_of(conn, [claim])
    if not found:
        raise UsageError("the claim has no version in the store; run `gateway store check`")
    return next(iter(found.values()))


def _change(
    conn: Connection, standing: Standing, document: Mapping[str, Any] | None, frequency: str, payer_number: str
) -> dict[str, str]:
    """Frequency and payer's number of a replacement or void."""
    number = payer_number or (document or {}).get("payer_claim_control_number", "")
    if not number:
        known = shown(conn, standing.claim.id)["payer_claim_numbers"]
        if len(known) != 1:
            told = f"several are known ({', '.join(known)})" if known else "none is known"
            raise UsageError(f"say the payer's number of the claim: {told}")
        number = known[0]
    return {"frequency": frequency, "payer_claim_control_number": number}


def _with(record: Record, fields: Mapping[str, str]) -> Record:
    return changed(record, document={**record.document, **fields}) if record.document is not None else record


def _take(
    conn: Connection, door: Door, claim: ClaimRow, record: Record, action: str, said: tuple[str, str, str]
) -> Tally:
    source, actor, reason = said
    admission = look_at(door, record)
    if admission.content is not None and admission.content.key != (claim.billing_key, claim.patient_control_number):
        raise UsageError("the file holds a claim of another billing provider")
    tally = Tally(source)
    at = door.now()
    Chunk(conn, at, source, tally, crosswalk=door.crosswalk).take([admission])
    if tally.counts["ready"] or tally.counts["held"]:
        add_decision(conn, actor=actor, action=action, subject=f"claim:{claim.id}", reason=reason, at=at)
    return tally
