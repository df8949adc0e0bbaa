"""Lines of an 835 are traced to ours, also where the payer bundled, unbundled or split them."""

from __future__ import annotations

import pytest

from gateway.inbound.facts import RemittedClaim, RemittedLine
from gateway.reconcile.tracing import own_lines, trace

DAY = "2026-01-15"
OURS = own_lines(
    {
        "lines": [
            {"procedure": {"code": "99214", "modifiers": ["25"]}, "charge": "185.00", "service_date": DAY,
             "line_control_number": "L-1"},
            {"procedure": {"code": "36415"}, "charge": "40.00", "service_date": DAY, "line_control_number": "L-2"},
            {"procedure": {"code": "36415"}, "charge": "45.00", "service_date": f"{DAY}/2026-01-16"},
            {"revenue_code": "0300", "charge": "60.00", "service_date": DAY},
        ]
    }
)  # fmt: skip


def line(
    procedure: str, charge: int, *, submitted: str = "", number: str = "", revenue: str = "", day: str = DAY
) -> RemittedLine:
    return RemittedLine(
        1, procedure, submitted, revenue, "1", "", charge, 0, number, day, day, (), (), (), (), ()
    )  # fmt: skip


def traced(*lines: RemittedLine) -> list[tuple[str, str, str]]:
    claim = RemittedClaim(
        1, "A1", "1", 0, 0, 0, "12", "P1", "", "1", "", (), lines, (), (), (), (), (), ()
    )  # fmt: skip
    return [(one.ours.number if one.ours else "", one.rung, one.made) for one in trace(OURS, claim)]


def test_a_line_is_found_by_its_control_number() -> None:
    """Whatever else the payer changed; the place of the line stands where no number was sent."""
    found = traced(line("HC:99999", 1, number="L-2"), line("HC:36415", 4500, number="3"))
    assert found == [("2", "line_control_number", ""), ("3", "line_control_number", "")]


def test_without_a_number_what_was_billed_decides() -> None:
    """Modifiers and charge tell two lines of one code apart, in any order; a revenue code stands for a procedure."""
    billed = [
        line("HC:36415", 4500),
        line("HC:36415", 4000),
        line("HC:99214:25", 18500),
        line("", 6000, revenue="0300"),
    ]
    assert [one[0] for one in traced(*billed)] == ["3", "2", "1", "4"]
    assert {one[1:] for one in traced(*billed)} == {("billed", "")}


@pytest.mark.parametrize("numbered", [True, False])
def test_a_bundled_line_is_the_one_that_was_billed(*, numbered: bool) -> None:
    """The payer puts a second line under the first one's code and names in SVC06 what was billed."""
    first = line("HC:99214:25", 18500, number="L-1" if numbered else "")
    second = line("HC:99214:25", 4000, submitted="HC:36415", number="L-2" if numbered else "")
    assert [(number, made) for number, _, made in traced(first, second)] == [("1", ""), ("2", "bundled")]


@pytest.mark.parametrize("numbered", [True, False])
def test_an_unbundled_line_is_found_in_its_parts(*, numbered: bool) -> None:
    """The first part has the charge, the others none; SVC06 names in each what was billed."""
    number = "L-1" if numbered else ""
    parts = [
        line(code, cents, submitted="HC:99214:25", number=number) for code, cents in (("HC:1", 18500), ("HC:2", 0))
    ]
    assert [(own, made) for own, _, made in traced(*parts)] == [("1", "unbundled")] * 2


def test_a_split_line_is_found_in_its_parts() -> None:
    """Parts of one line carry its number, or its code and day."""
    found = traced(line("HC:99214:25", 10000, number="L-1"), line("HC:99214:25", 8500, number="L-1"))
    assert found == [("1", "line_control_number", "split")] * 2
    found = traced(line("HC:99214", 10000), line("HC:99214", 8500))
    assert found == [("1", "code_and_day", "split")] * 2


def test_a_code_that_the_payer_changed_and_a_line_that_he_added() -> None:
    """One is still ours, the other nobody's."""
    found = traced(line("HC:99213", 18500, submitted="HC:99214:25"), line("HC:A0000", 0))
    assert found == [("1", "billed", "changed"), ("", "", "added")]
    assert traced(line("HC:99214:25", 18500, day="2026-03-01")) == [("", "", "added")]
