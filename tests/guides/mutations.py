"""Good claims, spoilt in one place each: the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from random import Random
from typing import NamedTuple

from advice_files import advice
from guide_documents import GUIDES, make, written

Segments = list[list[str]]
_OPENERS = ("NM1", "HL", "CLM", "LX", "SBR", "SVD", "LIN")
_ANSWER_OPENERS = ("N1", "LX", "CLP", "SVC", "PLB", "AK2", "IK3", "IK4", "AK9")
_HEAD = ("ISA", "GS", "ST", "SE", "GE", "IEA")
_BASES = 24  # good claims of each guide


class Mutant(NamedTuple):
    """A file, and what was done to it."""

    kind: str  # of the mutation
    place: str  # segment id, or element
    data: bytes


@cache
def bases(name: str) -> tuple[str, ...]:
    """Files of one claim or set each that our guide check and pyx12 both accept: from bare ones to full ones."""
    made = base if name in GUIDES else answer
    return tuple(made(name, seed) for seed in range(_BASES))


def answer(name: str, seed: int) -> str:
    """One good file of what answers claims."""
    return advice(name, seed, (0.0, 0.05, 0.15, 0.4)[seed % 4])


def base(name: str, seed: int) -> str:
    """One good file. Left out is what the two see differently in good files, too (see the listed differences)."""
    document = make(GUIDES[name], seed, (0.0, 0.05, 0.15, 0.3)[seed % 4])
    document["transaction"]["claim_or_encounter"] = "CH"
    document["billing_provider"]["address"] = {"line1": "1 QUAY ST", "city": "ERIE", "state": "PA"}
    document["billing_provider"]["address"]["postal_code"] = "165010001"
    for line in document["lines"]:
        line.pop("certificate_of_necessity", None)
    content, refused = written([document])
    assert not refused, refused
    return content.decode()


def mutant(name: str, seed: int) -> Mutant:
    """One of the good files, spoilt in one place."""
    random = Random(f"{name} {seed}")
    segments = [text.split("*") for text in random.choice(bases(name)).split("~")[:-1]]
    kinds = _KINDS if name in GUIDES else _ANSWER_KINDS
    kind = random.choice(sorted(kinds))
    place = kinds[kind](segments, random)
    if kind != "count":
        _recount(segments)
    return Mutant(kind, place, "".join("*".join(segment) + "~" for segment in segments).encode())


def _recount(segments: Segments) -> None:
    start = next(n for n, segment in enumerate(segments) if segment[0] == "ST")
    end = next(n for n, segment in enumerate(segments) if segment[0] == "SE")
    segments[end][1] = str(end - start + 1)


def _inner(segments: Segments, random: Random) -> int:
    """A segment of the set, but ST and SE."""
    return random.choice([n for n, segment in enumerate(segments) if segment[0] not in _HEAD])


def _element(segments: Segments, random: Random, filled: bool = True) -> tuple[int, int]:
    """A segment and one of its elements that has a value."""
    while True:
        number = _inner(segments, random)
        places = [at for at, text in enumerate(segments[number]) if at and bool(text) is filled]
        if places:
            return number, random.choice(places)


def _set(segments: Segments, random: Random, change: Callable[[str], str]) -> str:
    number, at = _element(segments, random)
    segments[number][at] = change(segments[number][at])
    return f"{segments[number][0]}{at:02}"


def _delete(segments: Segments, random: Random) -> str:
    return segments.pop(_inner(segments, random))[0]


def _double(segments: Segments, random: Random) -> str:
    number = _inner(segments, random)
    segments.insert(number, list(segments[number]))
    return segments[number][0]


def _swap(segments: Segments, random: Random) -> str:
    while True:
        number = _inner(segments, random)
        if segments[number + 1][0] not in _HEAD:
            break
    segments[number], segments[number + 1] = segments[number + 1], segments[number]
    return f"{segments[number][0]} {segments[number + 1][0]}"


def _move(segments: Segments, random: Random) -> str:
    segment = segments.pop(_inner(segments, random))
    segments.insert(_inner(segments, random), segment)
    return segment[0]


def _rename(segments: Segments, random: Random) -> str:
    number = _inner(segments, random)
    old = segments[number][0]
    segments[number][0] = random.choice(("ZZZ", "REF", "NTE", "N3", "AMT", "DTP"))
    return old


def _empty(segments: Segments, random: Random) -> str:
    return _set(segments, random, lambda text: "")


def _overlong(segments: Segments, random: Random) -> str:
    return _set(segments, random, lambda text: text + "9" * random.choice((1, 20, 90, 300)))


def _short(segments: Segments, random: Random) -> str:
    return _set(segments, random, lambda text: text[:1])


def _letters(segments: Segments, random: Random) -> str:
    return _set(segments, random, lambda text: "X" * len(text))


def _digits(segments: Segments, random: Random) -> str:
    return _set(segments, random, lambda text: "9" * len(text))


def _control(segments: Segments, random: Random) -> str:
    return _set(segments, random, lambda text: text[:1] + random.choice("\x07\t\xe9") + text[1:])


def _blank(segments: Segments, random: Random) -> str:
    return _set(segments, random, lambda text: random.choice((" " + text, text + " ", " ")))


def _negative(segments: Segments, random: Random) -> str:
    return _set(segments, random, lambda text: "-" + text)


def _date(segments: Segments, random: Random) -> str:
    found = [n for n, s in enumerate(segments) if s[0] in ("DTP", "DMG") and len(s) > 2]
    if not found:
        return _letters(segments, random)
    number = random.choice(found)
    at = 3 if segments[number][0] == "DTP" else 2
    bad = random.choice(("20260230", "2026", "20261301", "00000000", "20260101-20260230", "2400", "9999"))
    segments[number][at] = bad
    return f"{segments[number][0]}{at:02}"


def _extra(segments: Segments, random: Random) -> str:
    number = _inner(segments, random)
    segments[number] += [""] * random.choice((0, 0, 1, 3)) + ["X"]
    return segments[number][0]


def _fill(segments: Segments, random: Random) -> str:
    """An element that is empty gets a value."""
    number, at = _element(segments, random, filled=False)
    segments[number][at] = random.choice(("X", "1", "AB", "20260101"))
    return f"{segments[number][0]}{at:02}"


def _trailing(segments: Segments, random: Random) -> str:
    """Empty elements at the end: bad style, and no fault."""
    number = _inner(segments, random)
    segments[number] += [""] * random.choice((1, 2))
    return segments[number][0]


def _component(segments: Segments, random: Random) -> str:
    found = [(n, at) for n, s in enumerate(segments) if s[0] not in _HEAD for at, text in enumerate(s) if ":" in text]
    if not found:
        return _set(segments, random, lambda text: text + ":X")
    number, at = random.choice(found)
    parts = segments[number][at].split(":")
    part = random.randrange(len(parts))
    parts[part] = random.choice(("", parts[part] + "9" * 40, parts[part][:1], "XX", parts[part] + ":X"))
    segments[number][at] = ":".join(parts)
    return f"{segments[number][0]}{at:02}-{part + 1}"


def _repetition(segments: Segments, random: Random) -> str:
    return _set(segments, random, lambda text: f"{text}^{text}")


def _subcomponent(segments: Segments, random: Random) -> str:
    return _set(segments, random, lambda text: f"{text}:{text}")


def _count(segments: Segments, random: Random) -> str:
    end = next(n for n, segment in enumerate(segments) if segment[0] == "SE")
    at = random.choice((1, 2))
    segments[end][at] = random.choice(("", "1", "99999", "X"))
    return f"SE{at:02}"


def _hl(segments: Segments, random: Random) -> str:
    number = random.choice([n for n, segment in enumerate(segments) if segment[0] == "HL"])
    at = random.choice((1, 2, 3, 4))
    segments[number] += [""] * (5 - len(segments[number]))
    segments[number][at] = random.choice(("0", "1", "2", "3", "9", "20", "22", "23", "A", ""))
    return f"HL{at:02}"


def _qualifier(segments: Segments, random: Random) -> str:
    found = [n for n, s in enumerate(segments) if s[0] in ("NM1", "REF", "DTP", "AMT", "HI", "CRC", "NTE", "QTY")]
    number = random.choice(found)
    other = segments[random.choice([n for n in found if segments[n][0] == segments[number][0]])]
    value = random.choice((other[1], "ZZ", "XX", "ABK:A000", ""))
    segments[number][1] = value
    return f"{segments[number][0]}01"


def _loop(segments: Segments, random: Random, *, keeps: bool = False, openers: Iterable[str] = _OPENERS) -> str:
    """A whole loop, from one of its openers to the next, is moved or doubled."""
    starts = [n for n, segment in enumerate(segments) if segment[0] in openers]
    ends = [*starts[1:], next(n for n, segment in enumerate(segments) if segment[0] == "SE")]
    at = random.randrange(len(starts))
    run = segments[starts[at] : ends[at]]
    if not keeps:
        del segments[starts[at] : ends[at]]
    to = _inner(segments, random)
    segments[to:to] = [list(segment) for segment in run]
    return run[0][0]


def _loop_doubled(segments: Segments, random: Random) -> str:
    return _loop(segments, random, keeps=True)


def _subrogation(segments: Segments, random: Random) -> str:
    next(segment for segment in segments if segment[0] == "BHT")[6] = "31"
    return "BHT06"


def _certificate(segments: Segments, random: Random) -> str:
    """A certificate of medical necessity behind a service; in a guide without one it has no place."""
    number = random.choice([n for n, segment in enumerate(segments) if segment[0] in ("SV1", "SV2", "SV3")])
    segments.insert(number + 1, ["PWK", "CT", random.choice(("AB", "AD", "NS"))])
    return "PWK02"


_KINDS: dict[str, Callable[[Segments, Random], str]] = {
    "segment deleted": _delete,
    "segment doubled": _double,
    "segments swapped": _swap,
    "segment moved": _move,
    "segment renamed": _rename,
    "element emptied": _empty,
    "element overlong": _overlong,
    "element short": _short,
    "letters": _letters,
    "digits": _digits,
    "bad character": _control,
    "blanks": _blank,
    "negative": _negative,
    "bad date": _date,
    "element too many": _extra,
    "element filled": _fill,
    "trailing separators": _trailing,
    "component damaged": _component,
    "repetition": _repetition,
    "composite": _subcomponent,
    "count": _count,
    "HL damaged": _hl,
    "qualifier changed": _qualifier,
    "loop moved": _loop,
    "loop doubled": _loop_doubled,
    "subrogation": _subrogation,
    "certificate": _certificate,
}


def _answer_date(segments: Segments, random: Random) -> str:
    bad = random.choice(("20260230", "2026", "20261301", "00000000", "20260101-20260230", "2400", "9999"))
    found = [(n, at) for n, s in enumerate(segments) if s[0] not in _HEAD for at, text in enumerate(s) if _is_day(text)]
    if not found:
        return _letters(segments, random)
    number, at = random.choice(found)
    segments[number][at] = bad
    return f"{segments[number][0]}{at:02}"


def _is_day(text: str) -> bool:
    return len(text) == 8 and text.isdigit() and text[:2] in ("19", "20")


def _answer_qualifier(segments: Segments, random: Random) -> str:
    """The first element is that of another segment of the same name, or none that the guide has."""
    number = _inner(segments, random)
    other = random.choice([segment for segment in segments if segment[0] == segments[number][0]])
    segments[number][1] = random.choice((other[1], "ZZ", "XX", "QC", "PR", "G1", "150", ""))
    return f"{segments[number][0]}01"


def _answer_loop(segments: Segments, random: Random) -> str:
    return _loop(segments, random, openers=_ANSWER_OPENERS)


def _answer_loop_doubled(segments: Segments, random: Random) -> str:
    return _loop(segments, random, keeps=True, openers=_ANSWER_OPENERS)


def _answer_fill(segments: Segments, random: Random) -> str:
    """Where no element is empty, one more is added."""
    has_empty = any("" in segment for segment in segments if segment[0] not in _HEAD)
    return (_fill if has_empty else _extra)(segments, random)


_OF_CLAIMS = ("HL damaged", "subrogation", "certificate")
_ANSWER_KINDS = {name: spoil for name, spoil in _KINDS.items() if name not in _OF_CLAIMS} | {
    "bad date": _answer_date,
    "element filled": _answer_fill,
    "qualifier changed": _answer_qualifier,
    "loop moved": _answer_loop,
    "loop doubled": _answer_loop_doubled,
}
