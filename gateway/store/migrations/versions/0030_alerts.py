"""Alerts: what needed a person, what was told of it, how channels fare; and what kind of failure a round met."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0020"
branch_labels = None
depends_on = None

_EMPTY = sa.text("('')")
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(op.f("ix_alerts_kind_subject"), "alerts", ["kind", "subject"], unique=False)
    op.create_table(
        "alert_entries",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("alert_id", _ID, nullable=False),
        sa.Column("entry", sa.String(length=12), nullable=False),
        sa.Column("channel", sa.String(length=12), server_default=_EMPTY, nullable=False),
        sa.Column("actor", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.Column("reason", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_entries_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_entries")),
        sa.UniqueConstraint("alert_id", "entry", "channel", name=op.f("uq_alert_entries_alert_id_entry_channel")),
    )
    op.create_table(
        "alert_channels",
        sa.Column("tenant", sa.Integer(), autoincrement=False, server_default=sa.text("1"), nullable=False),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.Column("tried_at", sa.String(length=27), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "channel", name=op.f("pk_alert_channels")),
    )
    op.add_column("partner_rounds", sa.Column("problem", sa.String(length=12), server_default=_EMPTY, nullable=False))
    op.add_column(
        "partner_rounds", sa.Column("succeeded_at", sa.String(length=27), server_default=_EMPTY, nullable=False)
    )


def downgrade() -> None:
    raise NotImplementedError("a store goes back by restoring a backup")
