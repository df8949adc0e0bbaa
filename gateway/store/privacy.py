"""Whether what the store and the gateway say to each other can be listened to."""

from __future__ import annotations

from sqlalchemy import Connection


def travels_in_the_clear(conn: Connection) -> bool:
    """Whether rows cross a network unencrypted: PostgreSQL without TLS, elsewhere than on this machine."""
    if conn.dialect.name != "postgresql":
        return False
    is_local, is_sealed = conn.exec_driver_sql(
        "SELECT coalesce(inet_client_addr() <<= '127.0.0.0/8' OR inet_client_addr() = '::1', true),"
        " coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)"
    ).one()
    return not is_local and not is_sealed
