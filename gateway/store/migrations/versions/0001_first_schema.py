"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=13), nullable=False),
        sa.Column("usage", sa.String(length=1), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("claim_or_encounter", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("origin", sa.String(length=12), server_default="built", nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("interchange_control_number", sa.Text(), nullable=False),
        sa.Column("group_control_number", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("archive_name", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("sha256", sa.String(length=64), server_default=sa.text("('')"), nullable=False),
        sa.Column("size", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("claims", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("charge", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("reserved_at", sa.String(length=27), nullable=False),
        sa.Column("built_at", sa.String(length=27), nullable=True),
        sa.Column("sent_at", sa.String(length=27), nullable=True),
        sa.Column("resends_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index(op.f("ix_batches_group_control_number"), "batches", ["group_control_number"], unique=False)
    op.create_index(
        op.f("ix_batches_interchange_control_number"), "batches", ["interchange_control_number"], unique=False
    )
    op.create_index(op.f("ix_batches_partner_state"), "batches", ["partner", "state"], unique=False)
    op.create_index(
        "uq_batches_own_interchange",
        "batches",
        ["tenant", "sender", "receiver", "interchange_control_number"],
        unique=True,
        sqlite_where=sa.text("origin <> 'already_sent'"),
        postgresql_where=sa.text("origin <> 'already_sent'"),
    )
    op.create_table(
        "claims",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("billing_key", sa.Text(), nullable=False),
        sa.Column("patient_control_number", sa.Text(), nullable=False),
        sa.Column("match_key", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=13), nullable=False),
        sa.Column("imported_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
        sa.UniqueConstraint(
            "tenant",
            "billing_key",
            "patient_control_number",
            name=op.f("uq_claims_tenant_billing_key_patient_control_number"),
        ),
    )
    op.create_index(op.f("ix_claims_match_key"), "claims", ["match_key"], unique=False)
    op.create_index(op.f("ix_claims_patient_control_number"), "claims", ["patient_control_number"], unique=False)
    op.create_table(
        "counters",
        sa.Column("tenant", sa.Integer(), server_default=sa.text("1"), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_counters")),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_table(
        "inbound_files",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("partner", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("archive_name", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=11), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.Column("processed_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_files")),
        sa.UniqueConstraint("tenant", "sha256", name=op.f("uq_inbound_files_tenant_sha256")),
    )
    op.create_index(op.f("ix_inbound_files_status"), "inbound_files", ["status"], unique=False)
    op.create_table(
        "batch_sets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("control_number", sa.Text(), nullable=False),
        sa.Column("group_control_number", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("claims", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("charge", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_sets_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_sets")),
        sa.UniqueConstraint(
            "batch_id",
            "group_control_number",
            "control_number",
            name=op.f("uq_batch_sets_batch_id_group_control_number_control_number"),
        ),
    )
    op.create_index(op.f("ix_batch_sets_batch_id"), "batch_sets", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_batch_sets_group_control_number_control_number"),
        "batch_sets",
        ["group_control_number", "control_number"],
        unique=False,
    )
    op.create_index(op.f("ix_batch_sets_reference"), "batch_sets", ["reference"], unique=False)
    op.create_table(
        "claim_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("payer_responsibility", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("claim_or_encounter", sa.Text(), nullable=False),
        sa.Column("has_money", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("charge", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("payer_id", sa.Text(), nullable=False),
        sa.Column("payer_name", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("payer_key", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("member_id", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("service_from", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("service_to", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("billing_name", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("source", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_versions_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_versions")),
        sa.UniqueConstraint("claim_id", "number", name=op.f("uq_claim_versions_claim_id_number")),
    )
    op.create_index(op.f("ix_claim_versions_member_id"), "claim_versions", ["member_id"], unique=False)
    op.create_table(
        "delivery_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.Text(), server_default="{}", nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_delivery_steps_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_steps")),
    )
    op.create_index(op.f("ix_delivery_steps_batch_id"), "delivery_steps", ["batch_id"], unique=False)
    op.create_table(
        "file_sightings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("partner", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("remote_size", sa.BigInteger(), nullable=True),
        sa.Column("remote_modified", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["inbound_files.id"], name=op.f("fk_file_sightings_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_sightings")),
    )
    op.create_index(op.f("ix_file_sightings_file_id"), "file_sightings", ["file_id"], unique=False)
    op.create_index(op.f("ix_file_sightings_partner_name"), "file_sightings", ["partner", "name"], unique=False)
    op.create_table(
        "inbound_sets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("interchange_control_number", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("group_control_number", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("control_number", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("version", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=11), nullable=False),
        sa.Column("claims", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("matched", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unmatched", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("charge", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("paid", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("issues", sa.Text(), server_default="[]", nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["inbound_files.id"], name=op.f("fk_inbound_sets_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_sets")),
        sa.UniqueConstraint("file_id", "ordinal", name=op.f("uq_inbound_sets_file_id_ordinal")),
    )
    op.create_index(op.f("ix_inbound_sets_file_id"), "inbound_sets", ["file_id"], unique=False)
    op.create_index(
        "uq_inbound_sets_posted_content",
        "inbound_sets",
        ["kind", "content_hash"],
        unique=True,
        sqlite_where=sa.text("status = 'posted'"),
        postgresql_where=sa.text("status = 'posted'"),
    )
    op.create_table(
        "claim_current",
        sa.Column(
            "claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=22), nullable=False),
        sa.Column("stage", sa.String(length=9), nullable=False),
        sa.Column("outcome", sa.String(length=8), server_default=sa.text("('')"), nullable=False),
        sa.Column("adjudicated", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("has_money", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("flags", sa.Text(), server_default="[]", nullable=False),
        sa.Column("partner", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("payer_id", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("payer_name", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("billing_key", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("billing_name", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("service_from", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("service_to", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("imported_at", sa.String(length=27), nullable=False),
        sa.Column("sent_at", sa.String(length=27), nullable=True),
        sa.Column("refreshed_at", sa.String(length=27), nullable=False),
        sa.Column("charge", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("paid", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("patient_responsibility", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("contractual", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("denied", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("other_adjustments", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("open", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "charge = paid + patient_responsibility + contractual + denied + other_adjustments + open",
            name=op.f("ck_claim_current_conserved"),
        ),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_current_claim_id")),
        sa.ForeignKeyConstraint(["version_id"], ["claim_versions.id"], name=op.f("fk_claim_current_version_id")),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_claim_current")),
    )
    op.create_index(op.f("ix_claim_current_stage"), "claim_current", ["stage"], unique=False)
    op.create_index(op.f("ix_claim_current_state"), "claim_current", ["state"], unique=False)
    op.create_table(
        "remittances",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("inbound_set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payer_name", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("payer_key", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("payer_ids", sa.Text(), server_default="[]", nullable=False),
        sa.Column("payee_id", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("payee_ids", sa.Text(), server_default="[]", nullable=False),
        sa.Column("method", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("handling", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("payment", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("payment_date", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("trace_number", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("originator", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("claim_payments", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("provider_adjustments", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("difference", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.String(length=7), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["inbound_set_id"], ["inbound_sets.id"], name=op.f("fk_remittances_inbound_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittances")),
    )
    op.create_index(op.f("ix_remittances_inbound_set_id"), "remittances", ["inbound_set_id"], unique=False)
    op.create_index(
        op.f("ix_remittances_trace_number_originator"), "remittances", ["trace_number", "originator"], unique=False
    )
    op.create_table(
        "submissions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_submissions_batch_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_submissions_claim_id")),
        sa.ForeignKeyConstraint(["set_id"], ["batch_sets.id"], name=op.f("fk_submissions_set_id")),
        sa.ForeignKeyConstraint(["version_id"], ["claim_versions.id"], name=op.f("fk_submissions_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint("set_id", "position", name=op.f("uq_submissions_set_id_position")),
    )
    op.create_index(op.f("ix_submissions_batch_id"), "submissions", ["batch_id"], unique=False)
    op.create_index(op.f("ix_submissions_claim_id"), "submissions", ["claim_id"], unique=False)
    op.create_index(op.f("ix_submissions_set_id"), "submissions", ["set_id"], unique=False)
    op.create_index(op.f("ix_submissions_version_id"), "submissions", ["version_id"], unique=False)
    op.create_table(
        "taken_versions",
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_taken_versions_batch_id")),
        sa.ForeignKeyConstraint(["version_id"], ["claim_versions.id"], name=op.f("fk_taken_versions_version_id")),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_taken_versions")),
    )
    op.create_index(op.f("ix_taken_versions_batch_id"), "taken_versions", ["batch_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("hop", sa.String(length=14), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("submission_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("inbound_set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("segment", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("said_on", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("rank", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("codes", sa.Text(), server_default="[]", nullable=False),
        sa.Column("text", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("keys", sa.Text(), server_default="{}", nullable=False),
        sa.Column("match_key", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("actor", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_events_batch_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_events_claim_id")),
        sa.ForeignKeyConstraint(["inbound_set_id"], ["inbound_sets.id"], name=op.f("fk_events_inbound_set_id")),
        sa.ForeignKeyConstraint(["set_id"], ["batch_sets.id"], name=op.f("fk_events_set_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_events_submission_id")),
        sa.ForeignKeyConstraint(["version_id"], ["claim_versions.id"], name=op.f("fk_events_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("tenant", "fingerprint", name=op.f("uq_events_tenant_fingerprint")),
    )
    op.create_index(op.f("ix_events_batch_id"), "events", ["batch_id"], unique=False)
    op.create_index(op.f("ix_events_claim_id"), "events", ["claim_id"], unique=False)
    op.create_index(op.f("ix_events_inbound_set_id"), "events", ["inbound_set_id"], unique=False)
    op.create_index(op.f("ix_events_match_key"), "events", ["match_key"], unique=False)
    op.create_index(op.f("ix_events_set_id"), "events", ["set_id"], unique=False)
    op.create_table(
        "provider_adjustments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("remittance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("fiscal_period_end", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_provider_adjustments_remittance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_adjustments")),
    )
    op.create_index(
        op.f("ix_provider_adjustments_remittance_id"), "provider_adjustments", ["remittance_id"], unique=False
    )
    op.create_table(
        "remittance_claims",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("remittance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("patient_control_number", sa.Text(), nullable=False),
        sa.Column("match_key", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("charge", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("paid", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("patient_stated", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("filing_indicator", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("payer_claim_number", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("original_reference", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("frequency", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("service_from", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("service_to", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("member_id", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("body", sa.Text(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["remittance_id"], ["remittances.id"], name=op.f("fk_remittance_claims_remittance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittance_claims")),
        sa.UniqueConstraint("remittance_id", "ordinal", name=op.f("uq_remittance_claims_remittance_id_ordinal")),
    )
    op.create_index(op.f("ix_remittance_claims_match_key"), "remittance_claims", ["match_key"], unique=False)
    op.create_index(op.f("ix_remittance_claims_member_id"), "remittance_claims", ["member_id"], unique=False)
    op.create_index(
        op.f("ix_remittance_claims_payer_claim_number"), "remittance_claims", ["payer_claim_number"], unique=False
    )
    op.create_index(op.f("ix_remittance_claims_remittance_id"), "remittance_claims", ["remittance_id"], unique=False)
    op.create_table(
        "event_links",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("submission_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("rung", sa.String(length=24), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_event_links_batch_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_event_links_claim_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_event_links_event_id")),
        sa.ForeignKeyConstraint(["set_id"], ["batch_sets.id"], name=op.f("fk_event_links_set_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_event_links_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_links")),
    )
    op.create_index(op.f("ix_event_links_batch_id"), "event_links", ["batch_id"], unique=False)
    op.create_index(op.f("ix_event_links_claim_id"), "event_links", ["claim_id"], unique=False)
    op.create_index(op.f("ix_event_links_event_id"), "event_links", ["event_id"], unique=False)
    op.create_index(op.f("ix_event_links_set_id"), "event_links", ["set_id"], unique=False)
    op.create_table(
        "postings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("remittance_claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("charge", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("paid", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("patient_responsibility", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("deductible", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("coinsurance", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("copay", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("contractual", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("denied", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("other", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("prior_payer", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("forwarded", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("interest", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("duplicate_denial", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rules", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["remittance_claim_id"], ["remittance_claims.id"], name=op.f("fk_postings_remittance_claim_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postings")),
    )
    op.create_index(op.f("ix_postings_remittance_claim_id"), "postings", ["remittance_claim_id"], unique=False)
    op.create_table(
        "remittance_links",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("remittance_claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("rung", sa.String(length=24), nullable=False),
        sa.Column("evidence", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("actor", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("recorded_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_remittance_links_claim_id")),
        sa.ForeignKeyConstraint(
            ["remittance_claim_id"], ["remittance_claims.id"], name=op.f("fk_remittance_links_remittance_claim_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittance_links")),
    )
    op.create_index(op.f("ix_remittance_links_claim_id"), "remittance_links", ["claim_id"], unique=False)
    op.create_index(
        op.f("ix_remittance_links_remittance_claim_id"), "remittance_links", ["remittance_claim_id"], unique=False
    )


def downgrade() -> None:
    raise NotImplementedError("a store goes back by restoring a backup")
