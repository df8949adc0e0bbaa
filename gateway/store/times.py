"""Times as the store keeps them: UTC text of one width, so that text order is time order on every database."""

from __future__ import annotations

from datetime import UTC, datetime

_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def stamp(at: datetime) -> str:
    """The stored text of an aware time, `2026-01-31T15:30:00.000000Z`; a naive one raises ValueError."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    at = at.astimezone(UTC)
    # strftime does not pad years below 1000 on every platform.
    return f"{at.year:04d}-{at:%m-%dT%H:%M:%S.%f}Z"


def unstamp(text: str) -> datetime:
    """The aware time that `stamp` wrote; other text raises ValueError."""
    return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
