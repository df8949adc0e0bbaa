"""What people do about claims that wait for them; payments that are entered by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "work_entries",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("claim_id", _id(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("owner", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("day", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("level", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("outcome", sa.String(length=16), server_default=sa.text("('')"), nullable=False),
        sa.Column("text", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("answers", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("steps", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_work_entries_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_entries")),
    )
    op.create_index(op.f("ix_work_entries_claim_id"), "work_entries", ["claim_id"], unique=False)
    op.create_table(
        "work_current",
        sa.Column("claim_id", _id(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("due_on", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("is_done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("answers", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("steps", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("appeal_outcome", sa.String(length=16), server_default=sa.text("('')"), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_work_current_claim_id")),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_work_current")),
    )
    op.add_column("remittances", sa.Column("source", sa.String(length=9), server_default="835", nullable=False))
    op.add_column("remittances", sa.Column("entered_by", sa.Text(), server_default=sa.text("('')"), nullable=False))
    _partial("ix_remittances_entered", "remittances", "id", "source <> '835'")
    _partial("ix_claim_current_denied", "claim_current", "denied", "denied > 0")
    _partial("ix_claim_current_flagged", "claim_current", "claim_id", "flags <> '[]'")


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _partial(name: str, table: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    raise NotImplementedError("a store goes back by restoring a backup")
