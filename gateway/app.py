"""The one place that opens store, archive, transports and clock."""

from __future__ import annotations

import getpass
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import structlog

from gateway.errors import Refused, UsageError
from gateway.home import Home
from gateway.partners import Profile
from gateway.store import Store, open_store
from gateway.store.engine import version
from gateway.store.errors import StoreEmpty
from gateway.traces import NoSpan, Span
from gateway.transport.archive import Archive
from gateway.transport.credentials import resolve
from gateway.transport.port import Transport
from gateway.vault.keys import Keys

if TYPE_CHECKING:
    from gateway.exchange.companion_rules import Companions
    from gateway.outbound.workers import Workers
    from gateway.traces import Traces


class App:
    """A home with everything that its commands work on, each opened when first used."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.log: structlog.stdlib.BoundLogger = structlog.get_logger()
        self.on_store: Callable[[Store], None] | None = None  # told when the store was opened
        self.done: list[str] = []  # what was sent and processed, by our own numbers: for the audit trail
        self.stopping = threading.Event()  # set where the process was told to stop

    def now(self) -> datetime:
        """The clock."""
        return datetime.now(UTC)

    def wait(self, seconds: float) -> bool:
        """Lets time pass; whether the process was told to stop meanwhile."""
        return self.stopping.wait(seconds)

    @property
    def actor(self) -> str:
        """Who decides: GATEWAY_ACTOR, else the user of the operating system."""
        try:
            return os.environ.get("GATEWAY_ACTOR") or getpass.getuser()
        except (KeyError, OSError):
            return f"uid {os.getuid()}"

    @cached_property
    def store(self) -> Store:
        """The store, made on first use; StoreUnavailable or StoreVersion say what to do where it cannot be used.

        A store that is gone or empty while the archive holds files is not made anew: the gateway would no longer know
        what it has sent.
        """
        opened = self.open_store()
        if self.on_store is not None:
            self.on_store(opened)
        return opened

    @property
    def embedded(self) -> Path | None:
        """The file of an embedded store; none where the store is on a server."""
        url = self.home.store_url
        return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None

    def open_store(self, *, any_version: bool = False) -> Store:
        """Opens the store; `any_version` lets an older one pass, to be upgraded."""
        url = self.home.store_url
        is_used = next(iter(self.archive.names()), None) is not None
        embedded = self.embedded
        if is_used and embedded is not None and not embedded.exists():
            raise self._lost(f"the store {embedded} is gone")
        try:
            opened = open_store(url, create=not is_used, any_version=any_version)
        except StoreEmpty:
            raise self._lost(f"the store {embedded or 'in the database'} is empty") from None
        if is_used and any_version and not version(opened):
            opened.close()
            raise self._lost(f"the store {embedded or 'in the database'} is empty")
        return opened

    def _lost(self, what: str) -> Refused:
        return Refused(
            f"{what}, but the archive holds files: put back a backup with `gateway store restore`, or make it anew by "
            "`gateway store replay`; a new store would not know what was sent already"
        )

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.home.archive_path, self.keys)

    @cached_property
    def keys(self) -> Keys:
        """The keys of archive and backups, fetched when first needed; KeyUnusable where one cannot be had."""
        key, former = self.home.encryption
        return Keys(key, former, lambda reference: resolve(reference, self.home.path))

    @property
    def profiles(self) -> dict[str, Profile]:
        return self.home.profiles

    @cached_property
    def companions(self) -> Companions:
        """What partners and payers wish otherwise than the guides; UsageError names a file that cannot be."""
        from gateway.exchange.companion_rules import load_companions

        return load_companions(self.home.path, self.profiles, self.home.crosswalk)

    @cached_property
    def workers(self) -> Workers:
        """The processes that make sets, as many as `gateway.toml` says."""
        from gateway.outbound.workers import Workers, processors

        return Workers(self.home.workers or processors(), self.log.warning)

    @cached_property
    def _traces(self) -> Traces | None:
        endpoint = self.home.traces_endpoint
        if not endpoint:
            return None
        from gateway.traces import Traces

        return Traces(endpoint)

    @contextmanager
    def span(self, name: str, **attributes: str | int) -> Iterator[Span]:
        """A step of the exchange for those who watch it by traces; nothing where nobody does."""
        if self._traces is None:
            yield NoSpan()
            return
        with self._traces.span(name, **attributes) as span:
            yield span

    @contextmanager
    def spool(self) -> Iterator[BinaryIO]:
        """A file without a name in the home, for what is being made; UsageError where the disk does not take it."""
        folder = self.home.path / "data" / "spool"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=folder) as spool:
                yield cast(BinaryIO, spool)
        except OSError as error:
            raise UsageError(f"{folder}: cannot be written: {error.strerror}") from None

    def chosen(self, partner: str | None) -> list[Profile]:
        """The partner named, or all of them."""
        return [self.home.profile(partner)] if partner else list(self.profiles.values())

    def renew(self, home: Home) -> None:
        """Goes on with profiles and mappings that were read anew."""
        self.home = home
        for name in ("companions", "archive", "keys"):
            self.__dict__.pop(name, None)

    def transport(self, profile: Profile, *, anyway: bool = False) -> Transport:
        """A session with the partner's mailbox, opened; the caller closes it.

        A login that the partner refused is not tried again, unless `anyway`.
        """
        from gateway.exchange.mailbox import open_mailbox

        return open_mailbox(self, profile, anyway=anyway)

    @contextmanager
    def mailbox_lock(self, name: str) -> Iterator[None]:
        """Holds the lock of a mailbox (or of building for a partner); Busy where another process has it."""
        from gateway.exchange.locks import Busy, file_lock, lock_number

        held: AbstractContextManager[object]
        if self.store.is_sqlite:
            held = file_lock(self.home.path / "data" / "locks", name)
        else:
            busy = Busy(f"{name} is being worked on by another process; try again when it is done")
            from gateway.store.locks import advisory_lock

            held = advisory_lock(self.store, lock_number(name), busy)
        with held:
            yield

    def upkeep_lock(self) -> AbstractContextManager[None]:
        """Held by whatever goes over all of store and archive (retention, new keys, backup, journal): one at a time.

        Raises Busy.
        """
        return self.mailbox_lock("the archive")

    def close(self) -> None:
        if "workers" in self.__dict__:
            self.workers.close()
        if "store" in self.__dict__:
            self.store.close()
        if (traces := self.__dict__.get("_traces")) is not None:
            traces.close()
