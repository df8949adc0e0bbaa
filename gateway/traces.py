"""Traces by OpenTelemetry, where `[traces]` of `gateway.toml` asks for them; else nothing of it is imported.

A span holds our own numbers and the names of partners. An error is its type's name: texts may hold what a server said.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from gateway import __version__
from gateway.errors import UsageError

ATTRIBUTES = frozenset(("partner", "batch", "claims", "file", "files", "state", "status", "exit_code"))
_SECONDS = 5  # that the collector may take; what it does not take is lost


class Span(Protocol):
    """A step under way."""

    def put(self, **attributes: str | int) -> None:
        """Adds what is known of it by now."""


class NoSpan:
    """Where no traces are asked for."""

    def put(self, **attributes: str | int) -> None:
        pass


class _Recorded:
    def __init__(self, span: object) -> None:
        self._span = span

    def put(self, **attributes: str | int) -> None:
        if strange := attributes.keys() - ATTRIBUTES:
            raise ValueError(f"no attribute of a span: {', '.join(strange)}")
        for name, value in attributes.items():
            self._span.set_attribute(f"gateway.{name}", value)  # type: ignore[attr-defined]


class Traces:
    """Where spans are sent: OTLP over HTTP, in the background. Nothing waits for the collector but the end."""

    def __init__(self, endpoint: str) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            raise UsageError("[traces] needs OpenTelemetry: pip install 'medclaims-gateway[otel]'") from None
        resource = Resource({"service.name": "gateway", "service.version": __version__})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=endpoint, timeout=_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("gateway")

    @contextmanager
    def span(self, name: str, **attributes: str | int) -> Iterator[Span]:
        """A step; those that begin within it are its parts."""
        from opentelemetry.trace import StatusCode

        with self._tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
            recorded = _Recorded(span)
            recorded.put(**attributes)
            try:
                yield recorded
            except Exception as error:
                span.set_status(StatusCode.ERROR, type(error).__name__)
                raise

    def close(self) -> None:
        """Sends what waits, as long as the collector takes it in time."""
        self._provider.shutdown()
