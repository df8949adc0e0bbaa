"""Which companions are in force for which partner: those that its profile names, and a home's own ones for payers.

A file of the home that names payers or filing indicators in [applies] is in force wherever it fits, since nobody but
the payer is meant. A shipped one is an example, and in force only where a profile names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from gateway.claims.companion_file import load_companion
from gateway.claims.companion_tables import CompanionFaults
from gateway.claims.companions import Companion
from gateway.claims.crosswalk import Crosswalk
from gateway.claims.edits import Edit
from gateway.claims.wishes import NO_WISHES, Wishes
from gateway.data import SHIPPED, listing
from gateway.errors import UsageError
from gateway.guides import BY_TYPE, guide_for
from gateway.partners import Profile

FOLDER = "mappings/companions"


@dataclass(frozen=True)
class Companions:
    """The wishes of every partner of a home."""

    everywhere: Wishes = NO_WISHES  # whichever partner a claim goes to
    by_partner: Mapping[str, Wishes] = field(default_factory=dict)

    def of(self, profile: Profile | None) -> Wishes:
        """The wishes on claims that go to a partner, or have none yet."""
        return self.by_partner.get(profile.name, self.everywhere) if profile else self.everywhere


NO_COMPANIONS = Companions()


def load_companions(
    home: Path | None, profiles: Mapping[str, Profile], crosswalk: Crosswalk, edits: Sequence[Edit] | None = None
) -> Companions:
    """Reads what is in force, and nothing else; UsageError names a file that cannot be, or a name that is not there."""
    known = listing(FOLDER, ".toml", home)

    @cache
    def base() -> Sequence[Edit]:
        return base_edits(home) if edits is None else edits

    @cache
    def companion(name: str) -> Companion:
        return read_companion(known[name], name, base())

    own = [name for name, path in known.items() if not is_shipped(path)]
    for_payers = [name for name in own if companion(name).is_for_a_payer]
    by_partner: dict[str, Wishes] = {}
    for profile in profiles.values():
        for name in profile.companions:
            if name not in known:
                raise UsageError(
                    f"sftp_config/{profile.name}.toml: [partner] companions: there is no {name!r} in {FOLDER}; "
                    f"known are {', '.join(sorted(known))}"
                )
        names = dict.fromkeys((*profile.companions, *for_payers))
        by_partner[profile.name] = Wishes([companion(name) for name in names], crosswalk, profile.name)
    return Companions(Wishes([companion(name) for name in for_payers], crosswalk), by_partner)


def read_companion(path: Path, name: str, edits: Sequence[Edit]) -> Companion:
    """Reads one file; CompanionFaults has everything that is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CompanionFaults([f"{path}: is not UTF-8"]) from None
    except OSError as error:
        raise CompanionFaults([f"{path}: {error.strerror}"]) from None
    return load_companion(text, name, {one: guide_for(one) for one in BY_TYPE}, edits, str(path))


@dataclass(frozen=True)
class Known:
    """One file of `mappings/companions/`, as it is listed."""

    name: str
    path: Path
    companion: Companion | None
    faults: tuple[str, ...]  # a line each; then there is no companion
    partners: tuple[str, ...]  # whose profiles name it

    @property
    def is_everywhere(self) -> bool:
        """Whether it is in force wherever its claims go."""
        return self.companion is not None and self.companion.is_for_a_payer and not is_shipped(self.path)


def known_companions(home: Path, profiles: Mapping[str, Profile]) -> list[Known]:
    """Every companion that a home may use, in order of its name; those that are wrong, too."""
    edits, found = base_edits(home), []
    for name, path in sorted(listing(FOLDER, ".toml", home).items()):
        partners = tuple(sorted(one.name for one in profiles.values() if name in one.companions))
        try:
            found.append(Known(name, path, read_companion(path, name, edits), (), partners))
        except CompanionFaults as error:
            found.append(Known(name, path, None, error.faults, partners))
    return found


def base_edits(home: Path | None) -> Sequence[Edit]:
    """The edits whose severity a companion may change."""
    from gateway.exchange.admission_rules import load_rules

    return load_rules(home).edits


def is_shipped(path: Path) -> bool:
    """Whether a file travels with the gateway."""
    return path.is_relative_to(SHIPPED)
