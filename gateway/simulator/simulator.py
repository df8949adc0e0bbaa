"""The simulator: a partner's folders, a scenario, and rounds in which answers become due."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.simulator.answers import Answer, Writer
from gateway.simulator.book import Book, Totals
from gateway.simulator.clearinghouse import Clearinghouse, Planned
from gateway.simulator.counters import Counters
from gateway.simulator.edi import Interchange, NotAnInterchange, read_interchanges
from gateway.simulator.mailbox import Folders, Mailbox, ReceivedFile
from gateway.simulator.payer import Account, Entry, Payers
from gateway.simulator.received import read_claim_set
from gateway.simulator.remittance import Remittance
from gateway.simulator.scenario import Repeat, Scenario, Stray
from gateway.simulator.server import Account as Login
from gateway.simulator.server import Faults, SftpServer

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Again:
    """An answer that comes once more in round `due`."""

    due: int
    answer: Answer
    how: str


class Simulator:
    """A clearinghouse with the payers behind it.

    `work` takes the files that came and puts the answers that are due into the folder; `advance` begins the next round.
    With `start` (or as a context manager) the folders are reached by SFTP on a loopback port; without, they are plain
    folders, `inbound` and `outbound`. The same scenario, the same clock and the same files give the same answers.
    """

    def __init__(
        self,
        root: Path,
        scenario: Scenario | None = None,
        *,
        clock: Clock,
        port: int = 0,
        host: str = "127.0.0.1",
        username: str = "example",
        password: str = "example-password",  # noqa: S107 (a test server's default, on loopback)
        authorized_keys: tuple[str, ...] = (),
        folders: Folders | None = None,
        faults: Faults | None = None,
    ) -> None:
        """`authorized_keys` are lines as in OpenSSH's file of that name; an empty `password` allows keys alone."""
        self.scenario = scenario or Scenario()
        self.username = username
        self.password = password
        self._clock = clock
        self._lock = threading.RLock()
        self._numbers_file = root / ".partner" / "numbers.json"
        self._numbers = Counters.load(self._numbers_file)
        self._mailbox = Mailbox(root / username, root / ".partner", folders or Folders())
        self._mailbox.make()
        login = Login(username, password, authorized_keys, self._mailbox)
        self._server = SftpServer((login,), host=host, port=port, faults=faults or Faults())
        self._book = Book()
        self._house = Clearinghouse(self.scenario, self._book)
        self._payers = Payers(self.scenario, self._book, self._numbers)
        self._writer = Writer(self.scenario.options, self._numbers)
        self._round = 0
        self._received: list[ReceivedFile] = []
        self._plans: list[Planned] = []
        self._again: list[_Again] = []
        self._reports: list[tuple[str, str]] = []
        self._counts: dict[str, int] = {}
        self._strays_done: set[Stray] = set()

    # The server.

    def start(self) -> Self:
        """Starts the SFTP server; returns itself."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Stops the server and ends its connections. The folders stay."""
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def host(self) -> str:
        return self._server.host

    @property
    def port(self) -> int:
        """The port that the server listens on; 0 before it was started."""
        return self._server.port

    @property
    def host_key_line(self) -> str:
        """The server's key as "ssh-ed25519 AAAA…", to be pinned."""
        return self._server.host_key_line

    @property
    def faults(self) -> Faults:
        """What goes wrong from now on; may be set at any time."""
        return self._server.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._server.faults = faults

    # The folders.

    @property
    def home(self) -> Path:
        """The folder that the login sees as its root."""
        return self._mailbox.home

    @property
    def inbound(self) -> Path:
        """The folder for files to the clearinghouse."""
        return self._mailbox.inbound

    @property
    def outbound(self) -> Path:
        """The folder for its answers."""
        return self._mailbox.outbound

    # The work.

    @property
    def round(self) -> int:
        return self._round

    def advance(self) -> int:
        """Begins the next round, in which delayed answers become due; returns its number."""
        with self._lock:
            self._round += 1
            return self._round

    def sweep(self) -> None:
        """Takes what lies there under a final name, as a partner behind another server does; `work` answers it."""
        self._mailbox.sweep()

    def work(self) -> int:
        """Takes the files that came in and puts out what is due; returns how many files it put out."""
        with self._lock:
            now = self._clock()
            for file in self._mailbox.collect(keep=self.faults.takes == "never"):
                self._take(file, now)
            answers = self._due(now)
            self._numbers.save(self._numbers_file)
            for answer in answers:
                self._mailbox.put(*self._writer.packed(answer))
                for index, state in answer.tells:
                    self._hear(index, state)
            return len(answers)

    def pending(self) -> int:
        """How many answers are still to come in later rounds, as far as it is known now."""
        strays = [item for item in self.scenario.strays if item.round > self._round]
        return len(self._plans) + len(self._payers.tasks) + len(self._again) + len(strays)

    def received(self) -> list[ReceivedFile]:
        """Every file taken so far, in order."""
        return self._received[:]

    def totals(self) -> Totals:
        """What was told so far, claim by claim: the other side of a reconciliation."""
        with self._lock:
            return self._book.totals()

    def _take(self, file: ReceivedFile, now: datetime) -> None:
        try:
            interchanges = read_interchanges(file.content)
        except NotAnInterchange:
            self._received.append(file)
            self._reports.append((_stem(file.name), "FILE NOT READ: NO INTERCHANGE FOUND"))
            return
        self._received.append(replace(file, claims=_claim_numbers(interchanges)))
        taken = self._house.take(interchanges, _stem(file.name), len(self._received), self._round, now)
        self._plans.extend(taken.answers)
        for forwarded in taken.forwarded:
            self._plans.extend(self._payers.receive(forwarded, self._round))

    def _due(self, now: datetime) -> list[Answer]:
        """The answers of this round in the order in which they are numbered and put out."""
        ready = [plan for plan in self._plans if plan.due <= self._round]
        self._plans = [plan for plan in self._plans if plan.due > self._round]
        paid = [self._pay(account, entries) for account, entries in self._payers.due(self._round)]
        planned = sorted(ready, key=lambda plan: plan.due)
        makers: list[Callable[[], Answer]] = [partial(self._writer.planned, plan, now) for plan in planned]
        makers += self._remittance_makers(paid, now)
        makers += self._other_makers(now)
        answers = [make() for make in self._ordered(makers)]
        return [*answers, *self._repeats(answers, now)]

    def _pay(self, account: Account, entries: list[Entry]) -> tuple[Account, Remittance]:
        remittance = self._payers.settle(account, entries)
        self._payers.record(remittance, entries)
        return account, remittance

    def _remittance_makers(self, paid: list[tuple[Account, Remittance]], now: datetime) -> list[Callable[[], Answer]]:
        if self.scenario.options.one_remittance_file and paid:
            together = [remittance for _, remittance in paid]
            return [partial(self._writer.remittances, paid[0][0].envelope, together, now)]
        return [partial(self._writer.remittances, account.envelope, [item], now) for account, item in paid]

    def _other_makers(self, now: datetime) -> list[Callable[[], Answer]]:
        """Texts about unreadable files, and what answers nothing of ours."""
        makers: list[Callable[[], Answer]] = [
            partial(self._writer.report, (text,), stem, now) for stem, text in self._reports
        ]
        self._reports.clear()
        account = self._payers.last_account
        for stray in self.scenario.strays:
            if stray.kind not in {"999", "report"} or stray.round > self._round or stray in self._strays_done:
                continue
            if account:
                self._strays_done.add(stray)
                makers.append(partial(self._stray, stray, account, now))
        return makers

    def _stray(self, stray: Stray, account: Account, now: datetime) -> Answer:
        if stray.kind == "999":
            return self._writer.foreign_ack(account.envelope, now)
        lines = ("CLEARINGHOUSE STATUS REPORT", f"FILES RECEIVED: {len(self._received)}", "END OF REPORT")
        return self._writer.report(lines, "", now)

    def _ordered(self, makers: list[Callable[[], Answer]]) -> list[Callable[[], Answer]]:
        order = self.scenario.options.order
        if order == "reversed":
            return makers[::-1]
        if order == "shuffled":
            return [maker for _, maker in sorted(enumerate(makers), key=lambda pair: self._shuffle_key(pair[0]))]
        return makers

    def _shuffle_key(self, position: int) -> str:
        return hashlib.sha256(f"{self.scenario.seed}/{self._round}/{position}".encode()).hexdigest()

    def _repeats(self, answers: list[Answer], now: datetime) -> list[Answer]:
        for answer in answers:
            nth = self._counts[answer.kind] = self._counts.get(answer.kind, 0) + 1
            for repeat in self.scenario.repeats:
                if (repeat.kind, repeat.nth) == (answer.kind, nth):
                    self._again.append(self._repeat(repeat, answer))
        ready = [item for item in self._again if item.due <= self._round]
        self._again = [item for item in self._again if item.due > self._round]
        return [self._writer.again(item.answer, item.how, now) for item in ready]

    def _repeat(self, repeat: Repeat, answer: Answer) -> _Again:
        return _Again(self._round + repeat.after, answer, repeat.how)

    def _hear(self, index: int, state: str) -> None:
        """The furthest hop counts, at one hop the rejection, whatever the order of the answers."""
        case = self._book.case(index)
        if _RANKS[state] > _RANKS[case.state]:
            case.state = state


_RANKS = {
    "sent": 0, "rejected_ta1": 1, "accepted_999": 2, "rejected_999": 3, "accepted_clearinghouse": 4,
    "rejected_clearinghouse": 5, "received_payer": 6, "accepted_payer": 7, "rejected_payer": 8,
}  # fmt: skip


def _stem(name: str) -> str:
    return Path(name).stem.replace(" ", "")


def _claim_numbers(interchanges: tuple[Interchange, ...]) -> tuple[str, ...]:
    return tuple(
        claim.patient_control_number
        for interchange in interchanges
        for group in interchange.groups
        for transaction in group.sets
        for claim in read_claim_set(transaction, interchange.delimiters, group.guide).claims
    )
