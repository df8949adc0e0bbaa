"""What kept enrolments explain: an 835 that does not come, a claim that the payer does not take from us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from gateway.app import App
from gateway.partners import Profile
from gateway.store.claim_reports import WAITING, waiting_pairs

SOON = timedelta(days=30)
UNLINKED = "A8:496"  # of a 277CA: the submitter is not linked to the billing provider


def not_enrolled(app: App, partner: str, transaction: str, payer_id: str, provider: str, day: date) -> str | None:
    """Why no enrolment holds on that day for a payer and a billing provider; None where nothing can be said."""
    profile = app.profiles.get(partner)
    if profile is None or not profile.enrolments.of:
        return None
    crosswalk = app.home.crosswalk
    own = crosswalk.own(payer_id, partner)
    payers = {payer_id, own, *crosswalk.known_as(own, partner), crosswalk.written(own, partner)}
    return profile.enrolments.missing(transaction, payers, provider, day)


def advice(app: App, claim: Mapping[str, Any]) -> list[str]:
    """What enrolments say about a claim as `claims show --json` has it, a sentence each."""
    partner, payer, provider = claim["partner"], claim["payer"]["id"], claim["billing_provider"]["id"]
    found = []
    if claim["state"] in WAITING:
        why = not_enrolled(app, partner, "835", payer, provider, app.now().date())
        found += [f"no 835 may come: {why}"] if why else []
    if any(code.startswith(UNLINKED) for event in claim["events"] for code in event["codes"]):
        sent = next((one["sent_at"] for one in reversed(claim["submissions"]) if one["sent_at"]), claim["imported_at"])
        why = not_enrolled(app, partner, "837", payer, provider, date.fromisoformat(sent[:10]))
        found.append(f"{UNLINKED} says that the payer does not take this provider's claims from us: {why or _ASK}")
    return found


_ASK = "nothing that is kept under [[enrolments]] explains it; ask the partner for the state of the 837 enrolment"


def examine(app: App, profile: Profile) -> Iterator[tuple[str, str]]:
    """What is missing for claims under way, and what ends soon: a line and what mends it."""
    today = app.now().date()
    with app.store.read() as conn:
        pairs = waiting_pairs(conn, profile.name)
    for transaction in ("837", "835"):
        for payer_id, provider in pairs:
            why = not_enrolled(app, profile.name, transaction, payer_id, provider, today)
            if why:
                yield f"payer {payer_id}, provider {provider}: {why}", "enrol him, or keep it under [[enrolments]]"
    for one in profile.enrolments.of:
        if one.until is not None and today <= one.until <= today + SOON:
            yield f"an enrolment with payer {one.payer} ends on {one.until}", "renew it with the partner"
