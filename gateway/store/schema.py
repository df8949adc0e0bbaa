"""Migrations by API: no configuration file on disk, the scripts travel in the package."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, inspect

from gateway.store import alert_tables as _alert_tables  # noqa: F401 - its tables are of the schema
from gateway.store import audit_tables as _audit_tables  # noqa: F401 - its tables are of the schema
from gateway.store import retention_tables as _retention_tables  # noqa: F401 - its tables are of the schema
from gateway.store import triggers
from gateway.store.errors import StoreFault
from gateway.store.tables import APPEND_ONLY, metadata


def migrate(conn: Connection, revision: str = "head") -> None:
    """Applies what is missing up to `revision` within the caller's transaction, then guards the append-only tables."""
    config = _config()
    config.attributes["connection"] = conn
    command.upgrade(config, revision)
    if conn.dialect.name == "sqlite" and conn.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise StoreFault("a migration left a reference to nothing; nothing was changed")
    there = set(inspect(conn).get_table_names())  # an older revision has not all of them
    triggers.install(conn, [table for table in APPEND_ONLY if table in there])


def differences(conn: Connection) -> list[str]:
    """Where the schema in the database differs from the tables that the code knows; empty when they agree."""
    context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
    return [str(one) for one in compare_metadata(context, metadata)]


def draft(conn: Connection, revision: str, message: str, folder: Path | None = None) -> Path:
    """Writes the script of a next revision from `differences`, for a developer to read and mend, and returns its path.

    It goes beside the others unless a `folder` is given; its name goes into `gateway.store.migrations.REVISIONS`.
    """
    config = _config()
    config.attributes["connection"] = conn
    script = command.revision(
        config, message, autogenerate=True, rev_id=revision, version_path=str(folder) if folder else None
    )
    assert isinstance(script, Script)
    return Path(script.path)


def revisions() -> list[str]:
    """The revisions that the package has, the oldest first."""
    scripts = ScriptDirectory.from_config(_config())
    return [script.revision for script in scripts.walk_revisions()][::-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    config.set_main_option("path_separator", "os")
    return config
