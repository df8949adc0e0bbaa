"""Rows in and out: inserts at the driver's full speed, ids in advance, rows as named tuples, lists cut to size."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    String,
    Table,
    bindparam,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

ROWS_A_CALL = 2_000
KEYS_A_STATEMENT = 5_000

T = TypeVar("T")
Row = TypeVar("Row", bound=NamedTuple)


def cut(values: Iterable[T], size: int = KEYS_A_STATEMENT) -> Iterator[list[T]]:
    """The values in lists of at most `size`, in order; nothing for none."""
    source = iter(values)
    while part := list(islice(source, size)):
        yield part


def columns(table: Table, row: type[NamedTuple]) -> list[Column[Any]]:
    """The columns of the table that the fields of a row value name, in their order."""
    return [table.c[name] for name in row._fields]


def fetch(conn: Connection, query: Select[Any], row: type[Row], **values: Any) -> list[Row]:
    """The rows of a query as values; its columns stand in the order of the value's fields. `values`: of the query's own
    parameters (`bindparam`), where it is made once for all calls."""
    return [row._make(found) for found in conn.execute(query, values)]


def fetch_one(conn: Connection, query: Select[Any], row: type[Row], **values: Any) -> Row | None:
    """The first row of a query as a value."""
    found = conn.execute(query, values).first()
    return None if found is None else row._make(found)


class _Many(TypeDecorator[Any]):
    """Many values as one parameter: an array for PostgreSQL, a JSON array for SQLite."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[TypeEngine[Any]]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else ARRAY(self.kind))

    def process_bind_param(self, value: Iterable[Any] | None, dialect: Dialect) -> Any:
        listed = list(value or ())
        return json.dumps(listed) if dialect.name == "sqlite" else listed


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> _Among:  # noqa: ARG002 - the signature
        return self  # else SQLite, which has no truth values, compares it with 1, and takes no index


@compiles(_Among)
def _among_an_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(_Among, "sqlite")
def _among_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - a bound parameter


def among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a column is one of many values, which are one value to the statement (`ids`), so that it is the same
    statement for any number of them."""
    kind = String if column.type.python_type is str else BigInteger
    return _Among(column, bindparam("ids", type_=_Many(kind)))


def unsaid(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a number is null, asked so that no index of its column answers: SQLite, which has no statistics, would
    take it for the best way and read every row that has none, more with each claim."""
    return (column + 0).is_(None)


def new_ids(conn: Connection, table: Table, count: int) -> Sequence[int]:
    """Ids for `count` rows that the caller will insert in this transaction, so that rows can refer to each other.

    Nobody else gets them: SQLite has one writer at a time, PostgreSQL takes them from the table's sequence.
    """
    if count == 0:
        return ()
    if conn.dialect.name == "sqlite":
        last = conn.exec_driver_sql(f"SELECT max(id) FROM {table.name}").scalar_one() or 0  # noqa: S608 - our own name
        return range(last + 1, last + 1 + count)
    take = text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)")
    return [row[0] for row in conn.execute(take, {"table": table.name, "count": count})]


def insert_rows(
    conn: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, skip: str = ""
) -> int:
    """Inserts rows whose values stand in the order of `columns` and returns how many were new.

    `skip` names the columns of a unique key, separated by commas: a row whose key is there already is left out.
    Memory is bounded however long `rows` is.
    """
    statement = _insert(conn.dialect.name, table.name, tuple(columns), skip)
    new = 0
    for part in cut(rows, ROWS_A_CALL):
        new += conn.exec_driver_sql(statement, [tuple(row) for row in part]).rowcount
    return new


@lru_cache(maxsize=128)
def _insert(dialect: str, table: str, columns: tuple[str, ...], skip: str) -> str:
    mark = "?" if dialect == "sqlite" else "%s"
    names, marks = ", ".join(columns), ", ".join([mark] * len(columns))
    # The names are those of our own tables.
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
    return f"{statement} ON CONFLICT ({skip}) DO NOTHING" if skip else statement


def put_rows(conn: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, key: str) -> None:
    """Writes rows whose values stand in the order of `columns`, new or in the place of those with their key.

    `key` names the columns of a unique key, separated by commas. Memory is bounded however long `rows` is.
    """
    statement = _put(conn.dialect.name, table, tuple(columns), key)
    for part in cut(rows, ROWS_A_CALL):
        conn.exec_driver_sql(statement, [tuple(row) for row in part])


@lru_cache(maxsize=32)
def _put(dialect: str, table: str, columns: tuple[str, ...], key: str) -> str:
    keys = {name.strip() for name in key.split(",")}
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
    return f"{_insert(dialect, table, columns, '')} ON CONFLICT ({key}) DO UPDATE SET {changes}"


def change_rows(
    conn: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, key: str
) -> None:
    """Changes rows that are there: values in the order of `columns`, then that of `key`, a column."""
    statement = _change(conn.dialect.name, table, tuple(columns), key)
    for part in cut(rows, ROWS_A_CALL):
        conn.exec_driver_sql(statement, [tuple(row) for row in part])


@lru_cache(maxsize=8)
def _change(dialect: str, table: str, columns: tuple[str, ...], key: str) -> str:
    mark = "?" if dialect == "sqlite" else "%s"
    changes = ", ".join(f"{name} = {mark}" for name in columns)
    return f"UPDATE {table} SET {changes} WHERE {key} = {mark}"  # noqa: S608 - our own names
