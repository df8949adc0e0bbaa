"""The tables of alerts: what needed a person, what was told of it where, and how each channel fares."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from gateway.store.tables import EMPTY, Id, Said, Time, metadata

# Something that needs a person, from when it was first seen. It is open until an entry says that it is mended.
alerts = Table(
    "alerts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("tenant", Integer, nullable=False, server_default=text("1")),
    Column("kind", String(24), nullable=False),
    Column("subject", Said, nullable=False),  # for example "batch:12"; what it is about, with the kind
    Column("partner", Said, nullable=False, server_default=EMPTY),
    Column("text", Text, nullable=False),  # our own ids, codes and counts only
    Column("since", Time, nullable=False),  # of the thing itself, where it is known
    Column("recorded_at", Time, nullable=False),
    Index(None, "kind", "subject"),
)

# What became of an alert: told on a channel, mended, its mending told, dismissed by a person. Each once.
alert_entries = Table(
    "alert_entries",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("alert_id", Id, ForeignKey("alerts.id"), nullable=False),
    Column("entry", String(12), nullable=False),  # told, mended, told_mended, dismissed
    Column("channel", String(12), nullable=False, server_default=EMPTY),  # mail, webhook, command; empty where of none
    Column("actor", Said, nullable=False, server_default=EMPTY),
    Column("reason", Text, nullable=False, server_default=EMPTY),
    Column("recorded_at", Time, nullable=False),
    UniqueConstraint("alert_id", "entry", "channel"),
)

# How the last attempt at a channel went, one row a channel.
alert_channels = Table(
    "alert_channels",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False, server_default=text("1")),
    Column("channel", String(12), primary_key=True),
    Column("tried_at", Time, nullable=False),
    Column("failures", Integer, nullable=False, server_default=text("0")),  # in a row
    Column("reason", Text, nullable=False, server_default=EMPTY),  # of the last one, in our words
)
