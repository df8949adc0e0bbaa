"""What must stay for the law, and what left when its time was over."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "legal_holds",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("claim_id", ID, nullable=True),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_legal_holds_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
    )
    op.create_index(op.f("ix_legal_holds_claim_id"), "legal_holds", ["claim_id"], unique=False)
    op.create_table(
        "left_claims",
        sa.Column("claim_id", ID, autoincrement=False, nullable=False),
        sa.Column("left_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_left_claims_claim_id")),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_left_claims")),
    )
    op.create_table(
        "left_files",
        sa.Column("archive_name", sa.Text(), nullable=False),
        sa.Column("left_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("archive_name", name=op.f("pk_left_files")),
    )


def downgrade() -> None:
    raise NotImplementedError("a store goes back by restoring a backup")
