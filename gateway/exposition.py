"""Metrics as Prometheus reads them, and the small server for them: `/metrics` and `/healthz`, on loopback.

The one module that knows prometheus-client. It uses a registry of its own, so nothing of this process but our own
gauges is shown.
"""

from __future__ import annotations

import ipaddress
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from gateway.errors import UsageError
from gateway.exchange.measures import Measure

SECONDS = 10.0  # that one who asks may take
FRESH_SECONDS = 5.0  # for which an answer is given again
_BACKLOG = 16


class _Once(Collector):
    def __init__(self, measures: Sequence[Measure]) -> None:
        self._measures = measures

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for one in self._measures:
            family = GaugeMetricFamily(one.name, one.help, labels=one.labels)
            for labels, value in one.samples:
                family.add_metric([labels[name] for name in one.labels], value)
            yield family


def as_text(measures: Sequence[Measure]) -> bytes:
    """The measures in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(measures))
    return generate_latest(registry)


def parse_address(text: str, *, anywhere: bool = False) -> tuple[str, int]:
    """`HOST:PORT`, or a port on 127.0.0.1. UsageError for another address than a loopback one, unless `anywhere`."""
    host, colon, port = text.rpartition(":")
    host = host.strip("[]") if colon else "127.0.0.1"
    if not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise UsageError(f"{text!r}: give HOST:PORT, such as 127.0.0.1:9464")
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise UsageError(f"{text!r}: give an address by its number, such as 127.0.0.1:9464") from None
    if not address.is_loopback and not anywhere:
        raise UsageError(
            f"{address} can be reached from other machines: whoever asks would see partners, counts and sums; "
            "give 127.0.0.1, or say --metrics-anywhere"
        )
    return str(address), int(port)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD of two paths; says nothing of what it is made of."""

    timeout = SECONDS
    server: _Server
    protocol_version = "HTTP/1.0"  # a connection a question: nobody holds the one thread

    def version_string(self) -> str:
        return "gateway"

    def log_message(self, *_: Any) -> None:
        """Who asks is no news."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            status, kind, text = 200, CONTENT_TYPE_LATEST, as_text(self.server.ask())
        elif path == "/healthz":
            healthy, document = self.server.health()
            status, kind, text = (200 if healthy else 503), "application/json", json.dumps(document).encode() + b"\n"
        else:
            status, kind, text = 404, "text/plain", b"/metrics or /healthz\n"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if body:
            self.wfile.write(text)


class _Server(HTTPServer):
    request_queue_size = _BACKLOG

    def __init__(self, address: tuple[str, int], ask: Callable[[], list[Measure]]) -> None:
        self.address_family = 10 if ":" in address[0] else 2  # AF_INET6, AF_INET
        self._ask = ask
        self._last: tuple[float, list[Measure]] | None = None
        super().__init__(address, _Handler)

    def ask(self) -> list[Measure]:
        """The measures, a few seconds old at most: whoever asks all the time costs the store nothing."""
        now = time.monotonic()
        if self._last is None or now - self._last[0] > FRESH_SECONDS:
            self._last = now, self._ask()
        return self._last[1]

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Whether the store can be read; what a person wants to know first."""
        by_name = {one.name: one for one in self.ask()}
        up = by_name["gateway_store_up"].samples[0][1] == 1
        alerts = by_name.get("gateway_open_alerts")
        waiting = {labels["kind"]: int(value) for labels, value in alerts.samples if value} if alerts else {}
        return up, {"status": "ok" if up else "the store cannot be read", "open_alerts": waiting}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who breaks off, or asks nonsense, is no news either."""


@contextmanager
def serving(address: tuple[str, int], ask: Callable[[], list[Measure]]) -> Iterator[int]:
    """Serves within the block, in one thread of its own; gives the port. UsageError where the port cannot be had.

    :param ask: gives the measures; called in that thread
    """
    try:
        server = _Server(address, ask)
    except OSError as error:
        raise UsageError(f"{address[0]}:{address[1]}: metrics cannot be served there: {error.strerror}") from None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join(SECONDS)
        server.server_close()
