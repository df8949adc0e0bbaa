"""A partner joins: his profile made from a shipped one, checked before it is there; his host key, once confirmed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gateway.apart import keep_apart
from gateway.data import listing
from gateway.errors import Refused, UsageError
from gateway.home import Home
from gateway.partners import Profile, Sftp, check_name, check_profiles, load_profile
from gateway.profile_text import fill, without

TO_FILL_IN = frozenset(("YOURID", "THEIRID", "YOUR PRACTICE"))  # what shipped profiles say in another's place


class OfferedKey(NamedTuple):
    """The host key that a server shows."""

    line: str  # "ssh-ed25519 AAAA…", as host_keys have it
    fingerprint: str  # "SHA256:…", as `ssh-keygen -lf` prints it

    @property
    def kind(self) -> str:
        return self.line.partition(" ")[0]


def shipped_profile(name: str) -> str:
    """The text of a shipped profile; office-ally and office_ally are the same. UsageError names what there is."""
    shipped = listing("sftp_config", ".toml")
    if (found := name.replace("-", "_").lower()) not in shipped:
        raise UsageError(f"no shipped profile {name!r}; there are {', '.join(sorted(shipped))}")
    return shipped[found].read_text(encoding="utf-8")


def new_profile(home: Home, name: str, like: str, values: Mapping[tuple[str, str], Any]) -> str:
    """The text of a partner's first profile, as it may be written.

    Raises UsageError for a value that cannot be, and Refused where it names a mailbox of the other usage.
    """
    check_name(name)
    text = shipped_profile(like)
    if ("sftp", "password") in values and ("sftp", "private_key") not in values:
        text = without(text, "sftp", "private_key")
    if ("sftp", "private_key") in values and ("sftp", "password") not in values:
        text = without(text, "sftp", "password")
    text = fill(text, values)
    others = {one: other for one, other in home.profiles.items() if one != name}
    if ("partner", "payers") not in values and _takes_the_rest(others, read_text(home, name, text)):
        text = fill(text, {("partner", "payers"): []})
    profile = read_text(home, name, text)
    check_profiles(others | {name: profile}, home.crosswalk)
    keep_apart([*others.values(), profile])
    return text


def _takes_the_rest(others: Mapping[str, Profile], profile: Profile) -> bool:
    """Whether a partner is there already who takes what nobody names: then the new one names his payers first."""
    return "*" in profile.payers and any(
        other.takes("*", claim_type) for other in others.values() for claim_type in profile.claim_types
    )


def unfilled(profile: Profile) -> str:
    """What still stands in a profile as it was shipped, for a person; empty where all of it was filled in."""
    said = {
        "[envelope] sender": profile.envelope.sender,
        "[envelope] receiver": profile.envelope.receiver,
        "[submitter] name": profile.submitter.name,
        "[submitter] id": profile.submitter.id,
    }
    left = [f"{key} is still {value}" for key, value in said.items() if value in TO_FILL_IN]
    return f"sftp_config/{profile.name}.toml is not filled in: {', '.join(left)}" if left else ""


def read_text(home: Home, name: str, text: str) -> Profile:
    """The profile that a text would be."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        try:
            return load_profile(path, home.path)
        except UsageError as error:
            raise UsageError(str(error).replace(str(path), f"sftp_config/{name}.toml")) from None


def offered_key(place: Sftp) -> OfferedKey:
    """The host key that the server shows now. Nothing is sent to it, no login either. Raises Unreachable."""
    from gateway.transport.port import HostKeyRefused
    from gateway.transport.ssh import SftpSettings, connect

    settings = SftpSettings(
        place.host, place.port, place.username, (), "", timeout=place.timeout, old_algorithms=place.old_algorithms
    )
    try:
        connect(settings).close()
    except HostKeyRefused as error:
        return OfferedKey(error.offered, error.fingerprint)
    raise Refused(f"{settings.address}: the host key was not looked at")


def with_key(text: str, profile: Profile, key: OfferedKey) -> str:
    """The profile's text with one more host key."""
    assert profile.sftp is not None
    return fill(text, {("sftp", "host_keys"): [*profile.sftp.host_keys, key.line]})


def require_confirmed(profile: Profile, key: OfferedKey, said: str) -> None:
    """Refused unless a person said the fingerprint that the server shows."""
    if said.strip().rstrip("=") != key.fingerprint:
        raise Refused(
            f"{profile.name}: the host key that the server shows is {key.kind} {key.fingerprint}, not {said.strip()}; "
            f"nothing was changed: ask the partner before you go on"
        )
