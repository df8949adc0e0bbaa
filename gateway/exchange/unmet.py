"""Ready claims that do not meet what the partner or payer wants: a rule came after them, or they go another way now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from gateway.claims.findings import Finding
from gateway.claims.wishes import Wishes
from gateway.exchange.intake import held_event
from gateway.outbound.sets import Member
from gateway.reconcile.projection import refresh
from gateway.store import Connection, stamp
from gateway.store import claims as store_claims
from gateway.store.standing import excused_codes

_SHOWN = 10  # codes that a line names


def hold_unmet(
    conn: Connection, members: Sequence[Member], wishes: Wishes, now: datetime
) -> tuple[Sequence[Member], list[str]]:
    """Holds those claims with every reason; gives the others, and a line for a person where any was held.

    What a person released in spite of a reason is not held for that reason again.
    """
    if not wishes.companions:
        return members, []
    unmet = {member.version_id: found for member in members if (found := _unmet(member, wishes))}
    if not unmet:
        return members, []
    excused = excused_codes(conn, [member.claim_id for member in members if member.version_id in unmet])
    reasons = {
        version_id: left
        for version_id, found in unmet.items()
        if (left := [one for one in found if not (one.releasable and one.code in excused.get(version_id, ()))])
    }
    held = [member for member in members if member.version_id in reasons]
    at = stamp(now)
    store_claims.append_events(
        conn, [held_event(reasons[one.version_id], one.claim_id, one.version_id, at) for one in held]
    )
    refresh(conn, [one.claim_id for one in held], at)
    kept = [member for member in members if member.version_id not in reasons]
    return kept, [_line(wishes, len(members), list(reasons.values()))] if held else []


def _unmet(member: Member, wishes: Wishes) -> list[Finding]:
    wish = wishes.on(member.document)
    return wish.unmet(member.document) if wish else []


def _line(wishes: Wishes, members: int, reasons: Sequence[Sequence[Finding]]) -> str:
    counts = Counter(code for found in reasons for code in {one.code for one in found})
    named = ", ".join(f"{code} ({count})" for code, count in counts.most_common(_SHOWN))
    more = f" and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else ""
    claims = "claim does" if members == 1 else "claims do"
    return f"held: {len(reasons)} of {members} {claims} not meet what is wanted for {wishes.partner}: {named}{more}"
