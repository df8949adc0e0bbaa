"""Where the shipped data folders lie: `mappings/` and `sftp_config/`, the same in a checkout, a wheel and an sdist.

`gateway/mappings` and `gateway/sftp_config` are links to the folders at the top of the repository; in a wheel they are
real folders. A home may hold additions of its own, which win over the shipped file of the same name.
"""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).resolve().parent


def find(kind: str, name: str, home: Path | None = None) -> Path | None:
    """The file `name` of a data folder such as "mappings/sources": the home's, else the shipped one, else nothing."""
    for root in (home, SHIPPED):
        if root is not None and (path := root / kind / name).is_file():
            return path
    return None


def listing(kind: str, suffix: str, home: Path | None = None) -> dict[str, Path]:
    """Every file of a data folder by its stem; a home's file hides the shipped one of the same name."""
    found: dict[str, Path] = {}
    for root in (SHIPPED, home):
        if root is not None:
            found |= {path.stem: path for path in sorted((root / kind).glob(f"*{suffix}"))}
    return found


def guide_text(name: str) -> str:
    """The guide table of that name, for example "837P"; FileNotFoundError where there is none."""
    return (SHIPPED / "mappings" / "guides" / f"{name}.csv").read_text(encoding="utf-8")
