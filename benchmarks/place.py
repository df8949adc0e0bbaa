"""Where one measurement happens: a folder with a home, the files that go in, and a clock that stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from gateway.app import App
from gateway.home import Home

SEED = 7
SERVICES_FROM = date(2026, 1, 5)
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)

WORKERS = "BENCHMARK_WORKERS"  # variable: how many processes a build has
US, THEM = "BENCHPRACTICE", "BENCHHOUSE"
PROFILE = """\
[partner]
usage = "test"
payers = ["*"]
claim_types = ["professional"]

[envelope]
sender = "ZZ:{us}"
receiver = "ZZ:{them}"
receiver_name = "BENCHMARK CLEARINGHOUSE"

[submitter]
name = "BENCHMARK BILLING OFFICE"
id = "{us}"
contact = "EDI DESK"
phone = "5555550100"

[folder]
path = "mailbox"

[folders]
send = "inbound"
receive = "outbound"

[limits]
claims_per_set = {per_set}
claims_per_file = {per_file}
"""


class Done(NamedTuple):
    """What a piece of work had before it."""

    claims: int
    size: int  # bytes of X12 or NDJSON that were read or written; 0 where that says nothing
    aside: float = 0.0  # CPU seconds that were spent on other things than the work


class StillApp(App):
    """The application, with a clock that always shows the same time, so that every run does the same."""

    def now(self) -> datetime:
        return NOW


class Place:
    """A folder and how many claims are at stake."""

    def __init__(self, folder: Path, claims: int, per_file: int) -> None:
        self.folder = folder
        self.claims = claims
        self.per_file = per_file  # claims of a batch at most

    def file(self, name: str) -> Path:
        return self.folder / name

    @property
    def ndjson(self) -> Path:
        return self.file("claims.ndjson")

    @cached_property
    def home(self) -> Home:
        """The home, made when it is first asked for, with one partner: a folder that takes everything."""
        home, _ = Home.create(self.folder / "home")
        profile = home.path / "sftp_config" / "house.toml"
        if not profile.exists():
            per_set = min(1000, self.per_file)
            profile.write_text(PROFILE.format(us=US, them=THEM, per_set=per_set, per_file=self.per_file))
            for name in ("inbound", "outbound"):
                (home.path / "mailbox" / name).mkdir(parents=True)
        return home

    @contextmanager
    def app(self) -> Iterator[StillApp]:
        app = StillApp(self.home)
        app.workers.count = int(os.environ.get(WORKERS, "1"))  # one processor's work, unless it is asked for more
        try:
            yield app
        finally:
            app.close()


def require(found: int, wanted: int, what: str) -> None:
    """A figure for work that went wrong would be none."""
    if found != wanted:
        raise SystemExit(f"{what}: {found}, where {wanted} were to be")
