"""Whether a folder lies on an encrypted disk, where the system can tell: Linux knows what lies on dm-crypt (LUKS)."""

from __future__ import annotations

import os
from pathlib import Path

_SYS = Path("/sys")


def on_encrypted_disk(folder: Path, sys: Path = _SYS) -> bool | None:
    """True where every layer below the folder ends in dm-crypt; False where a disk lies bare; None where nobody can
    tell (network, ZFS, containers, other systems)."""
    try:
        device = folder.stat().st_dev
        found = (sys / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}").resolve(strict=True)
    except OSError:
        return None
    return _encrypted(found)


def _encrypted(device: Path) -> bool:
    """A device of /sys; one that is made of several is encrypted where all of them are."""
    try:
        if (device / "dm" / "uuid").read_text(encoding="ascii", errors="replace").startswith("CRYPT-"):
            return True
    except OSError:
        pass  # no device of the mapper
    below = device / "slaves"
    layers = [layer.resolve() for layer in below.iterdir()] if below.is_dir() else []
    return bool(layers) and all(_encrypted(layer) for layer in layers)
