"""The tables of retention: what must stay for the law, and what left when its time was over."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table, Text, text

from gateway.store.tables import Id, Said, Time, metadata

# That a claim (every claim, where none is named) must stay, and that it need not any more: each a line of its own.
legal_holds = Table(
    "legal_holds",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("claim_id", Id, ForeignKey("claims.id"), nullable=True, index=True),
    Column("kind", String(4), nullable=False),  # hold, lift
    Column("actor", Said, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("recorded_at", Time, nullable=False),
)

# Claims whose documents left: sums, codes, days and numbers stayed.
left_claims = Table(
    "left_claims",
    metadata,
    Column("claim_id", Id, ForeignKey("claims.id"), primary_key=True, autoincrement=False),
    Column("left_at", Time, nullable=False),
)

# Files that left the archive. The row comes first, then the bytes go.
left_files = Table(
    "left_files",
    metadata,
    Column("archive_name", Said, primary_key=True),
    Column("left_at", Time, nullable=False),
)
