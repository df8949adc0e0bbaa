"""How the last round with each partner went."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0002"
branch_labels = None
depends_on = None

_EMPTY = sa.text("('')")


def upgrade() -> None:
    op.create_table(
        "partner_rounds",
        sa.Column("tenant", sa.Integer(), autoincrement=False, server_default=sa.text("1"), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.String(length=27), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refused", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.Column("reason", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "partner", name=op.f("pk_partner_rounds")),
    )


def downgrade() -> None:
    raise NotImplementedError("a store goes back by restoring a backup")
