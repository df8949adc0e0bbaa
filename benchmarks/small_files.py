"""Many small files: 999s, 277CAs and 835s of 1 to 20 claims, each taken in and posted as a file of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.answers import Asked, SentSet, acknowledgment, interchange, payment, statuses
from benchmarks.making import _THEIRS, _all_asked, _sent
from benchmarks.place import Done, Place, require
from gateway.exchange.process import import_files

_SIZES = (1, 3, 20, 7, 2, 12)  # claims of a file, in turn


def make(place: Place) -> Done:
    """A third of each kind. A 277CA and an 835 hold claims of ours; a 999 answers a set of ours again, by a number of
    its own."""
    asked = {claim.patient_control_number: claim for claim in _all_asked(place)}
    sent = list(_sent(place, asked))
    folder = place.file("small")
    folder.mkdir()
    parts = _parts(sent)
    size = 0
    for number in range(place.claims):
        of_set, claims = next(parts)
        kind = ("999", "277CA", "835")[number % 3]
        if kind == "999":
            body = acknowledgment([of_set])
        elif kind == "277CA":
            body = statuses(of_set._replace(claims=claims), number)
        else:
            body = payment(claims, 500_000 + number)
        path = folder / f"{number:06}.{kind}"
        path.write_text("".join(interchange(kind, _THEIRS, 1000 + number, [body])), encoding="ascii")
        size += path.stat().st_size
    return Done(place.claims, size)


def _parts(sent: Sequence[SentSet]) -> Iterator[tuple[SentSet, list[Asked]]]:
    sizes = itertools.cycle(_SIZES)
    while True:
        for one in sent:
            at = 0
            while at < len(one.claims):
                size = next(sizes)
                yield one, list(one.claims[at : at + size])
                at += size


def post_first(place: Place) -> Done:
    """The first tenth of the files."""
    files = _files(place)
    return _post(place, files[: len(files) // 10])


def post_middle(place: Place) -> Done:
    """All but the first and the last tenth."""
    files = _files(place)
    return _post(place, files[len(files) // 10 : -(len(files) // 10)])


def post_last(place: Place) -> Done:
    """The last tenth, into a store that holds all others."""
    files = _files(place)
    return _post(place, files[-(len(files) // 10) :])


def _files(place: Place) -> list[Path]:
    return sorted(place.file("small").iterdir())


def _post(place: Place, files: list[Path]) -> Done:
    """Counts files instead of claims."""
    with place.app() as app:
        statuses_of = [document["status"] for document in import_files(app, files)]
    require(statuses_of.count("processed"), len(files), "files processed")
    return Done(len(files), sum(path.stat().st_size for path in files))
