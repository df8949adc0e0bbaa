"""Patient control numbers (CLM01) as they come back: padded, in another letter case, or cut."""

from __future__ import annotations

CUTS = (17, 20)  # lengths to which some payers and clearinghouses cut a patient control number


def match_key(patient_control_number: str) -> str:
    """A patient control number as it is compared and kept beside the original: without padding, in upper case."""
    return patient_control_number.strip().upper()


def is_lost(patient_control_number: str) -> bool:
    """Whether a payer says that it has lost the number: nothing, or zeros alone."""
    return not patient_control_number.strip().strip("0")
