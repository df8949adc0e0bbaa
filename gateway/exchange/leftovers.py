"""Temporary files of ours that a broken delivery left in a partner's folder: recognised by the recorded steps, removed.

Only those of deliveries that have ended; that of an unknown one is evidence. What is gone is recorded, so that it is
not looked for again; one that the partner lets nobody remove opens a session of its own a few times only.
"""

from __future__ import annotations

import json
from typing import Final, NamedTuple

from gateway.app import App
from gateway.errors import GatewayError
from gateway.partners import Profile
from gateway.store import batches
from gateway.transport.deliver import Step, remove_leftovers
from gateway.transport.port import Transport

MOST_TRIES: Final = 5  # sessions that are opened for nothing else


class _Left(NamedTuple):
    batch_id: int
    attempt: int
    temp_name: str
    tries: int


def place_of(profile: Profile) -> dict[str, str]:
    """Where a delivery goes, kept with its first step: a profile may name another place by the time it is settled."""
    if (login := profile.sftp) is not None:
        return {"server": f"{login.username}@{login.host}", "port": str(login.port), "folder": profile.send_folder}
    return {"server": f"folder {profile.folder}", "folder": profile.send_folder}


def are_waiting(app: App, profile: Profile) -> bool:
    """Whether there is one that is worth a session."""
    return any(one.tries < MOST_TRIES for one in _left(app, profile))


def remove(app: App, profile: Profile, transport: Transport) -> None:
    """Removes what is left of this partner's ended deliveries; where that fails it is tried again another time."""
    left = _left(app, profile)
    if not left:
        return
    try:
        standing = remove_leftovers(transport, profile.send_folder, [one.temp_name for one in left])
    except GatewayError as error:
        app.log.warning("leftovers not removed", partner=profile.name, error=type(error).__name__)
        return
    with app.store.write() as conn:
        for one in left:
            step = Step.LEFTOVER_STAYS if one.temp_name in standing else Step.LEFTOVER_GONE
            batches.record_step(conn, one.batch_id, one.attempt, step.value, {}, at=app.now())


def _left(app: App, profile: Profile) -> list[_Left]:
    """The temporary files that may still stand where the profile sends to now."""
    with app.store.read() as conn:
        rows = batches.left_behind(conn, profile.name)
    place, found = place_of(profile), []
    place.pop("port", None)  # the same server, by another way
    for row in rows:
        detail = json.loads(row.detail)
        if place.items() <= detail.items():
            found.append(_Left(row.batch_id, row.attempt, str(detail["temp_name"]), row.tries))
    return found
