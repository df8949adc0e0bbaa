"""The tables. Facts are appended, money is integer cents, times are UTC text that sorts, bodies are JSON text.

Root tables carry `tenant`, so that one store can serve several practices later; it is 1 today. Append-only tables are
named in APPEND_ONLY and guarded by triggers. `claim_current` is a projection: it can be rebuilt from the rest.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives row ids only to INTEGER primary keys; PostgreSQL needs 64 bits.
Id = BigInteger().with_variant(Integer, "sqlite")
Cents = BigInteger
Time = String(27)  # 2026-01-31T15:30:00.000000Z
Day = Text  # 2026-01-31, or empty where a document has none
# What a document or a partner says may be longer than its guide allows, and is kept all the same: only our own words
# have a width (PostgreSQL refuses what is wider, SQLite does not).
Said = Text
EMPTY = text("''")


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _tenant() -> Column[int]:
    return Column("tenant", Integer, nullable=False, server_default=text("1"))


def _to(name: str, table: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    return Column(name, Id, ForeignKey(f"{table}.id"), nullable=nullable, index=index)


def _cents(name: str) -> Column[int]:
    return Column(name, Cents, nullable=False, server_default=text("0"))


claims = Table(
    "claims",
    metadata,
    _id(),
    _tenant(),
    Column("billing_key", Said, nullable=False),  # billing provider: NPI, else tax id
    Column("patient_control_number", Said, nullable=False),  # CLM01 as sent
    Column("match_key", Said, nullable=False, index=True),  # the same without padding, in upper case
    Column("type", String(13), nullable=False),  # professional, institutional, dental
    Column("imported_at", Time, nullable=False),
    UniqueConstraint("tenant", "billing_key", "patient_control_number"),
    Index(None, "patient_control_number"),
)

claim_versions = Table(
    "claim_versions",
    metadata,
    _id(),
    _to("claim_id", "claims"),
    Column("number", Integer, nullable=False),  # 1, 2, … in order of arrival
    Column("frequency", Said, nullable=False),  # CLM05-3
    Column("payer_responsibility", Said, nullable=False),  # SBR01: P, S, T, A…H, U
    Column("purpose", Said, nullable=False),  # BHT02
    Column("claim_or_encounter", Said, nullable=False),  # BHT06
    Column("has_money", Integer, nullable=False, server_default=text("1")),  # 0: encounter, predetermination, no-pay
    Column("content_hash", String(64), nullable=False),  # of the canonical document without what intake adds
    _cents("charge"),
    Column("payer_id", Said, nullable=False),
    Column("payer_name", Said, nullable=False, server_default=EMPTY),
    Column("payer_key", Said, nullable=False, server_default=EMPTY),  # alias resolved; for matching and reports
    Column("member_id", Said, nullable=False, server_default=EMPTY, index=True),
    Column("service_from", Day, nullable=False, server_default=EMPTY),
    Column("service_to", Day, nullable=False, server_default=EMPTY),
    Column("billing_name", Said, nullable=False, server_default=EMPTY),
    Column("source", Text, nullable=False, server_default=EMPTY),  # file name and record it came from
    Column("body", Text, nullable=False),  # the canonical document, JSON
    Column("recorded_at", Time, nullable=False),
    UniqueConstraint("claim_id", "number"),
)

batches = Table(
    "batches",
    metadata,
    _id(),
    _tenant(),
    Column("partner", Said, nullable=False),
    Column("type", String(13), nullable=False),
    Column("usage", String(1), nullable=False),  # ISA15
    Column("purpose", Said, nullable=False),
    Column("claim_or_encounter", Said, nullable=False),
    Column("state", String(10), nullable=False),  # the states of a delivery; also building, abandoned
    Column("origin", String(12), nullable=False, server_default="built"),  # built, already_sent, marked_sent
    Column("sender", Said, nullable=False),  # ISA05:ISA06
    Column("receiver", Said, nullable=False),  # ISA07:ISA08
    Column("interchange_control_number", Said, nullable=False),
    Column("group_control_number", Said, nullable=False),
    Column("file_name", Said, nullable=False, server_default=EMPTY),
    Column("archive_name", Said, nullable=False, server_default=EMPTY),
    Column("sha256", String(64), nullable=False, server_default=EMPTY),
    Column("size", BigInteger, nullable=False, server_default=text("0")),
    Column("claims", Integer, nullable=False, server_default=text("0")),
    _cents("charge"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("reason", Text, nullable=False, server_default=EMPTY),  # why it failed, or was cancelled or abandoned
    Column("reserved_at", Time, nullable=False),
    Column("built_at", Time, nullable=True),
    Column("sent_at", Time, nullable=True),
    Column("resends_id", Id, nullable=True),  # the batch that this one replaces
    # Our own numbers are used once; another system's may have been used again.
    Index(
        "uq_batches_own_interchange",
        "tenant",
        "sender",
        "receiver",
        "interchange_control_number",
        unique=True,
        sqlite_where=text("origin <> 'already_sent'"),
        postgresql_where=text("origin <> 'already_sent'"),
    ),
    Index(None, "interchange_control_number"),
    Index(None, "partner", "state"),
    Index(None, "group_control_number"),
)

batch_sets = Table(
    "batch_sets",
    metadata,
    _id(),
    _to("batch_id", "batches", index=True),
    Column("control_number", Said, nullable=False),  # ST02
    Column("group_control_number", Said, nullable=False),  # GS06
    Column("reference", Said, nullable=False, index=True),  # BHT03
    Column("claims", Integer, nullable=False, server_default=text("0")),
    _cents("charge"),
    UniqueConstraint("batch_id", "group_control_number", "control_number"),
    Index(None, "group_control_number", "control_number"),
)

submissions = Table(
    "submissions",
    metadata,
    _id(),
    _to("claim_id", "claims", index=True),
    _to("version_id", "claim_versions", index=True),
    _to("batch_id", "batches", index=True),
    _to("set_id", "batch_sets", index=True),
    Column("position", Integer, nullable=False),  # ordinal of the CLM in its set, from 1
    Column("recorded_at", Time, nullable=False),
    UniqueConstraint("set_id", "position"),
)

# A version that stands in a batch which is being built, waits, is under way or was sent. The primary key is the guard:
# no version is in two live batches. A cancelled or abandoned batch gives its versions back; so does one that is resent.
taken_versions = Table(
    "taken_versions",
    metadata,
    Column("version_id", Id, ForeignKey("claim_versions.id"), primary_key=True, autoincrement=False),
    _to("batch_id", "batches", index=True),
)

delivery_steps = Table(
    "delivery_steps",
    metadata,
    _id(),
    _to("batch_id", "batches", index=True),
    Column("attempt", Integer, nullable=False),
    Column("step", String(20), nullable=False),  # recorded before it is asked for
    Column("detail", Text, nullable=False, server_default="{}"),  # JSON: temp_name, final_name, size, error
    Column("recorded_at", Time, nullable=False),
)

inbound_files = Table(
    "inbound_files",
    metadata,
    _id(),
    _tenant(),
    Column("partner", Said, nullable=False, server_default=EMPTY),
    Column("name", Text, nullable=False),  # as the partner called it: data, never logged
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("archive_name", Said, nullable=False),
    Column("status", String(11), nullable=False),  # received, processed, partial, quarantined, ignored
    Column("reason", Text, nullable=False, server_default=EMPTY),
    Column("recorded_at", Time, nullable=False),
    Column("processed_at", Time, nullable=True),
    UniqueConstraint("tenant", "sha256"),
    Index(None, "status"),
)

file_sightings = Table(
    "file_sightings",
    metadata,
    _id(),
    _to("file_id", "inbound_files", index=True),
    Column("partner", Said, nullable=False, server_default=EMPTY),
    Column("name", Text, nullable=False),
    Column("remote_size", BigInteger, nullable=True),
    Column("remote_modified", Said, nullable=True),
    Column("recorded_at", Time, nullable=False),
    Index(None, "partner", "name"),
)

inbound_sets = Table(
    "inbound_sets",
    metadata,
    _id(),
    _to("file_id", "inbound_files", index=True),
    Column("ordinal", Integer, nullable=False),  # of the set (or TA1) in the file, from 1
    Column("kind", Said, nullable=False),
    Column("sender", Said, nullable=False, server_default=EMPTY),
    Column("interchange_control_number", Said, nullable=False, server_default=EMPTY),
    Column("group_control_number", Said, nullable=False, server_default=EMPTY),
    Column("control_number", Said, nullable=False, server_default=EMPTY),
    Column("version", Said, nullable=False, server_default=EMPTY),
    Column("content_hash", String(64), nullable=False),  # of the segments between ST and SE, envelope left out
    Column("status", String(11), nullable=False),  # posted, duplicate, parked, quarantined, foreign
    Column("claims", Integer, nullable=False, server_default=text("0")),
    Column("matched", Integer, nullable=False, server_default=text("0")),
    Column("unmatched", Integer, nullable=False, server_default=text("0")),
    _cents("charge"),
    _cents("paid"),
    Column("issues", Text, nullable=False, server_default="[]"),  # JSON list of issues
    Column("recorded_at", Time, nullable=False),
    Column("receiver", Said, nullable=False, server_default=EMPTY),
    UniqueConstraint("file_id", "ordinal"),
    Index("ix_inbound_sets_number", "interchange_control_number", "sender"),
    Index(
        "uq_inbound_sets_posted_content",
        "kind",
        "content_hash",
        unique=True,
        sqlite_where=text("status = 'posted'"),
        postgresql_where=text("status = 'posted'"),
    ),
)

_UNBOUND = "claim_id IS NULL AND submission_id IS NULL AND set_id IS NULL AND batch_id IS NULL"

# What was said or done. The scope is the narrowest thing that the event speaks of; what could not be bound when it was
# recorded is bound later by a row in event_links.
events = Table(
    "events",
    metadata,
    _id(),
    _tenant(),
    Column("kind", String(24), nullable=False),
    Column("hop", String(14), nullable=False),  # own, delivery, ta1, 999, clearinghouse, payer, status, person
    Column("verdict", String(10), nullable=False),  # accept, reject, duplicate, pended, info
    _to("claim_id", "claims", nullable=True, index=True),
    _to("version_id", "claim_versions", nullable=True),
    _to("submission_id", "submissions", nullable=True),
    _to("set_id", "batch_sets", nullable=True, index=True),
    _to("batch_id", "batches", nullable=True, index=True),
    _to("inbound_set_id", "inbound_sets", nullable=True, index=True),
    Column("segment", Integer, nullable=False, server_default=text("0")),  # ordinal in the inbound set, ST = 1
    Column("said_on", Said, nullable=False, server_default=EMPTY),  # the date or time that the fact names
    Column("rank", Said, nullable=False, server_default=EMPTY),  # sorts answers of one hop: STC02, BHT04, BHT05
    Column("codes", Text, nullable=False, server_default="[]"),  # JSON list of text
    Column("text", Text, nullable=False, server_default=EMPTY),
    Column("keys", Text, nullable=False, server_default="{}"),  # JSON: the identifiers that the answer named
    Column("match_key", Said, nullable=False, server_default=EMPTY, index=True),  # unbound: what to look for later
    Column("actor", Said, nullable=False, server_default=EMPTY),
    Column("fingerprint", String(64), nullable=False),  # of the content, so that a repeat adds nothing
    Column("recorded_at", Time, nullable=False),
    UniqueConstraint("tenant", "fingerprint"),
    # Few of all events, asked for by themselves: what our own checks held, and what nothing of ours was found for.
    Index(
        "ix_events_held",
        "claim_id",
        sqlite_where=text("kind = 'held'"),
        postgresql_where=text("kind = 'held'"),
    ),
    Index("ix_events_unbound", "id", sqlite_where=text(_UNBOUND), postgresql_where=text(_UNBOUND)),
)

event_links = Table(
    "event_links",
    metadata,
    _id(),
    _to("event_id", "events", index=True),
    _to("claim_id", "claims", nullable=True, index=True),
    _to("submission_id", "submissions", nullable=True),
    _to("set_id", "batch_sets", nullable=True, index=True),
    _to("batch_id", "batches", nullable=True, index=True),
    Column("rung", String(24), nullable=False),
    Column("recorded_at", Time, nullable=False),
)

remittances = Table(
    "remittances",
    metadata,
    _id(),
    _tenant(),
    _to("inbound_set_id", "inbound_sets", index=True),
    Column("payer_name", Said, nullable=False, server_default=EMPTY),
    Column("payer_key", Said, nullable=False, server_default=EMPTY),  # N1*PR id, else REF*2U, else TRN03
    Column("payer_ids", Text, nullable=False, server_default="[]"),
    Column("payee_id", Said, nullable=False, server_default=EMPTY),
    Column("payee_ids", Text, nullable=False, server_default="[]"),  # JSON: N1*PE N104 and the REFs under it
    Column("method", Said, nullable=False, server_default=EMPTY),  # BPR04
    Column("account_ending", String(4), nullable=False, server_default=EMPTY),  # the last four of BPR15
    Column("handling", Said, nullable=False, server_default=EMPTY),  # BPR01
    _cents("payment"),  # BPR02, negative where BPR03 is D
    Column("payment_date", Day, nullable=False, server_default=EMPTY),  # BPR16
    Column("trace_number", Said, nullable=False, server_default=EMPTY),  # TRN02
    Column("originator", Said, nullable=False, server_default=EMPTY),  # TRN03
    _cents("claim_payments"),  # sum of CLP04
    _cents("provider_adjustments"),  # sum of the PLB amounts, sign as in the file
    _cents("difference"),  # claim_payments - provider_adjustments - payment
    Column("status", String(7), nullable=False),  # posted, parked
    Column("reason", Text, nullable=False, server_default=EMPTY),
    Column("recorded_at", Time, nullable=False),
    Column("source", String(9), nullable=False, server_default="835"),  # 835; entered by hand: paper, portal, telephone
    Column("entered_by", Said, nullable=False, server_default=EMPTY),
    Index(None, "trace_number", "originator"),
    # Few of all: what a payment of the same number is held against.
    Index(
        "ix_remittances_entered",
        "id",
        sqlite_where=text("source <> '835'"),
        postgresql_where=text("source <> '835'"),
    ),
)

remittance_claims = Table(
    "remittance_claims",
    metadata,
    _id(),
    _to("remittance_id", "remittances", index=True),
    Column("ordinal", Integer, nullable=False),
    Column("segment", Integer, nullable=False),  # ordinal of the CLP in its set, ST = 1
    Column("patient_control_number", Said, nullable=False),  # CLP01 as it came
    Column("match_key", Said, nullable=False, index=True),
    Column("status", Said, nullable=False),  # CLP02
    _cents("charge"),  # CLP03
    _cents("paid"),  # CLP04
    _cents("patient_stated"),  # CLP05
    Column("filing_indicator", Said, nullable=False, server_default=EMPTY),
    Column("payer_claim_number", Said, nullable=False, server_default=EMPTY, index=True),  # CLP07
    Column("original_reference", Said, nullable=False, server_default=EMPTY),  # REF*F8
    Column("frequency", Said, nullable=False, server_default=EMPTY),  # CLP09
    Column("service_from", Day, nullable=False, server_default=EMPTY),
    Column("service_to", Day, nullable=False, server_default=EMPTY),
    Column("member_id", Said, nullable=False, server_default=EMPTY, index=True),
    Column("body", Text, nullable=False, server_default="{}"),  # JSON: adjustments, lines, references, remarks
    UniqueConstraint("remittance_id", "ordinal"),
)

remittance_links = Table(
    "remittance_links",
    metadata,
    _id(),
    _to("remittance_claim_id", "remittance_claims", index=True),
    _to("claim_id", "claims", nullable=True, index=True),  # null: unmatched again
    Column("rung", String(24), nullable=False),
    Column("evidence", Text, nullable=False, server_default=EMPTY),
    Column("actor", Said, nullable=False, server_default=EMPTY),
    Column("recorded_at", Time, nullable=False),
)

postings = Table(
    "postings",
    metadata,
    _id(),
    _to("remittance_claim_id", "remittance_claims", index=True),
    Column("kind", String(6), nullable=False),  # post, undo
    _cents("charge"),
    _cents("paid"),
    _cents("patient_responsibility"),
    _cents("deductible"),
    _cents("coinsurance"),
    _cents("copay"),
    _cents("contractual"),
    _cents("denied"),
    _cents("other"),
    _cents("prior_payer"),  # CARC 23: repeats what earlier payers did
    _cents("forwarded"),  # CARC 133, B11: still open elsewhere
    _cents("interest"),  # AMT*I, outside the claim's amounts
    Column("duplicate_denial", Integer, nullable=False, server_default=text("0")),  # 1: denied wholly as a duplicate
    Column("rules", String(16), nullable=False),  # version of the rules that gave the classes
    Column("actor", Said, nullable=False, server_default=EMPTY),
    Column("reason", Text, nullable=False, server_default=EMPTY),
    Column("recorded_at", Time, nullable=False),
)

provider_adjustments = Table(
    "provider_adjustments",
    metadata,
    _id(),
    _to("remittance_id", "remittances", index=True),
    Column("provider_id", Said, nullable=False),
    Column("fiscal_period_end", Day, nullable=False, server_default=EMPTY),
    Column("code", Said, nullable=False),
    Column("reference", Said, nullable=False, server_default=EMPTY),
    _cents("amount"),
    Column("segment", Integer, nullable=False),
    Index(None, "reference"),
)

# When a payment moved money as a whole, and when that was taken back: what its provider adjustments rest on.
remittance_entries = Table(
    "remittance_entries",
    metadata,
    _id(),
    _to("remittance_id", "remittances", index=True),
    Column("kind", String(4), nullable=False),  # post, undo
    Column("actor", Said, nullable=False, server_default=EMPTY),  # empty where the gateway did it by itself
    Column("reason", Text, nullable=False, server_default=EMPTY),
    Column("recorded_at", Time, nullable=False),
)

# What a patient owed when the balances were last exported: a further version each time that it had changed.
patient_balances = Table(
    "patient_balances",
    metadata,
    _id(),
    _to("claim_id", "claims"),
    Column("version", Integer, nullable=False),
    _cents("owes"),
    Column("body", Text, nullable=False),  # JSON: why, what was paid, the lines
    Column("recorded_at", Time, nullable=False),
    UniqueConstraint("claim_id", "version"),
)

# Which state of a claim (`claim_current.refreshed_at`) its newest balance was computed from.
patient_accounts = Table(
    "patient_accounts",
    metadata,
    Column("claim_id", Id, ForeignKey("claims.id"), primary_key=True, autoincrement=False),
    Column("refreshed_at", Time, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    _id(),
    _tenant(),
    Column("actor", Said, nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", Said, nullable=False),  # for example "batch:12"
    Column("reason", Text, nullable=False, server_default=EMPTY),
    Column("recorded_at", Time, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False, server_default=text("1")),
    Column("name", Said, primary_key=True),  # for example "isa:ZZ:SENDER>ZZ:RECEIVER"
    Column("value", BigInteger, nullable=False),
)

partner_rounds = Table(
    "partner_rounds",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False, server_default=text("1")),
    Column("partner", Said, primary_key=True),
    Column("ended_at", Time, nullable=False),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("refused", Text, nullable=False, server_default=EMPTY),
    Column("reason", Text, nullable=False, server_default=EMPTY),
    Column("problem", String(12), nullable=False, server_default=EMPTY),  # which kind of failure the last one was
    Column("succeeded_at", Time, nullable=False, server_default=EMPTY),  # the last round that went well
)

# A file that crossed the wire sealed, and the same in the clear; both names are of the archive.
sealed_files = Table(
    "sealed_files",
    metadata,
    Column("wire_name", Text, primary_key=True),
    Column("wire_sha256", String(64), nullable=False),
    Column("wire_size", BigInteger, nullable=False),
    Column("clear_name", Text, nullable=False, index=True),
    Column("clear_sha256", String(64), nullable=False),
    Column("clear_size", BigInteger, nullable=False),
    Column("recorded_at", Time, nullable=False),
)

claim_current = Table(
    "claim_current",
    metadata,
    Column("claim_id", Id, ForeignKey("claims.id"), primary_key=True, autoincrement=False),
    Column("version_id", Id, ForeignKey("claim_versions.id"), nullable=False),
    Column("state", String(22), nullable=False),
    Column("stage", String(9), nullable=False),  # held, ready, batched, sent, cancelled
    Column("outcome", String(8), nullable=False, server_default=EMPTY),  # of sent: silent, accepted, rejected
    Column("adjudicated", Integer, nullable=False, server_default=text("0")),
    Column("has_money", Integer, nullable=False, server_default=text("1")),
    Column("flags", Text, nullable=False, server_default="[]"),
    Column("partner", Said, nullable=False, server_default=EMPTY),
    Column("payer_id", Said, nullable=False, server_default=EMPTY),
    Column("payer_name", Said, nullable=False, server_default=EMPTY),
    Column("billing_key", Said, nullable=False, server_default=EMPTY),
    Column("billing_name", Said, nullable=False, server_default=EMPTY),
    Column("service_from", Day, nullable=False, server_default=EMPTY),
    Column("service_to", Day, nullable=False, server_default=EMPTY),
    Column("imported_at", Time, nullable=False),
    Column("sent_at", Time, nullable=True),
    Column("refreshed_at", Time, nullable=False),
    _cents("charge"),
    _cents("paid"),
    _cents("patient_responsibility"),
    _cents("contractual"),
    _cents("denied"),
    _cents("other_adjustments"),
    _cents("open"),
    CheckConstraint(
        "charge = paid + patient_responsibility + contractual + denied + other_adjustments + open", name="conserved"
    ),
    Index(None, "state"),
    Index(None, "stage"),
    # What a worklist is made of: few of all claims.
    Index("ix_claim_current_denied", "denied", sqlite_where=text("denied > 0"), postgresql_where=text("denied > 0")),
    Index(
        "ix_claim_current_flagged",
        "claim_id",
        sqlite_where=text("flags <> '[]'"),
        postgresql_where=text("flags <> '[]'"),
    ),
)

# What people did about a claim that waits for one: each a line of its own, none changed.
work_entries = Table(
    "work_entries",
    metadata,
    _id(),
    _tenant(),
    _to("claim_id", "claims", index=True),
    Column("kind", String(8), nullable=False),  # assign, note, due, done, appeal (sent), answer (to it), retract (it)
    Column("owner", Said, nullable=False, server_default=EMPTY),  # assign: to whom
    Column("day", Day, nullable=False, server_default=EMPTY),  # due, appeal sent, appeal answered
    Column("level", Integer, nullable=False, server_default=text("0")),  # of the appeal, from 1
    Column("outcome", String(16), nullable=False, server_default=EMPTY),  # of what is done; of the appeal
    Column("text", Text, nullable=False, server_default=EMPTY),
    Column("answers", Integer, nullable=False, server_default=text("0")),  # done: payments and rejections by then
    Column("steps", Integer, nullable=False, server_default=text("0")),  # … with submissions and answers of any kind
    Column("actor", Said, nullable=False),
    Column("recorded_at", Time, nullable=False),
)

# Where the work on a claim stands: a projection of its work_entries.
work_current = Table(
    "work_current",
    metadata,
    Column("claim_id", Id, ForeignKey("claims.id"), primary_key=True, autoincrement=False),
    Column("owner", Said, nullable=False, server_default=EMPTY),
    Column("due_on", Day, nullable=False, server_default=EMPTY),
    Column("is_done", Integer, nullable=False, server_default=text("0")),
    Column("answers", Integer, nullable=False, server_default=text("0")),  # as they were when it was done
    Column("steps", Integer, nullable=False, server_default=text("0")),
    Column("appeal_outcome", String(16), nullable=False, server_default=EMPTY),  # of the last appeal; waiting, upheld …
)

APPEND_ONLY = (
    "audit_entries",
    "claim_versions",
    "submissions",
    "delivery_steps",
    "file_sightings",
    "events",
    "event_links",
    "remittance_claims",
    "remittance_links",
    "postings",
    "provider_adjustments",
    "remittance_entries",
    "patient_balances",
    "work_entries",
    "legal_holds",
    "decisions",
    "alerts",
    "alert_entries",
)
