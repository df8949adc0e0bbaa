"""What reports show and ask: the last four of the account that a payment went to; claims held, answers unbound."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "remittances", sa.Column("account_ending", sa.String(length=4), server_default=sa.text("('')"), nullable=False)
    )
    held = sa.text("kind = 'held'")
    op.create_index("ix_events_held", "events", ["claim_id"], sqlite_where=held, postgresql_where=held)
    unbound = sa.text("claim_id IS NULL AND submission_id IS NULL AND set_id IS NULL AND batch_id IS NULL")
    op.create_index("ix_events_unbound", "events", ["id"], sqlite_where=unbound, postgresql_where=unbound)


def downgrade() -> None:
    raise NotImplementedError("a store goes back by restoring a backup")
