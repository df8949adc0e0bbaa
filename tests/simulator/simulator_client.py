"""A real paramiko client for the simulator's server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import paramiko

from gateway.simulator import Simulator

BROKEN = (OSError, EOFError, paramiko.SSHException)  # what a client sees when a connection is cut or an answer is bad


@contextlib.contextmanager
def connected(
    simulator: Simulator, password: str | None = None, key: paramiko.PKey | None = None
) -> Iterator[paramiko.SFTPClient]:
    """A session whose host key was checked against the line to be pinned."""
    transport = paramiko.Transport((simulator.host, simulator.port))
    transport.set_log_channel("tests.silent")
    try:
        transport.start_client(timeout=30)
        offered = transport.get_remote_server_key()
        assert f"{offered.get_name()} {offered.get_base64()}" == simulator.host_key_line, "host key"
        if key:
            transport.auth_publickey(simulator.username, key)
        else:
            transport.auth_password(simulator.username, simulator.password if password is None else password)
        client = paramiko.SFTPClient.from_transport(transport)
        assert client
        with client:
            yield client
    finally:
        transport.close()


def put(client: paramiko.SFTPClient, name: str, content: bytes) -> None:
    """Writes without looking afterwards, unlike `paramiko.put`."""
    with client.open(name, "wx") as handle:
        handle.write(content)
