"""Copies of files for tests, under a key that stays."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from gateway.deidentify.copying import Copier
from gateway.deidentify.rules import shipped_rules
from gateway.deidentify.values import Values

REPOSITORY = Path(__file__).resolve().parents[2]
CORPUS = REPOSITORY.parent / "shared" / "corpus"


def copier(key: bytes = b"the key of a test", *, keep_providers: bool = False) -> Copier:
    return Copier(Values(key, keep_providers=keep_providers), shipped_rules())


def copy_of(data: bytes, by: Copier | None = None) -> bytes:
    """The copy of one file."""
    out = io.BytesIO()
    (by or copier()).copy(io.BytesIO(data), out)
    return out.getvalue()


def interchange(*segments: str, sender: str = "ZZ:SENDER", receiver: str = "ZZ:RECEIVER") -> bytes:
    """Segments of one transaction set in an envelope."""
    parties = "*".join(f"{code}*{name:<15}" for code, _, name in (one.partition(":") for one in (sender, receiver)))
    isa = f"ISA*00*          *00*          *{parties}*260302*1200*^*00501*000000001*0*T*:"
    gs = f"GS*HC*{sender.split(':')[1]}*{receiver.split(':')[1]}*20260302*1200*1*X*005010X222A1"
    body = ["ST*837*0001*005010X222A1", *segments, f"SE*{len(segments) + 2}*0001"]
    return "".join(f"{one}~\n" for one in (isa, gs, *body, "GE*1*1", "IEA*1*000000001")).encode()


def lines(data: bytes) -> list[str]:
    """The segments of a copy between ST and SE."""
    found = [line.rstrip("~") for line in data.decode().splitlines()]
    return found[3:-3]


def files() -> Iterator[Path]:
    """Every fixture, and every file of the corpus where it is there."""
    for folder in (REPOSITORY / "fixtures" / "edi", CORPUS):
        yield from _below(sorted(folder.rglob("*")))


def _below(paths: Iterable[Path]) -> Iterator[Path]:
    return (path for path in paths if path.is_file() and path.suffix not in (".json", ".md", ".tsv", ".toml"))
