"""Invented claims: the same every time, and sound."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

from gateway.claims.canonical import content_hash, faults
from gateway.claims.completion import complete, load_defaults
from gateway.claims.intake.csv_file import read_csv
from gateway.claims.intake.csv_mapping import load_mapping
from gateway.claims.samples import npi, sample_claims, write_sample_csv

MAPPINGS = Path(__file__).parents[2] / "mappings"
DAY = date(2026, 1, 5)


def test_the_same_seed_gives_the_same_claims() -> None:
    """A demonstration and a benchmark can be repeated; another seed gives other claims with other numbers."""
    first = list(sample_claims(20, 1, DAY))
    assert list(sample_claims(20, 1, DAY)) == first
    other = {claim["patient_control_number"] for claim in sample_claims(20, 2, DAY)}
    assert not other & {claim["patient_control_number"] for claim in first}


def test_samples_have_the_breadth_of_a_practice() -> None:
    """Several billing providers and payers, dependents, drugs, referrals, authorisations, one to six lines."""
    claims = list(sample_claims(400, 7, DAY))
    assert len({claim["billing_provider"]["npi"] for claim in claims}) >= 3
    assert len({claim["payer"]["id"] for claim in claims}) >= 4
    assert {len(claim["lines"]) for claim in claims} >= {1, 2, 3, 4, 5}
    for field in ("patient", "referring_providers", "prior_authorization", "patient_paid"):
        assert 0 < sum(field in claim for claim in claims) < 400
    assert any("drug" in line for claim in claims for line in claim["lines"])


def test_npis_have_the_right_check_digit() -> None:
    """The published example is met, and every sample is of its form."""
    assert npi(23_456_789) == "1234567893"
    assert npi(99_399_999)[:9] == "199399999"


def test_csv_of_the_samples_is_the_same_claims() -> None:
    """The demonstration's CSV through its mapping gives claims of the same content as the documents."""
    defaults = load_defaults((MAPPINGS / "completion.csv").read_text(encoding="utf-8"))
    mapping = load_mapping((MAPPINGS / "sources" / "example.toml").read_text(encoding="utf-8"), "example.toml")
    claims = list(sample_claims(100, 4, DAY))
    out = io.StringIO()
    assert write_sample_csv(claims, out) == sum(len(claim["lines"]) for claim in claims)
    records = list(read_csv(io.BytesIO(out.getvalue().encode()), mapping))
    assert [record.findings for record in records] == [[]] * 100
    read = [complete(record.document or {}, defaults) for record in records]
    assert not any(faults(document) for document in read)
    expected = [content_hash(complete(claim, defaults), defaults) for claim in claims]
    assert [content_hash(document, defaults) for document in read] == expected
