"""The keys of archive and backups: what is sealed with which, a new key over all, copies of the key kept elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gateway.apart import WORDS
from gateway.app import App
from gateway.errors import GatewayError, Refused, UsageError
from gateway.home import write_new
from gateway.store import backup
from gateway.store.decisions import add_decision, decisions_on
from gateway.vault.keys import Key, parse_key

PLAIN = ""
DAMAGED = "damaged"
_COPIED = "key copied"


class Rekeyed(NamedTuple):
    """What a new key did to the archive."""

    files: int
    changed: int
    faults: tuple[str, ...]  # files that stay as they are, each with the reason

    def document(self) -> dict[str, object]:
        return {"files": self.files, "changed": self.changed, "faults": list(self.faults)}


def sealed_with(app: App) -> Counter[str]:
    """How many archive files each key opens, by key id; PLAIN and DAMAGED beside them."""
    found: Counter[str] = Counter()
    for name in app.archive.names():
        try:
            found.update(app.archive.sealed_with(name) or [PLAIN])
        except GatewayError:
            found[DAMAGED] += 1
    return found


def rekey(app: App, progress: Callable[[int], None] | None = None, *, dry_run: bool = False) -> Rekeyed:
    """Has every archive file opened by the current key alone; plain ones are sealed.

    It may be broken off at any moment and begun again. Raises UsageError where there is no key, KeyUnusable, and
    Busy where another process is at it.
    """
    key = current_key(app)
    _ = app.keys.all  # a former key that cannot be had is said before anything is done
    files, changed, faults = 0, 0, []
    with app.upkeep_lock():
        for name in app.archive.names():
            files += 1
            try:
                if app.archive.sealed_with(name) != [key.id]:
                    changed += dry_run or app.archive.seal_again(name)
            except GatewayError as error:
                faults.append(str(error))
            if progress is not None:
                progress(1)
    return Rekeyed(files, changed, tuple(faults))


def current_key(app: App) -> Key:
    """The key for what is new; UsageError where the home has none."""
    if app.keys.current is None:
        mend = "`gateway keys new FILE` makes one, `key` in [encryption] of gateway.toml names it"
        raise UsageError(f"this home has no key, so nothing is sealed: {mend}")
    return app.keys.current


def copy_key(app: App, file: Path) -> Key:
    """Writes the current key to a new file, for keeping elsewhere, and records that it was; UsageError where not."""
    key = current_key(app)
    _write_key(key, file)
    _record(app, key)
    return key


def make_key(file: Path) -> Key:
    """A new key in a new file; UsageError where it cannot be."""
    from gateway.vault.keys import new_key

    key = new_key()
    _write_key(key, file)
    return key


def confirm_copy(app: App, text: str, where: str) -> Key:
    """Compares a copy with the key in use and records that there is one; UsageError where it is another key."""
    copy, key = parse_key(text, where), current_key(app)
    if copy != key:
        raise UsageError(f"{where}: this is the key {copy.id}, and the one in use is {key.id}")
    _record(app, key)
    return key


def copied_at(app: App, key: Key) -> str | None:
    """When a copy of the key was last made or compared; None where nobody has."""
    with app.store.read() as conn:
        found = [row for row in decisions_on(conn, f"key:{key.id}") if row.action == _COPIED]
    return found[-1].recorded_at if found else None


def back_up(app: App, file: Path) -> Key | None:
    """A copy of the store in a new file, sealed where the home has a key, which is returned. Raises Busy."""
    key = app.keys.current
    with app.upkeep_lock():
        backup.backup(app.store, file, app.keys)
    return key


def refuse_other_usage(app: App, file: Path) -> None:
    """Refused where all that a backup has sent was test and the home is for production, or the reverse: what is ready
    in it would go to the wrong mailboxes with the next round."""
    backed_up = backup.usages_of(app.home.store_url, file, app.keys)
    here = {profile.usage for profile in app.profiles.values()}
    if backed_up and here and not backed_up & here:
        words = [" and ".join(sorted(WORDS.get(one, one) for one in found)) for found in (backed_up, here)]
        raise Refused(
            f"{file} is the backup of a home for {words[0]}, and this home is for {words[1]}: what is ready in it "
            "would go out from here; give --other-usage if it is the backup of this home all the same"
        )


def _write_key(key: Key, file: Path) -> None:
    try:
        write_new(file, f"{key.text()}\n")
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from None


def _record(app: App, key: Key) -> None:
    with app.store.write() as conn:
        reason = "a copy of the key is kept elsewhere"
        add_decision(conn, actor=app.actor, action=_COPIED, subject=f"key:{key.id}", reason=reason, at=app.now())
