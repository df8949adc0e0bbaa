"""A written file is judged before it may be sent: by our guide always, by pyx12 where a partner wants it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gateway import judge
from gateway.claims.completion import complete
from gateway.claims.samples import sample_claims
from gateway.errors import UsageError
from gateway.exchange.admission_rules import load_rules
from gateway.outbound import writing
from gateway.outbound.sets import Member
from gateway.outbound.writing import BatchHead, SetHead, Written, judged, write_batch
from gateway.partners import Profile, load_profile
from gateway.second_opinion import COLUMNS, Difference, Differences, differences, load_differences
from gateway.x12.issues import Issue

PROFILE = """\
[partner]
usage = "test"
payers = ["*"]

[envelope]
sender = "ZZ:US"
receiver = "ZZ:THEM"
receiver_name = "THEM"

[submitter]
name = "US"
id = "US"
contact = "DESK"
phone = "5555550100"

[folder]
path = "mailbox"
"""
FOUND = Issue("pyx12-IK4-7", "error", "CLM05-3 has a code that the guide does not allow", 0, None, "CLM", "05-3")


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """A partner without wishes."""
    (tmp_path / "house.toml").write_text(PROFILE)
    return load_profile(tmp_path / "house.toml")


@pytest.fixture
def file(profile: Profile) -> tuple[bytes, Written]:
    """Two sets of two claims each."""
    defaults = load_rules().defaults
    claims = [complete(claim, defaults) for claim in sample_claims(4, 1, date(2026, 1, 5))]
    members = [
        Member(number, number, claim["patient_control_number"], 100, claim) for number, claim in enumerate(claims)
    ]
    out = io.BytesIO()
    head = BatchHead(profile, "professional", "000000001", "1", datetime(2026, 1, 6, tzinfo=UTC))
    sets = [(SetHead("0001", "1"), members[:2]), (SetHead("0002", "2"), members[2:])]
    written = write_batch(out, head, sets)
    assert not written.faulty
    return out.getvalue(), written


def spoilt(data: bytes, old: bytes, new: bytes, *, nth: int) -> io.BytesIO:
    """The file with one occurrence changed."""
    parts = data.split(old)
    return io.BytesIO(old.join(parts[:nth]) + new + old.join(parts[nth:]))


@pytest.fixture
def no_pyx12(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyx12 must not be asked."""

    def refuse() -> None:
        raise AssertionError("pyx12 was asked")

    monkeypatch.setattr(judge, "_engine", refuse)


def test_a_good_file_may_be_sent_without_a_second_opinion(file: tuple[bytes, Written], no_pyx12: None) -> None:
    """Our verdict is enough, and pyx12 is not even loaded for it."""
    assert judged(io.BytesIO(file[0]), file[1]) == []


def test_a_fault_of_the_guide_blames_its_claim(file: tuple[bytes, Written], no_pyx12: None) -> None:
    """A segment that the guide does not have, in the third claim of four: that one is to blame, in 999 terms."""
    (found,) = judged(spoilt(file[0], b"~LX*1~", b"~QQQ*1~LX*1~", nth=3), file[1])[:1]
    assert found.code == "IK304-1"
    assert found.place.startswith("set 0002, segment ")
    assert found.member is not None and found.member.claim_id == 2


def test_a_wrong_count_blames_nobody(file: tuple[bytes, Written]) -> None:
    """SE01 is ours to mend, no biller's."""
    data = file[0]
    start = data.index(b"~SE*") + 4
    found = judged(io.BytesIO(data[:start] + b"9" + data[start:]), file[1])
    assert [(one.code, one.member) for one in found] == [("se_count", None)]


def test_pyx12_agrees_with_a_good_file(file: tuple[bytes, Written]) -> None:
    """Asked for, it has nothing to say that is not known."""
    assert judged(io.BytesIO(file[0]), file[1], differences()) == []


@pytest.fixture
def complaining(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyx12 finds a fault in the first claim of each set."""

    def complain(tset: Iterator[list[str]]) -> list[Issue]:
        at = next(number for number, segment in enumerate(tset, 1) if segment[0] == "CLM")
        return [FOUND._replace(segment=at)]

    monkeypatch.setattr(writing, "judge_set", complain)


def test_an_unknown_difference_holds_the_claim(file: tuple[bytes, Written], complaining: None) -> None:
    """What only pyx12 finds, and nobody has decided on, is not sent."""
    found = judged(io.BytesIO(file[0]), file[1], Differences([]))
    assert [(one.code, one.member and one.member.claim_id) for one in found] == [("pyx12-IK4-7", 0), ("pyx12-IK4-7", 2)]


@pytest.mark.parametrize(
    ("guide", "segment", "element", "passes"),
    [("837P", "CLM", "05-3", True), ("*", "*", "*", True), ("837I", "CLM", "05-3", False), ("837P", "CLM", "", False)],
)
def test_a_known_difference_never_blocks(
    file: tuple[bytes, Written], complaining: None, guide: str, segment: str, element: str, passes: bool
) -> None:
    """A row covers its own guide, segment and element, and no others."""
    row = Difference("pyx12", guide, "pyx12-IK4-7", segment, element, "gateway", "it reads an old list")
    assert (judged(io.BytesIO(file[0]), file[1], Differences([row])) == []) is passes


def test_a_home_may_add_differences(tmp_path: Path) -> None:
    """Rows of a home's table stand beside the shipped ones."""
    head = ",".join(COLUMNS) + "\n"
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "second_opinion.csv").write_text(
        f"{head}pyx12,837P,pyx12-IK4-7,CLM,05-3,gateway,agreed with the payer,,\n"
    )
    assert differences().find("pyx12", "837P", FOUND) is None
    row = differences(tmp_path).find("pyx12", "837P", FOUND)
    assert row is not None and row.why == "agreed with the payer"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("us,837P,IK304-1,CLM,,gateway,why,,", "row 2: found_by"),
        ("pyx12,837P,pyx12-IK4-7,CLM,,nobody,why,,", "row 2: right"),
        ("pyx12,837P,pyx12-IK4-7,CLM,,pyx12,,,", "row 2: why is empty"),
        ("pyx12,837P", "row 2: has 2 columns"),
    ],
)
def test_a_bad_row_is_named(row: str, says: str) -> None:
    """Table, row and reason."""
    with pytest.raises(UsageError, match=f"own.csv: {says}"):
        load_differences(",".join(COLUMNS) + f"\n{row}\n", "own.csv")


def test_only_a_profile_asks_for_it(tmp_path: Path, profile: Profile) -> None:
    """`[delivery] second_opinion`, off by itself; anything but true or false is refused."""
    assert profile.second_opinion is False
    (tmp_path / "house.toml").write_text(PROFILE + "[delivery]\nsecond_opinion = true\n")
    assert load_profile(tmp_path / "house.toml").second_opinion is True
    (tmp_path / "house.toml").write_text(PROFILE + "[delivery]\nsecond_opinion = 1\n")
    with pytest.raises(UsageError, match="second_opinion: must be true or false"):
        load_profile(tmp_path / "house.toml")
