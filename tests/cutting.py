"""A TCP relay between a client and a loopback server that cuts or holds what passes, when a test says so."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Self


class CuttingRelay:
    """Relays connections to `target`. Counting starts with the first byte of each connection."""

    def __init__(
        self,
        target: int,
        *,
        cut_after_up: int | None = None,  # bytes from the client after which the connection is cut
        cut_after_down: int | None = None,  # bytes from the server after which it is cut
        pause: float = 0.0,  # seconds before each piece is passed on: a slow link
    ) -> None:
        self._pause = pause
        self._target = target
        self._limits = {"up": cut_after_up, "down": cut_after_down}
        self._hold_after: dict[str, int] = {}
        self._held = {"up": threading.Event(), "down": threading.Event()}
        self._thawed = threading.Event()
        self._thawed.set()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.passed = {"up": 0, "down": 0}
        self._start(self._accept)

    def cut(self) -> None:
        """Breaks every connection now."""
        for sock in list(self._sockets):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def hold(self, direction: str) -> None:
        """From now on nothing passes `up` (to the server) or `down`, and the connection stays open."""
        self._held[direction].set()

    def hold_after(self, direction: str, count: int) -> None:
        """Nothing passes in that direction once `count` bytes did, and the connection stays open."""
        self._hold_after[direction] = count

    def freeze(self) -> None:
        """From now on nothing is read from either side, so that a sender's buffers fill up."""
        self._thawed.clear()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for event in self._held.values():
            event.clear()
        self._thawed.set()
        self.cut()
        for thread in self._threads:
            thread.join(5)
        for sock in self._sockets:
            sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [client, server]
            self._start(self._pump, client, server, "up")
            self._start(self._pump, server, client, "down")

    def _pump(self, source: socket.socket, sink: socket.socket, direction: str) -> None:
        limit = self._limits[direction]
        with contextlib.suppress(OSError):
            while chunk := source.recv(4096):
                self._thawed.wait()
                room = self._hold_after.get(direction, len(chunk) + self.passed[direction]) - self.passed[direction]
                chunk = chunk[: max(room, 0)]
                if self._held[direction].is_set() or not chunk:
                    continue
                if limit is not None and self.passed[direction] + len(chunk) > limit:
                    self.cut()
                    return
                if self._pause:
                    time.sleep(self._pause)
                sink.sendall(chunk)
                self.passed[direction] += len(chunk)
        for sock in (source, sink):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
