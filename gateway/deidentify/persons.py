"""Whose data a segment holds: the person of the claim, whose dates move together, and the party that was named last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_ENDS_PARTY = frozenset(("ST", "SE", "HL", "CLM", "CLP", "LX", "SBR", "SVC", "PLB"))
_ENDS_PERSON = frozenset(("ST", "SE", "HL", "CLP", "PLB"))


class Persons:
    """Follows the segments of a file; `see` each before its elements are asked about."""

    def __init__(self, parties: Mapping[str, str]) -> None:
        self._parties = parties
        self.party = ""  # "payer", "provider", or empty for a person or what is not known
        self.person = ""  # of the patient, the name; where there is none, a number; empty outside of a claim
        self.written_on = ""  # BHT04
        self._is_named = False  # whether the patient was named
        self._in_claim = False

    def see(self, segment: Sequence[str]) -> None:
        """Takes up what a segment says about who comes next."""
        name = segment[0]
        if name in _ENDS_PARTY:
            self.party = ""
        if name in _ENDS_PERSON:
            self.person, self._is_named, self._in_claim = "", False, False
        if name in ("NM1", "N1"):
            self._name(segment)
        elif name in ("CLM", "CLP"):
            self._in_claim = True
            self.person = self.person or _plain(segment, 1)
        elif name == "BHT":
            self.written_on = segment[4].strip() if len(segment) > 4 else ""

    def _name(self, segment: Sequence[str]) -> None:
        code = segment[1].strip() if len(segment) > 1 else ""
        self.party = self._parties.get(code, "")
        # A subscriber who is named inside a claim is another payer's, or stands beside the patient of a payment.
        is_patient = code == "QC" or (code == "IL" and not (self._in_claim and self._is_named))
        if segment[0] == "NM1" and is_patient and (person := _plain(segment, 3, 4) or _plain(segment, 9)):
            self.person, self._is_named = person, True


def _plain(segment: Sequence[str], *elements: int) -> str:
    """Elements without what spelling varies: case, blanks, punctuation."""
    values = (segment[number] for number in elements if number < len(segment))
    return " ".join("".join(filter(str.isalnum, value)) for value in values).strip().upper()
