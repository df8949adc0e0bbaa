"""What one value becomes by an action of the table."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from gateway.deidentify.dates import birth_moved, jitter_of, moved, shift_of
from gateway.deidentify.identifiers import Identifiers, rule_of
from gateway.deidentify.names import Names
from gateway.deidentify.persons import Persons

_DIGITS = r"-?[0-9]*\.[0-9]+"
_SHORT = re.compile(rf"[A-Za-z0-9]{{1,3}}|-?[0-9]{{1,6}}|{_DIGITS}")
_CODE = re.compile(
    rf"[A-Za-z]{{1,3}}|(?=[^0-9]*[0-9])(?!.*[0-9]{{7}})(?!.*[A-Za-z]{{4}})[A-Za-z0-9.+/-]{{1,15}}|{_DIGITS}"
)
_NUMBER = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z0-9]{1,15}")
_CLOCK = re.compile(r"[0-9]{4,8}")
_AMOUNT = re.compile(r"[+-]?(?:(?!(?:19|20)[0-9]{6}\Z)[0-9]{1,8}|[0-9]{0,18}\.[0-9]*)")
_DRUG = re.compile(r"(?=[0-9-]{10,13}\Z)[0-9]{4,11}-?[0-9]{0,4}-?[0-9]{0,2}")
_ELEMENT_NAME = re.compile(
    r"(?:(?:SITUATIONAL TRIGGER|(?:[A-Z][A-Z0-9]{1,2}[0-9]{2}|PATIENT|SUBSCRIBER|NAME|NUMBER|TRN|REF) ?)+)"
)
_PASSES = {
    "short": _SHORT,
    "code": _CODE,
    "number": _NUMBER,
    "clock": _CLOCK,
    "amount": _AMOUNT,
    "drug": _DRUG,
    "element name": _ELEMENT_NAME,
}
_TAX_NUMBER = "30"  # ISA05 and ISA07
_REMEMBERED = 20_000


class Values:
    """Fakes of values under one key: the same for the same value, whichever file it stands in."""

    def __init__(self, key: bytes, *, keep_providers: bool = False) -> None:
        names, self._ids = Names(key), Identifiers(key)
        self._keep_providers = keep_providers
        self._envelope: dict[str, str] = {}  # identifier of sender or receiver → its fake; of this interchange
        self._back = shift_of(key)
        self.back_of = lru_cache(_REMEMBERED)(lambda person: self._back + jitter_of(key, person))
        self._fakes: dict[str, Callable[[str], str]] = {
            "id": self._ids.fake,
            "last": lru_cache(_REMEMBERED)(names.last),
            "first": lru_cache(_REMEMBERED)(names.first),
            "middle": lru_cache(_REMEMBERED)(names.first),
            "organization": lru_cache(_REMEMBERED)(names.organization),
            "suffix": names.suffix,
            "contact": self._contact,
            "text": names.text,
            "address": lru_cache(_REMEMBERED)(names.address),
            "second address": names.second_address,
            "city": lru_cache(_REMEMBERED)(names.city),
            "postal code": lru_cache(_REMEMBERED)(names.postal_code),
            "envelope": self._party,
            "keep": str,
        }
        self._last = self._fakes["last"]

    def become(self, value: str, action: str, persons: Persons, *, is_provider: bool = False) -> str:
        """What stands in the copy for a value without blanks around it."""
        if is_provider and self._keep_providers:
            return value
        passes = _PASSES.get(action)
        if passes is not None:
            may_pass = passes.fullmatch(value) and (action != "code" or rule_of(value) != "mbi")
            return value if may_pass else self._ids.fake(value)
        fake = self._fakes.get(action)
        return fake(value) if fake is not None else self._date(value, action, persons)

    def _date(self, value: str, action: str, persons: Persons) -> str:
        back = self.back_of(persons.person) if persons.person and action != "day" else self._back
        found = birth_moved(value, back, persons.written_on) if action == "birth" else moved(value, back)
        return self._masked(value) if found is None else found

    @staticmethod
    def _masked(value: str) -> str:
        """A date that is none stays none."""
        return "".join("X" if c.isalpha() else "9" if c.isdigit() else c for c in value)

    def _contact(self, value: str) -> str:
        """A telephone number, a mail address or a name."""
        if "@" in value:
            return "contact@example.com"
        return self._ids.fake(value) if any(map(str.isdigit, value)) else self._last(value)

    def begin_envelope(self, parties: dict[str, str]) -> None:
        """Takes the identifiers of an interchange with their qualifiers (ISA05 to ISA08).

        They are kept, so that the copies still fit to each other and to a profile, unless they are the number of a
        person's or firm's tax or a provider's identifier.
        """
        self._envelope = {
            value: self._ids.fake(value)
            for value, qualifier in parties.items()
            if value and (qualifier == _TAX_NUMBER or rule_of(value) == "npi")
        }

    def _party(self, value: str) -> str:
        if self._keep_providers:
            return value
        return self._envelope.get(value) or (self._ids.fake(value) if rule_of(value) == "npi" else value)
