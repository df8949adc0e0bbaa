"""Which claims stand together: sorted so that equal providers, subscribers and patients meet, then cut into sets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from gateway.claims.canonical import billing_key
from gateway.claims.characters import fold
from gateway.claims.companions import NO_LIMITS
from gateway.claims.view import text_of
from gateway.claims.wishes import Wishes
from gateway.partners import Profile

Document = dict[str, Any]
_LOOPS = ("billing_provider", "pay_to_address", "pay_to_plan", "subscriber", "payer", "patient")
_SORTED = json.JSONEncoder(sort_keys=True)


class Member(NamedTuple):
    """A claim version on its way into a batch."""

    claim_id: int
    version_id: int
    patient_control_number: str
    charge: int  # cents
    document: Document


def sendable(body: str) -> Document:
    """A stored claim with accents folded: the character set of X12 has none, and a payer would reject the whole set."""
    document: Document = json.loads(body)
    is_plain = body.isascii() and "\\u" not in body
    return document if is_plain else _folded(document)


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        return fold(value)
    if isinstance(value, dict):
        return {name: _folded(inner) for name, inner in value.items()}
    return [_folded(item) for item in value] if isinstance(value, list) else value


def in_order(members: Iterable[Member]) -> list[Member]:
    """Billing provider, then subscriber, then patient, so that each is written once; then by claim."""
    return sorted(members, key=lambda member: (_loops(member.document), member.claim_id))


def _loops(document: Document) -> str:
    """A text that is equal for claims that share the loops of provider, subscriber and patient."""
    return _SORTED.encode([document.get(name, {}) for name in _LOOPS])


def cut(members: Sequence[Member], size: int) -> Iterator[Sequence[Member]]:
    """Runs of at most `size` members: the sets of a batch."""
    for start in range(0, len(members), size):
        yield members[start : start + size]


def parts(members: Sequence[Member], size: int, wishes: Wishes) -> list[Sequence[Member]]:
    """The sets of a batch: at most `size` members, or fewer and apart where the partner or payer wishes so."""
    if not wishes.has_limits:
        return list(cut(members, size))
    apart: dict[tuple[int, str, str], list[Member]] = {}
    for member in members:
        wish = wishes.on(member.document)
        limits = wish.limits if wish else NO_LIMITS
        billing = billing_key(member.document) if limits.one_billing_provider_per_set else ""
        named = text_of(member.document, "payer", "id")
        payer = wishes.crosswalk.own(named, wishes.partner) if limits.one_payer_per_set else ""
        apart.setdefault((limits.claims_per_set, billing, payer), []).append(member)
    return [
        part for (most, _, _), found in apart.items() for part in cut(found, min(size, most) if most else size)
    ]  # fmt: skip


def addressed(document: Document, profile: Profile) -> Document:
    """The claim as this partner gets it: submitter (1000A) and receiver (1000B) are the profile's."""
    contact: Document = {"name": profile.submitter.contact}
    numbers = [("TE", profile.submitter.phone), ("EM", profile.submitter.email)]
    contact["numbers"] = [{"type": kind, "number": number} for kind, number in numbers if number]
    return {
        **document,
        "submitter": {"organization": profile.submitter.name, "id": profile.submitter.id, "contacts": [contact]},
        "receiver": {"name": profile.envelope.receiver_name, "id": profile.envelope.receiver_id},
    }
