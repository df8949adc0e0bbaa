"""A simulator on plain folders, driven round by round, with its answers sorted by what is in them."""

from __future__ import annotations

from pathlib import Path

from simulator_judge import Payment, payments, segments
from simulator_samples import clock

from gateway.simulator import Match, Outcome, Rule, Scenario, Simulator


class Run:
    """Sends files and keeps every answer in the order of its name."""

    def __init__(self, root: Path, scenario: Scenario | None = None) -> None:
        self.simulator = Simulator(root, scenario, clock=clock)
        self.sent = 0

    def send(self, *contents: bytes) -> Run:
        """Puts files into the folder and lets the simulator work."""
        for content in contents:
            self.sent += 1
            (self.simulator.inbound / f"file{self.sent}.txt").write_bytes(content)
        self.simulator.work()
        return self

    def rounds(self, count: int = 1) -> Run:
        """Goes on for so many rounds."""
        for _ in range(count):
            self.simulator.advance()
            self.simulator.work()
        return self

    def names(self) -> list[str]:
        return sorted(path.name for path in self.simulator.outbound.iterdir())

    def files(self, kind: str = "") -> list[bytes]:
        """The answers of a kind: TA1, 999, 277 or 835; all without one."""
        found = [(self.simulator.outbound / name).read_bytes() for name in self.names()]
        return [content for content in found if not kind or kind_of(content) == kind]

    def one(self, kind: str) -> list[list[str]]:
        """The segments of the only answer of that kind."""
        (content,) = self.files(kind)
        return segments(content)

    def payments(self) -> list[Payment]:
        return [payment for content in self.files("835") for payment in payments(content)]

    def statuses(self, hop: str) -> list[list[list[str]]]:
        """The 277CAs of one hop, AY or PR."""
        found = [segments(content) for content in self.files("277")]
        return [item for item in found if any(segment[:2] == ["NM1", hop] for segment in item)]


def kind_of(content: bytes) -> str:
    """ST01 of the first set, TA1, or "text"."""
    found = segments(content)
    if found[0][0] != "ISA":
        return "text"
    return next((segment[1] for segment in found if segment[0] == "ST"), found[1][0])


def only(remittance: Outcome) -> Scenario:
    """A scenario in which every claim meets with one outcome."""
    return Scenario(rules=(Rule("all", remittance=remittance),))


def first(remittance: Outcome, *, index: int = 1) -> Rule:
    """A rule for one claim."""
    return Rule(f"claim {index}", Match(index=(index,)), remittance=remittance)


def where(found: list[list[str]], *start: str) -> list[list[str]]:
    """The segments that begin so."""
    return [segment for segment in found if tuple(segment[: len(start)]) == start]
