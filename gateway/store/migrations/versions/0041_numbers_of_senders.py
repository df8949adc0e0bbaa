"""To whom an interchange was sent, and a quick way to one that had the same control number."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbound_sets", sa.Column("receiver", sa.Text(), server_default=sa.text("('')"), nullable=False))
    op.create_index("ix_inbound_sets_number", "inbound_sets", ["interchange_control_number", "sender"])


def downgrade() -> None:
    raise NotImplementedError("a store goes back by restoring a backup")
