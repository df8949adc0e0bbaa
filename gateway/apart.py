"""Test and production kept apart: no mailbox is shared by profiles of both."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from gateway.errors import Refused
from gateway.partners import USAGE, Profile

WORDS = {mark: word for word, mark in USAGE.items()}  # by ISA15
Place = tuple[str, ...]


def keep_apart(profiles: Iterable[Profile]) -> None:
    """Refuses a folder of a mailbox that a test profile and a production profile name alike."""
    seen: dict[Place, Profile] = {}
    for profile in sorted(profiles, key=lambda one: one.name):
        for place in places(profile):
            other = seen.setdefault(place, profile)
            if other.usage != profile.usage:
                raise Refused(
                    f"sftp_config/{profile.name}.toml is for {WORDS[profile.usage]} and names the same mailbox as "
                    f"sftp_config/{other.name}.toml, which is for {WORDS[other.usage]} ({' '.join(place)}): a test "
                    f"claim must not reach a production mailbox, nor the reverse; give one of them a login, a folder "
                    f"or a home of its own"
                )


def places(profile: Profile) -> Iterator[Place]:
    """The folders that a profile works in, each with the server and the login."""
    if profile.sftp is not None:
        server: Place = (profile.sftp.host.lower().rstrip("."), str(profile.sftp.port), profile.sftp.username)
    else:
        server = ("folder", posixpath.normpath(profile.folder or "."))
    for folder in (profile.send_folder, profile.receive_folder):
        yield (*server, posixpath.normpath(f"/{folder}").lstrip("/") or ".")
