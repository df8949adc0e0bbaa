"""What can go wrong with the store, and the one place where a driver's error becomes one of these.

Drivers put values into their texts (PostgreSQL's DETAIL prints the key that was violated), so nothing of a driver's
text passes but the names of constraints, tables and conditions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import exc
from sqlalchemy.engine import ExceptionContext

from gateway.errors import GatewayError, NeedsPerson, PartnerUnreachable, Refused, UsageError


class StoreUnavailable(UsageError):
    """The store cannot be opened, reached or written: its address, its permissions, its disk, its server."""

    page = "store-unavailable"
    retry = "later"


class StoreReadOnly(StoreUnavailable):
    """The store, or the transaction, may be read only."""


class StoreVersion(UsageError):
    """The store's schema is older or newer than this gateway."""

    page = "store-restored"


class StoreEmpty(StoreVersion):
    """A store without any schema, where one was to be opened and not to be made."""


class StoreBusy(PartnerUnreachable):
    """Another process held the store for too long, or two got in each other's way; nothing was stored, try again."""

    page = "store-unavailable"


class Conflict(Refused):
    """A row that contradicts one that is there: a number used twice, a reference to nothing. Nothing was stored."""


class IllegalTransition(Refused):
    """A batch cannot go from its state to the one asked for, or another process was faster."""


class CountersExhausted(Refused):
    """A counter stands at the highest number that its element can carry; numbers are never used twice."""


class Unstorable(NeedsPerson):
    """A value that the database cannot hold: NUL, half a character, a number beyond 64 bits."""


class Guarded(GatewayError):
    """An append-only table was to be changed: a bug, since only `purging` may."""

    page = "bug"


class StoreFault(GatewayError):
    """A statement that the database did not understand or could not keep: a bug, or a schema that is not ours."""


GUARD_MARK = "append-only"

_SQLITE: dict[str, tuple[type[GatewayError], str]] = {
    "SQLITE_BUSY": (StoreBusy, "the store is in use by another process; try again"),
    "SQLITE_LOCKED": (StoreBusy, "the store is in use by another process; try again"),
    "SQLITE_READONLY": (StoreReadOnly, "the store's file or folder cannot be written"),
    "SQLITE_CANTOPEN": (StoreUnavailable, "the store's file cannot be opened"),
    "SQLITE_PERM": (StoreUnavailable, "the store's file cannot be opened"),
    "SQLITE_AUTH": (StoreUnavailable, "the store's file cannot be opened"),
    "SQLITE_FULL": (StoreUnavailable, "the disk that holds the store is full"),
    "SQLITE_IOERR": (StoreUnavailable, "the disk that holds the store failed"),
    "SQLITE_NOTADB": (StoreUnavailable, "the store's file is not a database of the gateway"),
    "SQLITE_CORRUPT": (StoreUnavailable, "the store's file is damaged: restore a backup"),
    "SQLITE_TOOBIG": (Unstorable, "a value is too large for the store"),
    "SQLITE_MISMATCH": (Unstorable, "a value does not fit its column"),
}

# By SQLSTATE, the longest prefix first.
_POSTGRESQL: tuple[tuple[str, type[GatewayError], str], ...] = (
    ("40", StoreBusy, "two processes got in each other's way; try again"),
    ("55P03", StoreBusy, "the store is in use by another process; try again"),
    ("57014", StoreBusy, "the database server cancelled a statement; try again"),
    ("57", StoreUnavailable, "the database server is going down or starting"),
    ("08", StoreUnavailable, "the connection to the database server broke"),
    ("28", StoreUnavailable, "the database server refused the user or password"),
    ("3D", StoreUnavailable, "the database server has no database of that name"),
    ("42501", StoreUnavailable, "the database user lacks a permission"),
    ("25006", StoreReadOnly, "the database may be read only"),
    ("53", StoreUnavailable, "the database server lacks room, memory or connections"),
    ("54", Unstorable, "a value is too large for the store"),
    ("22", Unstorable, "a value cannot be stored as it is"),
)


def from_driver(error: BaseException) -> GatewayError | None:
    """The typed error for what a driver raised; None for what is not the database's (and passes as it is)."""
    if isinstance(error, sqlite3.Error):
        return _from_sqlite(error)
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return _from_postgresql(state, error)
    return _from_class_name(error)


def _from_sqlite(error: sqlite3.Error) -> GatewayError:
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith("SQLITE_CONSTRAINT"):
        # SQLite names the columns or the constraint here, never a value.
        if GUARD_MARK in str(error):
            return Guarded(str(error))
        return Conflict(f"refused by the store: {error}")
    found = _SQLITE.get("_".join(name.split("_")[:2]))
    if found is not None:
        return found[0](found[1])
    return StoreFault(f"the store did not take a statement ({name or type(error).__name__})")


def _from_postgresql(state: str, error: BaseException) -> GatewayError:
    if state.startswith("23"):
        diag: Any = getattr(error, "diag", None)
        name = getattr(diag, "constraint_name", None) or getattr(diag, "column_name", None) or state
        return Conflict(f"refused by the store: {name}")
    if state == "P0001":
        return Guarded(_first_line(error) if GUARD_MARK in _first_line(error) else "refused by a trigger")
    for prefix, kind, text in _POSTGRESQL:
        if state.startswith(prefix):
            return kind(text)
    return StoreFault(f"the store did not take a statement (SQLSTATE {state})")


def _first_line(error: BaseException) -> str:
    diag: Any = getattr(error, "diag", None)
    return str(getattr(diag, "message_primary", "") or "")


def _from_class_name(error: BaseException) -> GatewayError | None:
    # psycopg is optional, so its classes are known by name; without a SQLSTATE the server said nothing at all.
    if type(error).__module__.split(".")[0] != "psycopg":
        return None
    if type(error).__name__ == "DataError":
        return Unstorable("a value cannot be stored as it is")
    if type(error).__name__ in {"OperationalError", "InterfaceError", "ConnectionTimeout"}:
        return StoreUnavailable(_why_no_connection(str(error)))
    return StoreFault(f"the store did not take a statement ({type(error).__name__})")


def _why_no_connection(said: str) -> str:
    # Where a connection is refused, the driver hands on the server's sentence without its SQLSTATE.
    if "authentication" in said or "pg_hba" in said or "role " in said:
        return "the database server refused the user or password"
    if "database " in said and "does not exist" in said:
        return "the database server has no database of that name"
    if "too many" in said or "slots" in said:
        return "the database server lacks room, memory or connections"
    return "the database server cannot be reached"


@contextmanager
def translated() -> Iterator[None]:
    """Turns a driver's error within the block into a typed one that carries nothing of the driver's text."""
    try:
        yield
    except Unstorable as error:
        error.__cause__ = error.__context__ = None
        raise
    except exc.DBAPIError as error:
        found = from_driver(error.orig) if error.orig is not None else None
        _scrub(error)
        raise (found or _fault(error)).with_traceback(error.__traceback__) from None
    except exc.TimeoutError:
        raise StoreBusy("no connection to the store became free; try again") from None
    except exc.SQLAlchemyError as error:
        raise _fault(error).with_traceback(error.__traceback__) from None


def values_that_do_not_fit(context: ExceptionContext) -> BaseException | None:
    """A listener for SQLAlchemy's `handle_error`: drivers raise Python's own errors for a value they cannot send."""
    if isinstance(context.original_exception, (OverflowError, UnicodeError)):
        return Unstorable("a value cannot be stored: too large a number, or half a character")
    return None


def _fault(error: exc.SQLAlchemyError) -> StoreFault:
    return StoreFault(f"the store did not take a statement ({type(error).__name__})")


def _scrub(error: exc.DBAPIError) -> None:
    # The typed error hides the driver's, but a formatter that walks every context would still print its text.
    for one in (error, error.orig):
        if one is not None:
            one.args = (type(one).__name__,)
