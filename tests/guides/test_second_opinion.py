"""Our verdict on a set that has a guide table is that of pyx12, but for the kinds of differences that its table lists.

`GATEWAY_MUTATIONS` sets how many spoilt claims are tried (2,000 without it), and a fourth as many answers of each kind.
Run as a program, this file tries 10,000 of either and counts the kinds for the table.
"""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mutations import Mutant, bases, mutant

from gateway.guides import ANSWERS, all_guides, answer_guides
from gateway.judge import can_judge, judge_set
from gateway.second_opinion import ANY, Difference, differences
from gateway.x12.element_rules import SetCheck, check_set
from gateway.x12.issues import Issue
from gateway.x12.reader import Reader, TransactionSet

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
GUIDES = ("837P", "837I", "837D")
SHARDS = 20
ANSWER_SHARDS = 4
COUNT = int(os.environ.get("GATEWAY_MUTATIONS", "2000"))
KNOWN = differences()
CODE = re.compile(r"IK304-([1-7]|I[4-9])|IK403-([1-9]|1[0-3]|I(6|9|1[0-3]))")  # element 720, 723 of a 999
ENVELOPE = frozenset({"se_count", "se_control_number", "se_missing", "st_control_number"})


def ours(item: TransactionSet) -> list[Issue]:
    """What our check finds in a set, in order."""
    guide = answer_guides().get(item.kind)
    found = list(check_set(item, all_guides()) if guide is None else SetCheck(guide, item).run())
    return [issue for issue in (*found, *item.issues) if issue.severity == "error"]


def sets(data: bytes) -> Iterator[TransactionSet]:
    return (item for item in Reader(io.BytesIO(data)).items() if isinstance(item, TransactionSet))


def both(data: bytes) -> Iterator[tuple[str, list[Issue], list[Issue]]]:
    """Guide and the findings of ours and of pyx12, for each set that both can judge."""
    for one, other in zip(sets(data), sets(data), strict=True):
        if can_judge(one):
            yield one.kind, ours(one), judge_set(other)
        else:
            for item in (one, other):
                for _ in item:
                    pass


def difference(mine: list[Issue], theirs: list[Issue]) -> tuple[str, Issue] | None:
    """Who alone finds a fault, and the first one found: what comes after it may follow from it."""
    if bool(mine) == bool(theirs):
        return None
    return ("gateway", mine[0]) if mine else ("pyx12", min(theirs, key=lambda issue: issue.segment or 0))


def unlisted(data: bytes) -> list[tuple[str, str, str, str]]:
    """The differences in a file that the table does not have."""
    found = []
    for guide, mine, theirs in both(data):
        one = difference(mine, theirs)
        if one is not None and KNOWN.find(one[0], guide, one[1]) is None:
            found.append((one[0], one[1].code, one[1].segment_id, one[1].element))
    return found


def seeds(shard: int) -> list[tuple[str, int]]:
    """The spoilt claims of one shard."""
    return [(GUIDES[seed % len(GUIDES)], seed) for seed in range(shard, COUNT, SHARDS)]


@pytest.mark.parametrize("guide", GUIDES + ANSWERS)
def test_good_claims_are_good_for_both(guide: str) -> None:
    """What is spoilt afterwards was accepted by both."""
    for text in bases(guide):
        for _, mine, theirs in both(text.encode()):
            assert (mine, theirs) == ([], [])


@pytest.mark.parametrize("shard", range(SHARDS))
def test_same_verdict_as_pyx12(shard: int) -> None:
    """A spoilt claim is accepted or rejected by both, or the difference is listed with who is right."""
    found = {}
    for guide, seed in seeds(shard):
        one = mutant(guide, seed)
        if more := unlisted(one.data):
            found[guide, seed, one.kind, one.place] = more
    assert found == {}


@pytest.mark.parametrize("guide", ANSWERS)
@pytest.mark.parametrize("shard", range(ANSWER_SHARDS))
def test_same_verdict_on_answers(guide: str, shard: int) -> None:
    """A spoilt answer of a payer or clearinghouse is accepted or rejected by both, or the difference is listed."""
    found = {}
    for seed in range(shard, COUNT // 4, ANSWER_SHARDS):
        one = mutant(guide, seed)
        if more := unlisted(one.data):
            found[seed, one.kind, one.place] = more
    assert found == {}


@pytest.mark.parametrize("guide", ANSWERS)
def test_most_spoilt_answers_are_rejected(guide: str) -> None:
    """The mutations of answers do spoil, and each finding has a code of a 999, a segment of the set and a sentence."""
    made = [mutant(guide, seed) for seed in range(100)]
    findings = [ours(item) for one in made for item in sets(one.data)]
    assert 0.5 < sum(map(bool, findings)) / len(findings) < 0.95
    for issue in (issue for found in findings for issue in found):
        assert CODE.fullmatch(issue.code) or issue.code in ENVELOPE, issue.code
        assert issue.segment and issue.segment_id and issue.text.endswith(".")


def test_both_blame_the_same_segment() -> None:
    """Rejected by both is no agreement by chance: all but few have a segment, or the next one, that both name.

    A wrong count pyx12 lays at ST, and of a missing segment it names the last one before; those are left out or few.
    """
    apart = of = 0
    for guide, seed in (one for shard in range(4) for one in seeds(shard)):
        made = mutant(guide, seed)
        for _, mine, theirs in both(made.data):
            if mine and theirs and made.kind != "count":
                named = {issue.segment or 0 for issue in theirs}
                of += 1
                apart += not any({at - 1, at, at + 1} & named for at in (issue.segment or 0 for issue in mine))
    assert of > 250
    assert apart / of < 0.03


def test_most_spoilt_claims_are_rejected() -> None:
    """The mutations do spoil: most are found by both, and each way of spoiling is there."""
    made = [mutant(guide, seed) for shard in range(4) for guide, seed in seeds(shard)]
    verdicts = [bool(ours(item)) for one in made for item in sets(one.data)]
    assert 0.6 < sum(verdicts) / len(verdicts) < 0.95
    assert len({one.kind for one in made}) >= 25


def test_findings_are_in_the_terms_of_a_999() -> None:
    """Each finding has a code that a 999 has, the ordinal of a segment of the set, its id, and a sentence."""
    for guide, seed in seeds(0):
        data = mutant(guide, seed).data
        for item in sets(data):
            for issue in ours(item):
                assert CODE.fullmatch(issue.code) or issue.code in ENVELOPE, issue.code
                assert issue.segment is not None and 1 <= issue.segment <= data.count(b"~")
                assert issue.segment_id and issue.text.endswith(".")
                assert bool(issue.element) == issue.code.startswith("IK403") or issue.code in ENVELOPE


@pytest.mark.parametrize("row", KNOWN.rows, ids=lambda row: f"{row.found_by} {row.guide} {row.code} {row.segment}")
def test_a_listed_difference_still_occurs(row: Difference) -> None:
    """The example of each row is what it says; a row whose difference is gone must go, too."""
    guide, seed = row.example.split()
    assert row.guide in (ANY, guide)
    assert row.seen.isdigit()
    for _, mine, theirs in both(mutant(guide, int(seed)).data):
        one = difference(mine, theirs)
        assert one is not None and KNOWN.find(one[0], guide, one[1]) == row


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of samples is not here")
@pytest.mark.parametrize("folder", GUIDES + ANSWERS)
def test_same_verdict_on_the_corpus(folder: str) -> None:
    """Over every sample whose guide both know."""
    found, judged = {}, 0
    for path in sorted((CORPUS / folder).iterdir()):
        data = path.read_bytes()
        judged += sum(1 for _ in both(data))
        if more := unlisted(data):
            found[path.name] = more
    assert found == {}
    assert judged >= {"837P": 337, "837I": 4, "837D": 5, "835": 20, "999": 2}[folder]


def _count(guides: tuple[str, ...], count: int, tell: Callable[[str], None]) -> None:
    """Counts the kinds among so many spoilt claims, with an example of each."""
    seen: Counter[Difference] = Counter()
    example: dict[Difference, str] = {}
    verdicts: Counter[tuple[bool, bool]] = Counter()
    for seed in range(count):
        guide = guides[seed % len(guides)]
        one: Mutant = mutant(guide, seed)
        for _, mine, theirs in both(one.data):
            verdicts[bool(mine), bool(theirs)] += 1
            found = difference(mine, theirs)
            row = KNOWN.find(found[0], guide, found[1]) if found else None
            if row is not None:
                seen[row] += 1
                example.setdefault(row, f"{guide} {seed}")
            elif found:
                tell(f"not listed: {guide} {seed} {one.kind} {found[0]} {found[1]}")
    tell(f"(ours, pyx12) rejected: {dict(verdicts)}")
    for row in (row for row in KNOWN.rows if row.guide in (ANY, *guides)):
        tell(f"{seen[row]}\t{example.get(row, '')}\t{row.found_by} {row.guide} {row.code} {row.segment} {row.element}")


if __name__ == "__main__":
    _count(GUIDES, 10_000, print)
    for one in ANSWERS:
        _count((one,), 10_000, print)
