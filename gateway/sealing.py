"""A profile's [pgp]: which keys seal what goes to the partner and open what comes, as references."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

KEYS = ("encrypt_to", "sign_with", "decrypt_with", "verify_with", "passphrase")


@dataclass(frozen=True, slots=True)
class Sealing:
    """References to armored keys; empty where nothing is sealed or opened."""

    encrypt_to: str = field(default="", repr=False)  # the partner's public key
    sign_with: str = field(default="", repr=False)  # our secret key
    decrypt_with: str = field(default="", repr=False)  # our secret key
    verify_with: str = field(default="", repr=False)  # the partner's public key
    passphrase: str = field(default="", repr=False)  # of our secret keys
    armor: bool = True

    @property
    def seals(self) -> bool:
        return bool(self.encrypt_to or self.sign_with)

    @property
    def opens(self) -> bool:
        return bool(self.decrypt_with or self.verify_with)


def read_sealing(reference: Callable[[str, str], str], *, armor: bool) -> Sealing:
    """Reads [pgp]; `reference` takes key and table."""
    return Sealing(**{key: reference(key, "pgp") for key in KEYS}, armor=armor)
