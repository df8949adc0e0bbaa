"""Copies of all sample files: nothing of a person is left, and every check says what it said of the file."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from copies import CORPUS, copier, copy_of, files

from gateway.deidentify.persons import Persons
from gateway.deidentify.rules import shipped_rules
from gateway.errors import UsageError
from gateway.judge import can_judge, judge_set
from gateway.validation import validate
from gateway.x12.inspect import inspect
from gateway.x12.reader import Reader, TransactionSet

FILES = list(files())
# Faults of spelling that reading mends, and characters that no fake has: the copy is written without them.
MENDED = {
    *("text_before_isa", "newline_in_segment", "not_utf_8", "isa_delimiters", "isa_malformed", "isa_width"),
    "IK403-6",
}
REPLACED = {
    *("id", "last", "first", "middle", "organization", "address", "second address", "city", "text", "contact"),
    *("day", "date", "birth"),
}


def _copied(path: Path) -> tuple[bytes, bytes] | None:
    data = path.read_bytes()
    try:
        return data, copy_of(data, copier())
    except UsageError:
        return None


COPIES = {path: found for path in FILES if (found := _copied(path)) is not None}


def _codes(data: bytes) -> Counter[str]:
    found = (issue.code for issue in validate(io.BytesIO(data), second_opinion=False))
    return Counter(code for code in found if code not in MENDED)


def _sums(data: bytes) -> list[dict[str, Any]]:
    sets = (one for i in inspect(io.BytesIO(data))["interchanges"] for g in i["groups"] for one in g["transactions"])
    return [{key: value for key, value in one.items() if key != "issues"} for one in sets]


def _sets(data: bytes) -> list[TransactionSet]:
    return [item for item in Reader(io.BytesIO(data)).items() if isinstance(item, TransactionSet)]


def test_files_are_there() -> None:
    """Fixtures always; the corpus where it is at hand."""
    assert len(COPIES) > (200 if CORPUS.is_dir() else 60)


def test_every_check_says_the_same() -> None:
    """The same faults, the same counts and the same sums to the cent, of each file and its copy."""
    for path, (data, copy) in COPIES.items():
        assert _codes(copy) == _codes(data), path.name
        assert _sums(copy) == _sums(data), path.name


def test_pyx12_accepts_what_it_accepted() -> None:
    """pyx12 finds in the copies what it finds in the files, but for characters that the fakes do not have."""
    judged = 0
    for path, (data, copy) in COPIES.items():
        if len(data) > 3_000:
            continue
        for one, two in zip(Reader(io.BytesIO(data)).items(), Reader(io.BytesIO(copy)).items(), strict=True):
            if isinstance(one, TransactionSet) and isinstance(two, TransactionSet) and can_judge(one):
                judged += 1
                assert _opinion(two) == _opinion(one), path.name
    assert judged > 30


def _opinion(item: TransactionSet) -> Counter[str]:
    return Counter(issue.code for issue in judge_set(item) if issue.code != "pyx12-IK4-6")


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not at hand")
def test_nothing_of_a_person_is_left() -> None:
    """Every name, identifier and date that a row of the table replaces is another in the copy; so is all it lacks."""
    seen = 0
    for path, (data, copy) in COPIES.items():
        for one, two in zip(_sets_of_segments(data), _sets_of_segments(copy), strict=True):
            persons = Persons(shipped_rules().parties)
            for before, after in zip(one, two, strict=True):
                persons.see(before)
                for number, (old, new) in enumerate(zip(before[1:], after[1:], strict=True), 1):
                    if _must_change(persons.party, before, number, old):
                        seen += 1
                        assert old != new, f"{path.name}: {before[0]}{number:02}"
    assert seen > 10_000


def _sets_of_segments(data: bytes) -> list[list[list[str]]]:
    return [list(item) for item in Reader(io.BytesIO(data)).items() if isinstance(item, TransactionSet)]


def _must_change(party: str, segment: list[str], number: int, value: str) -> bool:
    if not any(character.isalnum() and character != "0" for character in value) or value.strip() == "REMOVED":
        return False
    for rule in shipped_rules().of(segment[0], number):
        if rule.fits(1, party, segment):
            is_date = rule.action in ("day", "date", "birth")
            return rule.action in REPLACED and not (is_date and len(value.strip()) < 6)
    return True
