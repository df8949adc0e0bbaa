"""What a partner is used to: which answers it gives, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answers:
    """What a partner and the payers behind it answer, and within what time of sending; 0 where they answer nothing."""

    ack_hours: int = 24  # 999
    status_hours: int = 48  # 277CA
    remittance_days: int = 30  # 835
    payer_remittance_days: Mapping[str, int] = field(default_factory=dict)  # by payer id, where it differs

    def days_of(self, payer_id: str) -> int:
        """The days of a payer's 835."""
        return self.payer_remittance_days.get(payer_id, self.remittance_days)
