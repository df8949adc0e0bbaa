"""What may go wrong between a client and the folder, as values that can be switched while the server runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operation = Literal["open", "write", "close", "read", "stat", "list", "rename", "remove", "mkdir"]


@dataclass(frozen=True, slots=True)
class Faults:
    """The defaults are a good day. Faults may be combined; `times` limits how often one strikes in all.

    An operation that is dropped `before` was never done; `after`, it was done and the client never hears of it.
    """

    takes: Literal["on work", "at once", "any name", "never"] = "on work"
    # on work: the simulator takes a file when it works. at once: the server takes it when it has its final name, so
    # that it is gone before the client can look. any name: temporary names too. never: it stays, and is answered once.
    drop_at: Operation | None = None
    drop_when: Literal["before", "after"] = "before"
    drop_after_bytes: int | None = None  # written or read on one connection
    hang_at: Operation | None = None  # until the faults change or the server stops
    refuse: frozenset[Operation] = frozenset()  # permission denied
    unsupported: frozenset[Operation] = frozenset()  # the server says that it does not know how
    disk_full_after: int | None = None  # bytes written on one connection; 0 for a disk that is full already
    name_taken: bool = False  # a file of the wanted name appears just before the rename
    bytes_per_second: int | None = None
    refuse_login: bool = False
    wrong_host_key: bool = False
    times: int | None = None
