"""A later migration: rows, references and guards survive it, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from records import NOW, new_batch, new_set, ready_claims
from sqlalchemy import delete

from gateway.store import Store, schema
from gateway.store.batches import reserve
from gateway.store.errors import Guarded, StoreFault
from gateway.store.migrations import HEAD
from gateway.store.tables import claim_versions
from gateway.store.triggers import missing

LATER = f'''
"""A later revision."""

import sqlalchemy as sa
from alembic import op

revision = "later"
down_revision = "{HEAD}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("claim_versions") as batch:
        batch.add_column(sa.Column("colour", sa.Text(), nullable=False, server_default=sa.text("''")))
        batch.alter_column("payer_name", new_column_name="name_of_payer")
    LAST
'''


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of further revisions that the package is told of."""
    own = schema._config()
    own.set_main_option("version_locations", f"{Path(schema.__file__).parent}/migrations/versions\n{tmp_path}")
    own.set_main_option("path_separator", "newline")
    monkeypatch.setattr(schema, "_config", lambda: own)
    return tmp_path / "later.py"


def test_a_later_migration_keeps_rows_references_and_guards(store: Store, later: Path) -> None:
    """SQLite changes a table by copying it: nothing that refers to it is lost, and the guard is put anew."""
    later.write_text(LATER.replace("LAST", "pass"))
    with store.write() as conn:
        members = ready_claims(conn, 3)
        reserve(conn, new_batch(), [new_set(members)], at=NOW)
    with store.migrating() as conn:
        schema.migrate(conn)
    with store.read() as conn:
        assert missing(conn) == []
        rows = conn.exec_driver_sql(
            "SELECT v.colour, v.name_of_payer FROM claim_versions v JOIN submissions s ON s.version_id = v.id"
        ).all()
        assert [tuple(row) for row in rows] == [("", "")] * 3
    with pytest.raises(Guarded), store.write() as conn:
        conn.execute(delete(claim_versions))


def test_a_migration_that_fails_changes_nothing(store: Store, later: Path) -> None:
    """The schema goes forward whole or not at all, and the store still opens with the old one."""
    later.write_text(LATER.replace("LAST", "raise RuntimeError('in the middle')"))
    with pytest.raises(RuntimeError), store.migrating() as conn:
        schema.migrate(conn)
    with store.read() as conn:
        assert schema.differences(conn) == []
        assert missing(conn) == []


def test_a_migration_that_breaks_a_reference_is_refused_on_sqlite(store: Store, later: Path) -> None:
    """References are not checked while tables are copied, so they are checked before the commit."""
    if not store.is_sqlite:
        pytest.skip("PostgreSQL checks references all the time")
    later.write_text(LATER.replace("LAST", "op.execute('DELETE FROM claims')"))
    with store.write() as conn:
        ready_claims(conn, 1)
    with pytest.raises(StoreFault, match="reference"), store.migrating() as conn:
        schema.migrate(conn)
    with store.read() as conn:
        assert schema.differences(conn) == []


def test_a_next_revision_can_be_drafted(store: Store, later: Path) -> None:
    """What the tables have and the database has not becomes a script that, applied, makes them agree."""
    with store.write() as conn:
        conn.exec_driver_sql("DROP INDEX ix_batch_sets_reference")
    with store.migrating() as conn:
        path = schema.draft(conn, "later", "look up references", later.parent)
    assert "ix_batch_sets_reference" in path.read_text()
    with store.migrating() as conn:
        schema.migrate(conn)
        assert schema.differences(conn) == []
