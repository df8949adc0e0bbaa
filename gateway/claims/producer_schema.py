"""The canonical claim's JSON Schema for those who produce claims: what the gateway puts there itself is not required.

The guide requires more than a producer must give: completion fills in the usual values, and submitter and receiver are
those of the partner that a claim goes to.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from gateway.claims.completion import Default

Schema = dict[str, Any]

# By the door itself, beside the table of completion: (path, name).
_FILLED = (
    ((), "submitter"),
    ((), "receiver"),
    (("lines[]",), "number"),
    (("lines[]",), "line_control_number"),
    (("diagnoses[]",), "type"),
)


def producer_schema(schema: Schema, defaults: Sequence[Default]) -> Schema:
    """A copy of the schema of `gateway.x12.schema` in which what may be left out is not required.

    A field's usual value stands under "default" where it is filled in whatever else the claim says.
    """
    made = copy.deepcopy(schema)
    for claim_type, one in made["$defs"].items():
        for path, name in _FILLED:
            _release(one, path, name)
        for default in defaults:
            if default.type in ("*", claim_type) and default.value:
                _release(one, default.path[:-1], default.path[-1])
                if default.when == "make":
                    _release(one, default.path[:-2], default.path[-2])
                if default.when in ("", "make"):
                    _tell(one, default)
    return made


def _holders(schema: Schema, path: Sequence[str]) -> Iterator[Schema]:
    """The object that a path leads to, where the guide has it."""
    here: Schema | None = schema
    for step in path:
        name = step.removesuffix("[]")
        here = here.get("properties", {}).get(name) if here else None
        if here is not None and step != name:
            here = here.get("items")
    if here is not None:
        yield here


def _release(schema: Schema, path: Sequence[str], name: str) -> None:
    for holder in _holders(schema, path):
        holder["required"] = [one for one in holder.get("required", ()) if one != name]
        if not holder["required"]:
            del holder["required"]


def _tell(schema: Schema, default: Default) -> None:
    for holder in _holders(schema, default.path[:-1]):
        if default.path[-1] in holder.get("properties", {}):
            holder["properties"][default.path[-1]]["default"] = default.value
