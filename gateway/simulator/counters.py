"""Counters by name, kept over restarts so that a partner never uses a control number twice."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from gateway.simulator.tables import ScenarioError


@dataclass(slots=True)
class Counters:
    """Each counter starts at 1, or where its first use says, and never goes back."""

    last: dict[str, int] = field(default_factory=dict)

    def next(self, name: str, start: int = 1) -> int:
        """The next number of that counter."""
        self.last[name] = self.last.get(name, start - 1) + 1
        return self.last[name]

    @classmethod
    def load(cls, path: Path) -> Counters:
        """As saved; new ones where there is no file. Raises ScenarioError for a file that is not one of ours."""
        if not path.exists():
            return cls()
        try:
            found = json.loads(path.read_text(encoding="ascii"))
        except ValueError:
            found = None
        if not isinstance(found, dict) or not all(isinstance(item, int) for item in found.values()):
            raise ScenarioError(f"{path.name} does not hold counters")
        return cls(found)

    def save(self, path: Path) -> None:
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(self.last, sort_keys=True), encoding="ascii")
        draft.replace(path)
