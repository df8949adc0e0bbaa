"""The processes that make sets side by side; one process alone where that is quicker."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from gateway.outbound.checking import CheckedSet, SetJob, checked_set

AT_A_TIME = 2  # sets that a process has: the one that it makes, and the next, so that it never stands idle
FEWEST_CLAIMS = 3_000  # of one file: below, starting a process takes longer than the work


def processors() -> int:
    """How many processes of this one's kind can run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Up to `count` processes, this one among them; started when there is enough for them, and kept until `close`.

    A process that ends unasked (killed, out of memory) costs nothing: this one does what is left itself, and `warn`
    is told once.
    """

    def __init__(self, count: int, warn: Callable[[str], None], *, fewest: int = FEWEST_CLAIMS) -> None:
        self.count = count
        self._warn = warn
        self._fewest = fewest
        self._pool: ProcessPoolExecutor | None = None

    def checked(self, jobs: Sequence[SetJob]) -> Iterator[CheckedSet]:
        """The sets in the order of their jobs, the same bytes for any number of processes."""
        if min(self.count, len(jobs)) < 2 or sum(len(job.members) for job in jobs) < self._fewest:
            return map(checked_set, jobs)
        return self._shared(jobs)

    def _shared(self, jobs: Sequence[SetJob]) -> Iterator[CheckedSet]:
        """This process is one of them: it makes what no other was handed yet. What was handed out is never taken back:
        a pool that breaks cannot bear that."""
        waiting = deque(range(1, len(jobs)))
        shares: dict[int, Future[CheckedSet]] = {}
        self._hand_out(jobs, waiting, shares)
        made = {0: checked_set(jobs[0])}
        for n, job in enumerate(jobs):
            self._hand_out(jobs, waiting, shares)
            while waiting and n not in made and not (n in shares and shares[n].done()):
                own = waiting.popleft()
                made[own] = checked_set(jobs[own])
                self._hand_out(jobs, waiting, shares)
            yield made.pop(n) if n in made else self._done(job, shares.pop(n))

    def _hand_out(self, jobs: Sequence[SetJob], waiting: deque[int], shares: dict[int, Future[CheckedSet]]) -> None:
        """Gives the other processes what they have room for; while they are busy, the last one is for this process."""
        busy = sum(not share.done() for share in shares.values())
        while len(waiting) > min(busy, 1) and busy < AT_A_TIME * (self.count - 1):
            n = waiting.popleft()
            shares[n] = self._begun(jobs[n])
            busy += 1

    def _begun(self, job: SetJob) -> Future[CheckedSet]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.count - 1, mp_context=context, initializer=_begin)
        try:
            return self._pool.submit(checked_set, job)
        except BrokenProcessPool as error:
            failed: Future[CheckedSet] = Future()
            failed.set_exception(error)
            return failed

    def _done(self, job: SetJob, future: Future[CheckedSet]) -> CheckedSet:
        try:
            return future.result()
        except BrokenProcessPool:
            if self.count > 1:
                self._warn("a process that makes sets ended unasked; the rest is made by this one")
            self.count = 1
            self.close()
            return checked_set(job)

    def close(self) -> None:
        """Ends the processes; what they have not begun is not begun any more."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


def _begin() -> None:
    """A worker leaves Ctrl-C to the process that started it, and ends when that one does, however it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
