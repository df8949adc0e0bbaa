"""A practice's home on a store of any kind, run by its command line, and partners of several kinds behind it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from cutting import CuttingRelay

from gateway.app import App
from gateway.claims.samples import sample_claims
from gateway.cli import run
from gateway.home import Home
from gateway.simulator import Faults, Options, Scenario, Simulator
from gateway.store import open_store
from gateway.store.tables import metadata

AnyApp = TypeVar("AnyApp", bound=App)
Place = Literal["folder", "simulator", "sshd"]

DAY = date(2026, 1, 5)
# Tables that tell how the program runs, and nothing of claims.
_OF_RUNNING = {"partner_rounds", "alerts", "alert_entries", "alert_channels", "audit_entries"}
PASSWORD = "example-password"
_PROFILE = """\
[partner]
usage = "test"
payers = {payers}

[envelope]
sender = "ZZ:EXAMPLE{suffix}"
receiver = "ZZ:HOUSE{suffix}"
receiver_name = "EXAMPLE CLEARINGHOUSE"

[submitter]
name = "EXAMPLE BILLING"
id = "EXAMPLE"
contact = "EDI DESK"
phone = "5555550100"

{place}
[folders]
send = "{prefix}inbound"
receive = "{prefix}outbound"
after_receive = "{after_receive}"

[delivery]
partner_takes_files = {takes}

[limits]
claims_per_set = {per_set}
claims_per_file = {per_file}
"""


def now() -> datetime:
    """The simulators' clock."""
    return datetime.now(UTC)


class Ran(NamedTuple):
    """One command that ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def lines(self) -> list[str]:
        """What was said beside the data, a line each, without the runbooks that they name."""
        return [line.partition(" (gateway runbook ")[0] for line in self.err.splitlines()]


@dataclass(frozen=True)
class Practice:
    """A home. Commands run in this process, with the store that `store_url` names."""

    home: Path
    store_url: str

    @classmethod
    def make(cls, home: Path, store_url: str) -> Practice:
        Home.create(home)
        return cls(home, store_url)

    @property
    def environ(self) -> dict[str, str]:
        return {"GATEWAY_HOME": str(self.home), "GATEWAY_STORE_URL": self.store_url, "GATEWAY_ACTOR": "biller"}

    def gateway(self, *arguments: str, code: int | None = 0) -> Ran:
        """Runs one command; fails where it does not leave with `code` (None: any but a bug)."""
        out, err = io.StringIO(), io.StringIO()
        with _environ(self.environ), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                found = run(arguments)
            except SystemExit as stopped:
                found = stopped.code if isinstance(stopped.code, int) else 0
        ran = Ran(found, out.getvalue(), err.getvalue())
        assert ran.code != 70, f"gateway {' '.join(arguments)}: {ran.err}"
        assert code in (None, ran.code), f"gateway {' '.join(arguments)}: {ran}"
        return ran

    def json(self, *arguments: str, code: int | None = 0) -> Any:
        return self.gateway(*arguments, "--json", code=code).json()

    def partner(self, partner: Partner) -> Partner:
        """Adds a partner's profile."""
        (self.home / "keys" / f"{partner.name}_password").write_text(PASSWORD)
        if partner.private_key:
            (self.home / "keys" / f"{partner.name}_key").write_text(partner.private_key)
        (self.home / "sftp_config" / f"{partner.name}.toml").write_text(partner.profile())
        return partner

    def take_in(self, count: int = 6, *, seed: int = 1, changed: Callable[[dict[str, Any]], None] | None = None) -> Any:
        """Imports invented claims, all of which are ready; gives their patient control numbers."""
        claims = list(sample_claims(count, seed, DAY))
        for claim in claims:
            if changed is not None:
                changed(claim)
        path = self.home / f"claims{seed}.json"
        path.write_text(json.dumps(claims))
        (document,) = self.json("claims", "import", str(path))
        assert document["ready"] == count, document
        return [claim["patient_control_number"] for claim in claims]

    def now(self) -> datetime:
        return now()

    def batches(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json("batches", "list")
        return found

    def states(self) -> dict[str, str]:
        """The state of every claim by its number."""
        return {one["patient_control_number"]: one["state"] for one in self.json("claims", "list")}

    def report(self) -> dict[str, Any]:
        """The reconciliation report without its time."""
        found: dict[str, Any] = self.json("report", "reconciliation")
        found.pop("as_of")
        return found

    def rows(self) -> dict[str, int]:
        """How many rows each table of the store has, but for the last round with each partner: that is no fact."""
        store = open_store(self.store_url)
        try:
            with store.read() as conn:
                return {
                    name: conn.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
                    for name in metadata.tables.keys() - _OF_RUNNING
                }
        finally:
            store.close()

    def check(self) -> None:
        """Store, folds and archive agree, and every law of the report holds."""
        self.gateway("store", "check")
        assert all(check["holds"] for check in self.report()["checks"])


@contextlib.contextmanager
def opened(practice: Practice, make: Callable[[Home], AnyApp]) -> Iterator[AnyApp]:
    """An app of its home in this process, as its commands would open it."""
    with _environ(practice.environ):
        app = make(Home.open(practice.home))
        try:
            yield app
        finally:
            app.close()


@contextlib.contextmanager
def _environ(changes: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@dataclass
class Partner:
    """A clearinghouse that is simulated, and the profile by which it is reached."""

    simulator: Simulator
    name: str = "house"
    payers: tuple[str, ...] = ("*",)
    takes_files: bool = True
    after_receive: str = "keep"
    per_set: int = 2
    per_file: int = 4
    folder: Path | None = None
    host: str = ""  # key and value lines of [sftp], where it is not the simulator's own server
    prefix: str = ""
    private_key: str = ""
    changes: dict[str, str] = field(default_factory=dict)  # of the profile's text

    def profile(self) -> str:
        text = _PROFILE.format(
            suffix=self.name.upper()[:8],
            payers=json.dumps(self.payers),
            place=self._place(),
            prefix=self.prefix,
            after_receive=self.after_receive,
            takes=str(self.takes_files).lower(),
            per_set=self.per_set,
            per_file=self.per_file,
        )
        for old, new in self.changes.items():
            assert old in text, old
            text = text.replace(old, new)
        return text

    def _place(self) -> str:
        if self.folder is not None:
            return f'[folder]\npath = "{self.folder}"\n'
        return "[sftp]\n" + (self.host or self._own_server())

    def _own_server(self) -> str:
        return (
            f'host = "127.0.0.1"\nport = {self.simulator.port}\nusername = "{self.simulator.username}"\n'
            f'password = "file:keys/{self.name}_password"\ntimeout = 20\n'
            f'host_keys = ["{self.simulator.host_key_line}"]\n'
        )

    def received_claims(self) -> list[str]:
        """The patient control number of every claim that ever arrived, sorted; one that came twice is there twice."""
        return sorted(number for file in self.simulator.received() for number in file.claims)

    def work(self, rounds: int = 1) -> int:
        """Lets the other side answer; gives how many files it put out."""
        put = 0
        for _ in range(rounds):
            put += self.simulator.work()
            self.simulator.advance()
        return put


@contextlib.contextmanager
def simulated(root: Path, scenario: Scenario | None = None, *, keeps: bool = False, **more: Any) -> Iterator[Partner]:
    """A partner behind the simulator's own SFTP server, who takes files at once or keeps them."""
    faults = Faults(takes="never" if keeps else "at once")
    with Simulator(root, scenario, clock=now, password=PASSWORD, faults=faults) as simulator:
        yield Partner(simulator, takes_files=not keeps, **more)


def in_a_folder(root: Path, scenario: Scenario | None = None, **more: Any) -> Partner:
    """A partner whose mailbox is a folder of this machine; the simulator works on it without a server."""
    simulator = Simulator(root, scenario, clock=now)
    return Partner(simulator, folder=simulator.home, **more)


def behind_sshd(server: Any, name: str, scenario: Scenario | None = None, **more: Any) -> Partner:
    """A partner whose mailbox lies below the folder in which the sessions of a real sshd start."""
    simulator = Simulator(server.mailbox / name, scenario, clock=now)
    host = (
        f'host = "127.0.0.1"\nport = {server.port}\nusername = "{server.user}"\n'
        f'private_key = "file:keys/house_key"\nhost_keys = ["{server.host_key_lines["ssh-ed25519"]}"]\ntimeout = 20\n'
    )
    prefix = f"{name}/{simulator.username}/"
    return Partner(simulator, host=host, prefix=prefix, private_key=server.private_key(), **more)


@contextlib.contextmanager
def behind_slow_sshd(server: Any, name: str, scenario: Scenario | None = None) -> Iterator[Partner]:
    """The same over a slow link, with a partner who takes each file as soon as it has its name."""
    over = threading.Event()
    with CuttingRelay(server.port, pause=0.002) as relay:
        partner = behind_sshd(server, name, scenario)
        partner.host = partner.host.replace(f"port = {server.port}\n", f"port = {relay.port}\n")

        def sweep() -> None:
            while not over.wait(0.001):
                partner.simulator.sweep()

        sweeper = threading.Thread(target=sweep, daemon=True)
        sweeper.start()
        try:
            yield partner
        finally:
            over.set()
            sweeper.join()


def settle_all(practice: Practice, partners: Iterable[Partner], rounds: int = 8) -> None:
    """Exchanges and lets the partners answer until nothing more is to come."""
    quiet = 0
    for _ in range(rounds):
        practice.gateway("exchange", code=None)
        quiet = 0 if sum(partner.work() for partner in partners) else quiet + 1
        if quiet == 2:
            return


def scenario(text: str = "", **options: Any) -> Scenario:
    """A scenario by its TOML, or one that accepts and pays everything."""
    return Scenario.from_toml(text) if text else Scenario(options=Options(**options))
