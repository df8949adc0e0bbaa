"""Files that crossed the wire sealed, each with the same in the clear."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sealed_files",
        sa.Column("wire_name", sa.Text(), nullable=False),
        sa.Column("wire_sha256", sa.String(length=64), nullable=False),
        sa.Column("wire_size", sa.BigInteger(), nullable=False),
        sa.Column("clear_name", sa.Text(), nullable=False),
        sa.Column("clear_sha256", sa.String(length=64), nullable=False),
        sa.Column("clear_size", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("wire_name", name=op.f("pk_sealed_files")),
    )
    op.create_index(op.f("ix_sealed_files_clear_name"), "sealed_files", ["clear_name"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a store goes back by restoring a backup")
