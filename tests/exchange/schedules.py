"""Random schedules: the gateway and the simulated partner take turns in any order, over a mailbox that fails at random.

All of it is one process without a server, so that thousands of schedules take minutes: the partner's folders are plain
ones, and `Flaky` stands before them as a bad line would. A step of the gateway may die beside a commit or an operation
on the mailbox, lose the connection before or after the partner did what was asked, be refused, or have its rename done
late, when the gateway has long given up. What a seed gives it gives again.
"""

from __future__ import annotations

import contextlib
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

from practice import Partner, Practice, in_a_folder, scenario

from gateway.app import App
from gateway.exchange import building, collection, delivery, process, resending
from gateway.exchange.checking import check_all
from gateway.exchange.rounds import exchange
from gateway.home import Home
from gateway.partners import Profile
from gateway.simulator import Faults
from gateway.store import batches
from gateway.store.engine import Store, open_store
from gateway.transport.folder import FolderTransport
from gateway.transport.port import OutcomeUnknown, PermissionDenied, RemoteFull, Transport, TransportError, Unreachable

CLAIMS = 2  # a batch each
_ROUNDS = 12  # in which everybody must come to rest
_CHANGES = ("write_temp", "rename", "remove", "move")


class Died(BaseException):
    """The process ended here."""


class Ending(NamedTuple):
    """What a schedule came to."""

    lost: list[str]  # claims that never arrived
    doubled: list[str]  # claims that arrived more than once
    wrong: list[str]  # whatever else does not hold
    met: Counter[str]  # faults that struck


@dataclass
class Chance:
    """What goes wrong in one step of the gateway: at the `at`-th of its points, or at a rename, `how`."""

    rng: random.Random
    met: Counter[str]
    how: str = ""
    at: int = 0
    on: str = ""  # only points of this name, where there is one
    after_rename: Callable[[], None] = lambda: None  # what the partner does as soon as a file has its name
    late: list[Callable[[], None]] = field(default_factory=list)  # what the partner's server still has to do
    _passed: int = 0

    def draw(self) -> None:
        """For the next step."""
        faults = ("", "die before", "die after", "drop before", "drop after", "refuse", "late")
        self.how, self.on, self._passed = self.rng.choice(faults), self.rng.choice(["", "rename"]), 0
        self.at = self.rng.randint(1, 2 if self.on else 14)

    def strikes(self, name: str, *wanted: str) -> bool:
        """Whether this point is the one, and the fault one of those that can strike here."""
        if self.on and name != self.on:
            return False
        self._passed += 1
        if self._passed < self.at or self.how not in wanted:
            return False
        self.met[self.how] += 1
        return True

    def is_over(self) -> None:
        """It struck; the rest of the step is in peace."""
        self.how = ""

    def catch_up(self) -> None:
        """The partner's server does what it still had to do; what has become impossible is not done."""
        for act in self.late:
            with contextlib.suppress(TransportError):
                act()
        self.late.clear()


class Flaky:
    """A session with the partner's folders over a bad line."""

    def __init__(self, root: Path, chance: Chance) -> None:
        self._good = FolderTransport(root)
        self._chance = chance
        self._over = False

    def __getattr__(self, name: str) -> Any:
        good = getattr(self._good, name)

        def act(*given: Any, **named: Any) -> Any:
            done = good(*given, **named)
            if name == "rename":
                self._chance.after_rename()
            return done

        return lambda *given, **named: self._do(name, lambda: act(*given, **named), given)

    def close(self) -> None:
        self._over = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _do(self, name: str, act: Callable[[], Any], given: tuple[Any, ...]) -> Any:
        if self._over:
            raise Unreachable("the session is over")
        chance = self._chance
        if not chance.strikes(name, "die before", "die after", "drop before", "drop after", "refuse", "late"):
            return act()
        how = chance.how
        chance.is_over()
        if how == "die before":
            raise Died
        if how == "refuse" and name in _CHANGES:
            raise self._refusal(name, given)
        if how == "late" and name == "rename":
            chance.late.append(act)
        elif how in ("drop after", "die after"):
            act()
        if how == "die after":
            raise Died
        self._over = True
        raise OutcomeUnknown("no answer") if name == "rename" else Unreachable("the line is dead")

    def _refusal(self, name: str, given: tuple[Any, ...]) -> TransportError:
        if name != "write_temp":
            return PermissionDenied("not allowed")
        folder, temp_name, source = given[0], given[1], given[2]
        self._half(folder, temp_name, source)
        return RemoteFull("no room is left there")

    def _half(self, folder: str, name: str, source: BinaryIO) -> None:
        content = source.read()
        (self._good.root / folder / name).write_bytes(content[: len(content) // 2])


class MortalStore(Store):
    """A store at whose commits the process may die."""

    def __init__(self, store: Store, chance: Chance) -> None:
        super().__init__(store._engine)
        self._chance = chance

    @contextlib.contextmanager
    def write(self) -> Iterator[Any]:
        with super().write() as conn:
            yield conn
            if self._chance.strikes("commit", "die before"):
                self._chance.is_over()
                raise Died
        if self._chance.strikes("commit", "die after"):
            self._chance.is_over()
            raise Died


class FlakyApp(App):
    """The application over a bad line, and mortal at each commit."""

    def __init__(self, home: Home, store: Store, root: Path, chance: Chance) -> None:
        super().__init__(home)
        self.store = MortalStore(store, chance)
        self._root = root
        self._chance = chance
        self.workers.count = 1

    def transport(self, profile: Profile, *, anyway: bool = False) -> Transport:
        return Flaky(self._root, self._chance)


@dataclass
class Template:
    """A home with claims that are ready, which every schedule begins with anew, at one place: so that what the database
    layer works out once serves them all."""

    folder: Path
    numbers: list[str]
    store: Store

    @classmethod
    def make(cls, folder: Path) -> Template:
        url = f"sqlite:///{folder / 'home' / 'data' / 'claims.db'}"
        practice = Practice.make(folder / "home", url)
        practice.partner(in_a_folder(folder / "first"))
        numbers = practice.take_in(CLAIMS)
        (folder / "home").rename(folder / "template")
        shutil.copytree(folder / "template", folder / "home")
        return cls(folder, numbers, open_store(url))

    def begin(self) -> None:
        """Everything as it was at first."""
        self.store.close()
        for name in ("home", "partner"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(self.folder / "template", self.folder / "home")


def run_schedule(template: Template, seed: int, *, thorough: bool = True) -> Ending:
    """One schedule, from ready claims to rest; with `thorough` all of `store check` at its end."""
    template.begin()
    rng = random.Random(seed)
    keeps, after = rng.random() < 0.5, rng.choice(["keep", "delete", "move:archive"])
    partner = in_a_folder(
        template.folder / "partner",
        scenario(one_status_file=True, one_remittance_file=True),
        takes_files=not keeps,
        after_receive=after,
        per_set=1,
        per_file=1,
    )
    partner.simulator.faults = Faults(takes="never" if keeps else "on work")
    home = template.folder / "home"
    (home / "sftp_config" / "house.toml").write_text(partner.profile())
    at_once = not keeps and rng.random() < 0.5
    chance = Chance(rng, Counter(), after_rename=partner.simulator.sweep if at_once else lambda: None)
    world = _World(Home.open(home), template.store, partner, chance)
    for _ in range(rng.randint(6, 24)):
        world.turn()
    return world.end(template.numbers, thorough=thorough)


@dataclass
class _World:
    """Both sides, and whose turn it is."""

    home: Home
    store: Store
    partner: Partner
    chance: Chance

    def turn(self) -> None:
        """One of the two does something."""
        rng = self.chance.rng
        acts = (self._build, self._send, self._fetch, self._process, self._exchange)
        match rng.choice(["gateway", "gateway", "partner", "sweep", "late"]):
            case "gateway":
                self.chance.draw()
                self._lives(rng.choice(acts))
                self.chance.is_over()
            case "partner":
                self.partner.work()
            case "sweep" if self.partner.takes_files:
                self.partner.simulator.sweep()
            case _:
                self.chance.catch_up()

    def _lives(self, act: Callable[[App, Profile], object]) -> None:
        """A process that does one thing, and may die at it."""
        app = FlakyApp(self.home, self.store, self.partner.simulator.home, self.chance)
        with contextlib.suppress(Died, TransportError):
            act(app, self.home.profile("house"))

    def _build(self, app: App, profile: Profile) -> None:
        list(building.build_for(app, profile))

    def _send(self, app: App, profile: Profile) -> None:
        list(delivery.send(app, profile))

    def _fetch(self, app: App, profile: Profile) -> None:
        collection.fetch(app, profile)

    def _process(self, app: App, _: Profile) -> None:
        list(process.process_waiting(app))

    def _exchange(self, app: App, _: Profile) -> None:
        exchange(app)

    def _ask(self, app: App, _: Profile) -> None:
        """What a person does about deliveries that nothing settles."""
        there = {file.name for file in self.partner.simulator.received()}
        with app.store.read() as conn:
            left = batches.list_batches(conn, states=("unknown",))
        for batch in left:
            if batch.file_name not in there:
                planned = resending.plan(app, batch.id, never_arrived=True)
                resending.carry_out(app, planned, "asked the partner")

    def end(self, numbers: list[str], *, thorough: bool) -> Ending:
        """No more faults; everybody goes on until nothing more comes, and both sides are compared."""
        quiet = 0
        self.chance.catch_up()
        for _ in range(_ROUNDS):
            self._lives(self._exchange)
            quiet = 0 if self.partner.work() else quiet + 1
            if quiet == 2:
                self._lives(self._ask)
            elif quiet > 3:
                break
        arrived = Counter(self.partner.received_claims())
        wrong: list[str] = []
        self._lives(lambda app, _: wrong.extend(self._differences(app, thorough=thorough)))
        lost = [number for number in numbers if number not in arrived]
        return Ending(lost, [number for number in arrived if arrived[number] > 1], wrong, self.chance.met)

    def _differences(self, app: App, *, thorough: bool) -> Iterator[str]:
        received = {file.name: file.sha256 for file in self.partner.simulator.received()}
        with app.store.read() as conn:
            sent = batches.list_batches(conn, partner="house")
        ours = {batch.file_name: batch.sha256 for batch in sent if batch.state == "sent"}
        if received != ours:
            yield "the partner's files are not those of the store"
        used = [batch.interchange_control_number for batch in sent if batch.interchange_control_number is not None]
        if len(used) != len(set(used)):
            yield "a control number was used twice"
        left = {path.name for path in self.partner.simulator.inbound.iterdir()} - received.keys()
        if left:
            yield "a temporary file was left in the partner's folder"
        if thorough:
            yield from (f"store check: {one.name}" for one in check_all(app) if not one.holds)
        yield from _unpaid(app.store)


def _unpaid(store: Store) -> Iterator[str]:
    with store.read() as conn:
        states = conn.exec_driver_sql("SELECT state FROM claim_current").scalars().all()
    yield from (f"a claim is {state}" for state in states if state != "paid")
