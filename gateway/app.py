"""The one place that opens store, archive, transports and clock."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import structlog

from gateway.errors import UsageError
from gateway.home import Home
from gateway.partners import Profile
from gateway.store.engine import Store, needs_upgrade, open_store
from gateway.transport.archive import Archive
from gateway.transport.port import Transport


class App:
    """A home with everything that its commands work on, each opened when first used."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.log: structlog.stdlib.BoundLogger = structlog.get_logger()

    def now(self) -> datetime:
        """The clock."""
        return datetime.now(UTC)

    @property
    def actor(self) -> str:
        """Who decides: GATEWAY_ACTOR, else the user of the operating system."""
        try:
            return os.environ.get("GATEWAY_ACTOR") or getpass.getuser()
        except (KeyError, OSError):
            return f"uid {os.getuid()}"

    @cached_property
    def store(self) -> Store:
        """The store, made on first use where it is the home's own file; UsageError where it needs an upgrade."""
        embedded = Path(self.home.store_url.removeprefix("sqlite:///"))
        fresh = self.home.store_url.startswith("sqlite:///") and not embedded.exists()
        store = open_store(self.home.store_url, create=fresh)
        if needs_upgrade(store):
            store.close()
            raise UsageError("the store is empty or of an older version; run `gateway store upgrade`")
        return store

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.home.archive_path)

    @property
    def profiles(self) -> dict[str, Profile]:
        return self.home.profiles

    def chosen(self, partner: str | None) -> list[Profile]:
        """The partner named, or all of them."""
        return [self.home.profile(partner)] if partner else list(self.profiles.values())

    def transport(self, profile: Profile) -> Transport:
        """A session with the partner's mailbox, opened; the caller closes it."""
        from gateway.exchange.mailbox import open_transport

        return open_transport(self.home.path, profile)

    @contextmanager
    def mailbox_lock(self, name: str) -> Iterator[None]:
        """Holds the lock of a mailbox (or of building for a partner); Busy where another process has it."""
        from gateway.exchange.locks import Busy, file_lock, lock_number

        held: AbstractContextManager[object]
        if self.store.is_sqlite:
            held = file_lock(self.home.path / "data" / "locks", name)
        else:
            busy = Busy(f"{name} is being worked on by another process; try again when it is done")
            held = self.store.advisory_lock(lock_number(name), busy)
        with held:
            yield

    def close(self) -> None:
        if "store" in self.__dict__:
            self.store.close()
