"""The table of the audit trail: who saw, changed, sent and posted what, each line sealed to the one before it."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from gateway.store.tables import Id, Said, Time, metadata

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("number", Id, primary_key=True, autoincrement=False),  # 1, 2, 3 …: none is left out
    Column("recorded_at", Time, nullable=False, index=True),
    Column("actor", Said, nullable=False, index=True),  # who it is that works
    Column("login", Said, nullable=False),  # user and machine, as the system has them
    Column("command", Said, nullable=False),  # without the words of its call
    Column("action", String(6), nullable=False),  # see, change, send, post
    Column("subjects", Text, nullable=False),  # our own numbers, a JSON list: "claim:12", "batch:3"
    Column("outcome", Said, nullable=False),  # begun, or the exit code
    Column("previous", String(64), nullable=False),  # the hash of the entry before, empty at the first
    Column("hash", String(64), nullable=False),
)
