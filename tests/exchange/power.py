"""A disk that forgets: what of a folder is left when the power goes, by what was fsynced.

`Disk.begin` takes all of the folder for safely written. From then on a process that calls `synced` after each fsync
keeps, beside the folder, the bytes of the file or the names in the folder as they stood then. `Disk.cut` puts the
folder back to exactly that: a file that was never fsynced is empty, a name whose folder was not is gone, or back.

The store is not in it: SQLite (with synchronous = FULL) and PostgreSQL write their own files, and promise that what was
committed is on the disk.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
from pathlib import Path


class Disk:
    """One folder, and beside it what is safely written of it; several processes may use it in turn."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._safe = folder.with_name(f"{folder.name}.disk")

    def begin(self) -> None:
        """All that stands there is safe."""
        shutil.rmtree(self._safe, ignore_errors=True)
        for name in ("bytes", "names", "pins"):
            (self._safe / name).mkdir(parents=True)
        for place, folders, files in os.walk(self.folder):
            for path in (Path(place), *(Path(place) / name for name in files)):
                self._keep(path)
            folders.sort()

    def synced(self, descriptor: int) -> None:
        """The file or folder behind this descriptor was fsynced."""
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path == self.folder or self.folder in path.parents:
            self._keep(path)

    def cut(self) -> list[str]:
        """The power goes. Gives the files that were lost or shortened, relative to the folder."""
        before = self._contents()
        fresh = self.folder.with_name(f"{self.folder.name}.fresh")
        self._build(self.folder.stat().st_ino, fresh)
        shutil.rmtree(self.folder)
        fresh.rename(self.folder)
        after = self._contents()
        self.begin()
        return sorted(name for name in before if before[name] != after.get(name))

    def _contents(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()
        }

    def _keep(self, path: Path) -> None:
        about = path.stat()
        number = str(about.st_ino)
        if stat.S_ISDIR(about.st_mode):
            self._put(
                "names",
                number,
                json.dumps({one.name: (one.inode(), one.is_dir()) for one in os.scandir(path)}).encode(),
            )
        else:
            with contextlib.suppress(FileExistsError):
                os.link(path, self._safe / "pins" / number)  # so that its number is not given to another file
            self._put("bytes", number, path.read_bytes())

    def _put(self, kind: str, number: str, content: bytes) -> None:
        part = self._safe / kind / f"{number}.part"
        part.write_bytes(content)
        part.replace(self._safe / kind / number)  # whole or not at all: a kill may fall into this too

    def _build(self, number: int, target: Path) -> None:
        target.mkdir(mode=0o700)
        listed = self._safe / "names" / str(number)
        names: dict[str, tuple[int, bool]] = json.loads(listed.read_text()) if listed.exists() else {}
        for name, (inode, is_folder) in names.items():
            if is_folder:
                self._build(inode, target / name)
            else:
                content = self._safe / "bytes" / str(inode)
                (target / name).write_bytes(content.read_bytes() if content.exists() else b"")
