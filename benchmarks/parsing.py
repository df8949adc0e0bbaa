"""Work without a store: reading and writing files as the `x12` commands do."""

from __future__ import annotations

import json

from benchmarks.place import NOW, Done, Place, require
from gateway.guides import all_guides
from gateway.inbound.remit835 import RemittanceReader
from gateway.reading import read_documents
from gateway.x12.inspect import inspect
from gateway.x12.issues import Issue
from gateway.x12.reader import Reader, TransactionSet
from gateway.x12.roundtrip import neutral_envelope, write_claims


def write_837(place: Place) -> Done:
    """`x12 write`: canonical claims, a JSON object a line, to an 837P."""
    return _write(place, "documents.ndjson", "claims.837")


def write_837i(place: Place) -> Done:
    """The same to an 837I."""
    return _write(place, "hospital.ndjson", "hospital.837")


def _write(place: Place, documents: str, name: str) -> Done:
    path = place.file(name)
    with path.open("wb") as out, place.file(documents).open("rb") as lines:
        refused = sum(1 for _ in write_claims(map(json.loads, lines), out, all_guides(), neutral_envelope(NOW)))
    require(refused, 0, "claims refused")
    return Done(place.claims, path.stat().st_size)


def segments_837(place: Place) -> Done:
    """Every segment of an 837 as a list of its elements, envelopes checked."""
    return _segments(place, "claims.837")


def segments_835(place: Place) -> Done:
    """The same of an 835."""
    return _segments(place, "one_set.835")


def _segments(place: Place, name: str) -> Done:
    path = place.file(name)
    found, claims = 0, {"CLM", "CLP"}
    with path.open("rb") as stream:
        for item in Reader(stream).items():
            if isinstance(item, TransactionSet):
                found += sum(1 for segment in item if segment[0] in claims)
    require(found, place.claims, f"claims in {name}")
    return Done(found, path.stat().st_size)


def inspect_837(place: Place) -> Done:
    """`x12 inspect` of an 837."""
    return _inspect(place, "claims.837")


def inspect_835(place: Place) -> Done:
    """`x12 inspect` of an 835: sums and balances."""
    return _inspect(place, "one_set.835")


def _inspect(place: Place, name: str) -> Done:
    path = place.file(name)
    with path.open("rb") as stream:
        document = inspect(stream)
    sets = [one for i in document["interchanges"] for group in i["groups"] for one in group["transactions"]]
    require(sum(one["claims"] for one in sets), place.claims, f"claims in {name}")
    return Done(place.claims, path.stat().st_size)


def claims_837(place: Place) -> Done:
    """`x12 read` of an 837: canonical claims."""
    path, issues = place.file("claims.837"), list[Issue]()
    with path.open("rb") as stream:
        found = sum(1 for _ in read_documents(stream, issues))
    require(found, place.claims, "claims in the 837")
    require(len(issues), 0, "faults of the 837")
    return Done(found, path.stat().st_size)


def claims_835(place: Place) -> Done:
    """The claims of an 835 with exact money, adjustments and balances."""
    path = place.file("one_set.835")
    found = 0
    with path.open("rb") as stream:
        for item in Reader(stream).items():
            if isinstance(item, TransactionSet):
                reader = RemittanceReader(item)
                found += sum(1 for _ in reader)
                require(len(reader.issues), 0, "faults of the 835")
    require(found, place.claims, "claims in the 835")
    return Done(found, path.stat().st_size)
