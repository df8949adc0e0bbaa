"""What `doctor` asks about the safety of what is kept: is it sealed, can it be opened, is there a copy of the key."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from gateway.app import App
from gateway.errors import GatewayError
from gateway.exchange.safekeeping import DAMAGED, PLAIN, copied_at, sealed_with
from gateway.exchange.volumes import on_encrypted_disk
from gateway.store.engine import file_of

Said = tuple[str, str, str, str, int]  # level, what, text, how to mend it, exit code


def encryption(app: App) -> Iterator[Said]:
    """Whether archive and backups are sealed, and can be opened tomorrow."""
    files = sealed_with(app)
    plain, damaged = files.pop(PLAIN, 0), files.pop(DAMAGED, 0)
    if damaged:
        yield _error(f"{damaged} archive files are damaged", "`gateway store check` names them; see the runbooks")
    key = app.keys.current
    if key is None:
        mend = "`gateway keys new FILE`, name it as `key` in [encryption] of gateway.toml, then `gateway store rekey`"
        yield _warning("archive and backups are not sealed", mend)
    else:
        yield "ok", "encryption", f"archive and backups are sealed with the key {key.id}", "", 0
        yield from _copy(app)
    for key_id in files.keys() - app.keys.all.keys():
        text = f"{files[key_id]} archive files are sealed with the key {key_id}, which is not known here"
        yield _error(text, "name it in [encryption] `former` of gateway.toml, from the copy that was kept")
    former = sum(count for key_id, count in files.items() if key is not None and key_id != key.id)
    if key is not None and (former or plain):
        yield _warning(f"{plain} archive files are not sealed, {former} have a former key", "`gateway store rekey`")


def permissions(app: App) -> Iterator[Said]:
    """Whether others on this machine may look at what is confidential, and whether the archive leads elsewhere."""
    home = app.home.path
    private = [path for path in (home / "data", home / "keys", app.home.archive_path) if path.is_dir()]
    shown = sorted({place for folder in private for place in _tree(folder) if _is_open_to_others(place)})
    if shown:
        text = f"{len(shown)} files and folders can be read by others, {shown[0]} for one"
        yield "warning", "permissions", text, f"chmod -R go= {home}/data {home}/keys", 0
    links = [place for place in _tree(app.home.archive_path) if place.is_symlink() and place != app.home.archive_path]
    for link in links:
        mend = "put the files themselves in its place; the archive as a whole may be a link, or named in [archive] path"
        yield "error", "permissions", f"{link} is a link: the archive follows none", mend, 2
    if not shown and not links:
        yield "ok", "permissions", "data and keys are for their owner alone", "", 0


def _tree(folder: Path) -> Iterator[Path]:
    yield folder
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files))


def _is_open_to_others(place: Path) -> bool:
    try:
        mode = place.lstat().st_mode
    except OSError:  # gone meanwhile
        return False
    return not stat.S_ISLNK(mode) and bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


def at_rest(app: App) -> Iterator[Said]:
    """Whether store and spool lie on an encrypted disk, as far as anybody knows."""
    what, store = "disk encryption", file_of(app.home.store_url)
    places = {app.home.path, *([store.parent] if store else [])}
    found = {on_encrypted_disk(place) for place in places}
    if found == {True}:
        yield "ok", what, "the home lies on an encrypted disk (dm-crypt)", "", 0
    elif app.home.disk_is_encrypted:
        yield "ok", what, "gateway.toml says that the home lies on an encrypted disk", "", 0
    else:
        text = "the home lies on a disk that is not encrypted, as far as this machine knows"
        if False not in found:
            text = "whether the home lies on an encrypted disk cannot be told from here"
        mend = 'see to it (LUKS, FileVault, the provider\'s volumes), then write disk = "encrypted" into [encryption]'
        yield "warning", what, text, mend, 0


def _copy(app: App) -> Iterator[Said]:
    key, (reference, _) = app.keys.current, app.home.encryption
    if key is None or reference.startswith("command:"):  # a program gives it: whoever runs that keeps it
        return
    try:
        copied = copied_at(app, key)
    except GatewayError:
        return  # without a store nobody knows, and that is said elsewhere
    if copied is None:
        mend = "`gateway keys copy FILE`, to be kept elsewhere; `gateway keys check FILE` for one that you have"
        yield _warning(f"no copy of the key {key.id} is known: archive and backups are lost with it", mend)


def _warning(text: str, mend: str) -> Said:
    return "warning", "encryption", text, mend, 0


def _error(text: str, mend: str) -> Said:
    return "error", "encryption", text, mend, 2
