"""Looking at one file of a mailbox, whatever way the partner's server leaves open."""

from __future__ import annotations

from typing import Final

from gateway.transport.port import PermissionDenied, RemoteFile, Transport, Unsupported

NOT_ANSWERED: Final = (PermissionDenied, Unsupported)  # a server that does not answer this question, whatever is there


def look(transport: Transport, folder: str, name: str) -> RemoteFile | None:
    """One file by its name, through the listing where the partner does not answer for single files.

    Raises PermissionDenied or Unsupported where he does not list either.
    """
    try:
        return transport.stat(folder, name)
    except NOT_ANSWERED:
        return next((file for file in transport.list_files(folder) if file.name == name), None)
