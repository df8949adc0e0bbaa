"""Payments as entries that can be taken back, and what patients owe, version by version."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_EMPTY = sa.text("('')")


def upgrade() -> None:
    _entries()
    _balances()
    op.create_index("ix_provider_adjustments_reference", "provider_adjustments", ["reference"])


def _entries() -> None:
    op.create_table(
        "remittance_entries",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("remittance_id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("actor", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.Column("reason", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["remittance_id"], ["remittances.id"], name="fk_remittance_entries_remittance_id"),
        sa.PrimaryKeyConstraint("id", name="pk_remittance_entries"),
    )
    op.create_index("ix_remittance_entries_remittance_id", "remittance_entries", ["remittance_id"])
    # Every undo that was decided before took back a posting before it; what stands now was posted (again) after that.
    op.execute(
        """
        INSERT INTO remittance_entries (remittance_id, kind, actor, reason, recorded_at)
        SELECT remittance_id, kind, actor, reason, recorded_at FROM (
            SELECT r.id AS remittance_id, 'undo' AS kind, d.actor AS actor, d.reason AS reason,
                   d.recorded_at AS recorded_at, 1 AS place, d.id AS decision
              FROM decisions d JOIN remittances r ON d.subject = 'remittance:' || r.id WHERE d.action = 'undo'
            UNION ALL
            SELECT r.id, 'post', '', '',
                   CASE WHEN d.id = (SELECT min(e.id) FROM decisions e
                                     WHERE e.subject = d.subject AND e.action = 'undo')
                        THEN r.recorded_at ELSE d.recorded_at END, 0, d.id
              FROM decisions d JOIN remittances r ON d.subject = 'remittance:' || r.id WHERE d.action = 'undo'
            UNION ALL
            SELECT r.id, 'post', '', '',
                   coalesce((SELECT max(p.recorded_at) FROM postings p JOIN remittance_claims c
                                 ON c.id = p.remittance_claim_id WHERE c.remittance_id = r.id AND p.kind = 'post'),
                            r.recorded_at), 0, 9000000000
              FROM remittances r WHERE r.status = 'posted'
        ) AS known ORDER BY decision, place, remittance_id
        """
    )


def _balances() -> None:
    op.create_table(
        "patient_balances",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("claim_id", _ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owes", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name="fk_patient_balances_claim_id"),
        sa.PrimaryKeyConstraint("id", name="pk_patient_balances"),
        sa.UniqueConstraint("claim_id", "version", name="uq_patient_balances_claim_id_version"),
    )
    op.create_table(
        "patient_accounts",
        sa.Column("claim_id", _ID, autoincrement=False, nullable=False),
        sa.Column("refreshed_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name="fk_patient_accounts_claim_id"),
        sa.PrimaryKeyConstraint("claim_id", name="pk_patient_accounts"),
    )


def downgrade() -> None:
    raise NotImplementedError("a store goes back by restoring a backup")
