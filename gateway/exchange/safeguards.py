"""What `doctor` asks about the safety of what is kept: is it sealed, can it be opened, is there a copy of the key."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.app import App
from gateway.errors import GatewayError
from gateway.exchange.safekeeping import DAMAGED, PLAIN, copied_at, sealed_with

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
        yield _warning(f"no copy of the key {key.id} is known: if it is lost, archive and backups are", mend)


def _warning(text: str, mend: str) -> Said:
    return "warning", "encryption", text, mend, 0


def _error(text: str, mend: str) -> Said:
    return "error", "encryption", text, mend, 2
