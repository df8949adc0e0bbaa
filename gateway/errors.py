"""The errors that leave a room, each with whose fault it is and whether trying again can help.

A partner's bad data is never an exception: it is an issue or a finding, kept with the record that holds it.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import ClassVar, Literal

Retry = Literal["never", "later"]


class GatewayError(Exception):
    """Base of all expected errors. The text is one line for a person; it holds no patient data and no secret."""

    exit_code: ClassVar[int] = 70
    retry: ClassVar[Retry] = "never"
    page: ClassVar[str] = "bug"  # the runbook that says what to do


class UsageError(GatewayError):
    """Wrong usage, configuration, or a file that cannot be what it was given as (exit code 2)."""

    exit_code = 2
    page = "wrong-usage"


class NeedsPerson(GatewayError):
    """The work is done as far as it goes; what is left waits for a person (exit code 1)."""

    exit_code = 1
    page = "needs-a-person"


class PartnerUnreachable(GatewayError):
    """A partner could not be reached; nothing was lost, run again (exit code 3)."""

    exit_code = 3
    retry = "later"
    page = "partner-unreachable"


class Refused(GatewayError):
    """Refused, because it could send twice, post twice, lose something or reach the wrong party (exit code 4)."""

    exit_code = 4
    page = "refused"


class Bug(GatewayError):
    """What nobody foresaw, with where it happened and without the error's own words: those may hold patient data."""

    @classmethod
    def of(cls, error: Exception) -> Bug:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "gateway" in frame.filename] or frames
        place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno} in {ours[-1].name}" if ours else "unknown place"
        return cls(
            f"a bug in the gateway: {type(error).__name__} at {place}; nothing half done was kept. "
            "Please report this line"
        )
