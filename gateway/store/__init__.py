"""The store: tables, queries and migrations over SQLite and PostgreSQL by the same code.

Other rooms call the functions of its files by noun; each takes a connection from `Store.write()` or `Store.read()`.
"""

from sqlalchemy import Connection

from gateway.store.engine import Store, needs_upgrade, open_store, upgrade
from gateway.store.times import stamp, unstamp

__all__ = ["Connection", "Store", "needs_upgrade", "open_store", "stamp", "unstamp", "upgrade"]
