"""Which SSH algorithms a connection may use: the usual ones for everybody, old ones where a profile names them.

Old servers are met in the field. What they need is weaker, so it is allowed partner by partner, and only what is not
broken outright; each is tried last, when the server offers nothing better.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

KEX: Final = "key exchange"
HOST_KEY: Final = "host key"
CIPHER: Final = "cipher"
MAC: Final = "MAC"
SIGNATURE: Final = "signature of our RSA key"

SHA1_SIGNATURE: Final = "ssh-rsa"  # RSA with SHA-1: of the server's host key, and of our own key

# What a profile may allow, the best first. Not among them, whoever asks: 1024-bit groups, DSA, RC4, MD5.
OLD: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        KEX: ("diffie-hellman-group14-sha1", "diffie-hellman-group-exchange-sha1"),
        HOST_KEY: (SHA1_SIGNATURE,),
        CIPHER: ("aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc"),
        MAC: ("hmac-sha1", "hmac-sha1-96"),
        SIGNATURE: (SHA1_SIGNATURE,),
    }
)
ALL_OLD: Final = tuple(dict.fromkeys(name for names in OLD.values() for name in names))

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9@.+_-]{0,63}")
_SHOWN: Final = 8  # names of a server that are repeated
_NO_NAMES: Final = ("ext-info-", "kex-strict-")  # signs that stand among the key exchanges


def allowed_of(kind: str, usual: Sequence[str], old: Iterable[str]) -> tuple[str, ...]:
    """The usual ones, and behind them the old ones that the profile names."""
    named = set(old)
    return (*usual, *(name for name in OLD[kind] if name in named and name not in usual))


def unmet(offered: Mapping[str, Sequence[str]], allowed: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The kinds of which the server offers nothing that is allowed."""
    return (kind for kind, names in offered.items() if not set(names) & set(allowed[kind]))


def explain(
    address: str, offered: Mapping[str, Sequence[str]], allowed: Mapping[str, Sequence[str]], old: Sequence[str]
) -> tuple[str, str]:
    """One line about what does not fit, and the line for the profile that mends it; empty where none does."""
    kinds = list(unmet(offered, allowed))
    said = "; ".join(
        f"{kind}: it offers {_listed(offered[kind])}, allowed are {_listed(allowed[kind])}" for kind in kinds
    )
    found = [next((name for name in OLD[kind] if name in offered[kind]), "") for kind in kinds]
    text = f"{address} and the profile have no algorithm in common: {said}"
    if not all(found):
        return f"{text}. What it offers is too weak to be allowed: ask the partner for another server", ""
    names = ", ".join(f'"{name}"' for name in dict.fromkeys([*old, *found]))
    line = f"old_algorithms = [{names}]"
    return f"{text}. To allow it for this partner alone, put into [sftp] of the profile: {line}", line


def _listed(names: Sequence[str]) -> str:
    """Names of a server, so far as they look like names."""
    plain = [one for one in names if _PLAIN.fullmatch(one) and not one.startswith(_NO_NAMES)]
    more = f" and {len(names) - _SHOWN} more" if len(plain) > _SHOWN else ""
    return ", ".join(plain[:_SHOWN]) + more if plain else "none"
