"""Short ways to write versions and remitted claims in tests. Amounts in cents."""

from __future__ import annotations

from hypothesis import strategies as st

from gateway.claims.history import LiveVersion, Version
from gateway.reconcile.money import Money
from gateway.reconcile.posted import PostedClaim

CENTS = st.sampled_from([0, 1, 4000, 6000, 10000, -6000])


def any_posted(statuses: st.SearchStrategy[str]) -> st.SearchStrategy[PostedClaim]:
    """Any posted CLP alone, of a payer that is ours, another or unknown."""
    return st.builds(
        PostedClaim,
        id=st.just(3),
        remittance_id=st.just(1),
        ordinal=st.just(1),
        payer_key=st.sampled_from(["99001", "99002", ""]),
        status=statuses,
        charge=CENTS,
        paid=CENTS,
        patient_responsibility=CENTS,
        contractual=CENTS,
        denied=CENTS,
        other=CENTS,
        prior_payer=CENTS,
        forwarded=CENTS,
        duplicate_denial=st.booleans(),
        recorded_at=st.just("2026-02-01"),
    )


def version(number: int = 1, charge: int = 50000, **more: object) -> LiveVersion:
    """A delivered version; `delivered`, `sent_on` and `accepted` may be given, the rest is of the version."""
    live = {key: more.pop(key) for key in ("delivered", "sent_on", "accepted") if key in more}
    made: dict[str, object] = {"frequency": "1", "payer_responsibility": "P", "has_money": True, **more}
    return LiveVersion(
        Version(id=number, number=number, charge=charge, **made),  # type: ignore[arg-type]
        **{"delivered": True, "sent_on": "2026-01-01", "accepted": False, **live},  # type: ignore[arg-type]
    )


def clp(id_: int, charge: int, paid: int, **more: object) -> PostedClaim:
    """A posted CLP of payer A with status 1 and number N1, in a set of its own: `remittance_id` puts several in one."""
    made: dict[str, object] = {
        "remittance_id": id_, "ordinal": 1, "payer_key": "A", "status": "1", "payer_claim_number": "N1",
        "payment_date": "2026-02-01", "trace_number": "T1", **more,
    }  # fmt: skip
    return PostedClaim(id=id_, charge=charge, paid=paid, **made)  # type: ignore[arg-type]


def reversal(of: PostedClaim, id_: int, **more: object) -> PostedClaim:
    """The reversal of a CLP, in a set of its own a month later unless said otherwise."""
    turned = {
        name: -getattr(of, name)
        for name in ("charge", "paid", "patient_responsibility", "contractual", "denied", "other", "prior_payer")
    }
    later = {"payment_date": "2026-03-01", "trace_number": "T2", "remittance_id": id_, **more}
    return of._replace(id=id_, status="22", **turned, **later)  # type: ignore[arg-type]


def amounts(money: Money) -> dict[str, int]:
    """The amounts that are not zero."""
    return {key: value for key, value in money.amounts._asdict().items() if value}


def flags(money: Money) -> set[str]:
    return set(money.adjudication.flags)
