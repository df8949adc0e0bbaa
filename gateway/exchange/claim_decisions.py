"""What a person decides on a claim: to hold it, to release it, to cancel it. Each is kept with who, when and why."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gateway.claims.admission import Content, inspect
from gateway.claims.canonical import summarize
from gateway.claims.findings import Finding, errors
from gateway.errors import Refused, UsageError
from gateway.exchange.intake import Door, no_partner
from gateway.exchange.retaining import refuse_left_claim
from gateway.exchange.standing_edits import StandingEdits
from gateway.reconcile.projection import refresh
from gateway.store import Connection, stamp
from gateway.store import claims as store_claims
from gateway.store.claims import ClaimRow, NewEvent
from gateway.store.decisions import add_decision
from gateway.store.standing import Standing, held_codes, standings_of

# Set by the reader of the file: what it says is not in the document, so looking at that again proves nothing.
_OF_THE_READER = ("source_value", "rows_disagree", "text_wanted", "encoding", "nesting")


def find_claim(conn: Connection, patient_control_number: str, provider: str | None = None) -> ClaimRow:
    """The one claim of that CLM01; UsageError where there is none, and with the providers where several are.

    :param provider: NPI or tax id of the billing provider
    """
    found = store_claims.find_claims(conn, patient_control_number, provider)
    if len(found) == 1:
        return found[0]
    if not found:
        other = f" of billing provider {provider}" if provider else ""
        raise UsageError(f"there is no claim of that patient control number{other}")
    providers = ", ".join(row.billing_key for row in found)
    raise UsageError(f"several claims have that patient control number; say whose with --provider: {providers}")


def hold(door: Door, claim: ClaimRow, *, actor: str, reason: str) -> str:
    """Keeps a ready claim from being sent; gives the new state."""
    with door.writing() as conn:
        found = _standing(conn, claim)
        if found.stage not in ("held", "ready"):
            raise Refused(f"the claim is {found.state}: only what was not put into a batch can be held")
        return _decide(conn, door, found, "hold", "reject", actor, reason)


def release(door: Door, claim: ClaimRow, *, actor: str, reason: str) -> str:
    """Lets a held claim be sent, or takes a cancellation or closing back; gives the new state.

    The claim is looked at again. Refused names what keeps it: an error of the guide, or that no partner takes it.
    """
    with door.writing() as conn:
        found = _standing(conn, claim)
        refuse_left_claim(conn, claim.id, "released")
        if found.stage == "cancelled" or found.state == "closed":
            return _decide(conn, door, found, "reopened", "info", actor, reason)
        if found.stage != "held":
            raise Refused(f"the claim is {found.state}, not held")
        if blocking := _blocking(conn, door, found):
            listed = "; ".join(f"{one.field}: {one.text}" if one.field else one.text for one in blocking)
            raise Refused(f"the claim cannot be released: {listed}")
        return _decide(conn, door, found, "released", "accept", actor, reason)


def cancel(door: Door, claim: ClaimRow, *, actor: str, reason: str) -> str:
    """Takes a claim that was not sent out of the exchange; gives the new state."""
    with door.writing() as conn:
        found = _standing(conn, claim)
        if found.stage == "cancelled":
            raise Refused("the claim is cancelled already")
        if found.stage not in ("held", "ready"):
            raise Refused(f"the claim is {found.state}: what is on its way can only be voided")
        return _decide(conn, door, found, "cancelled", "info", actor, reason)


def _standing(conn: Connection, claim: ClaimRow) -> Standing:
    found = standings_of(conn, [claim])
    if not found:
        raise UsageError("the claim has no version in the store; run `gateway store check`")
    return next(iter(found.values()))


def _blocking(conn: Connection, door: Door, found: Standing) -> list[Finding]:
    """What a person cannot release."""
    version = store_claims.get_version(conn, found.version_id)
    assert version is not None
    document = json.loads(version.body)
    profile = door.profile_for(version.payer_id, found.claim.type)
    delimiters = "".join(profile.envelope.delimiters) if profile else "*:^~"
    wishes = door.companions.of(profile)
    findings = inspect(document, door.rules, door.now().date(), delimiters, wishes=wishes)
    if profile is None:
        findings.append(no_partner(door, version.payer_id, found.claim.type))
    content = Content(document, summarize(document), version.content_hash)
    findings += StandingEdits(door.rules.edits, door.crosswalk, door.severities).findings(conn, content, found)
    return [*_lost_in_reading(held_codes(conn, version.id)), *(one for one in errors(findings) if not one.releasable)]


def _lost_in_reading(codes: Sequence[str]) -> list[Finding]:
    lost = [code for code in codes if code in _OF_THE_READER or code.startswith("x12_")]
    text = "its file could not be read in full; import it again once that is mended"
    return [Finding(code, "error", "", f"{text} ({code})") for code in lost]


def _decide(conn: Connection, door: Door, found: Standing, kind: str, verdict: str, actor: str, reason: str) -> str:
    at = door.now()
    event = NewEvent(
        kind, "person", verdict, stamp(at), claim_id=found.claim.id, version_id=found.version_id, text=reason,
        actor=actor,
    )  # fmt: skip
    store_claims.append_event(conn, event)
    add_decision(conn, actor=actor, action=kind, subject=f"claim:{found.claim.id}", reason=reason, at=at)
    refresh(conn, [found.claim.id], stamp(at))
    return _standing(conn, found.claim).state
