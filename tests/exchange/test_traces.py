"""Traces: where they are asked for, and only there; a span a step, nothing of a patient, and nobody waits for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alert_servers import Hook, http_server
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from practice import Partner, Practice, in_a_folder

from gateway.traces import ATTRIBUTES, Traces

pytestmark = [
    pytest.mark.usefixtures("quick"),
    pytest.mark.parametrize("new_store_url", ["sqlite"], indirect=True),  # a span knows no store
]


@pytest.fixture
def collector() -> Iterator[Hook]:
    """A collector that takes what it is sent."""
    with http_server() as hook:
        hook.status = 200
        yield hook


@pytest.fixture
def partner(practice: Practice, tmp_path: Path) -> Partner:
    return practice.partner(in_a_folder(tmp_path / "partner"))


def ask_for_traces(practice: Practice, endpoint: str) -> None:
    (practice.home / "gateway.toml").write_text(f"[traces]\nendpoint = {json.dumps(endpoint)}\n")


def spans(collector: Hook) -> list[Span]:
    found: list[Span] = []
    for _, _, body in collector.posts:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            found += [span for scope in resource.scope_spans for span in scope.spans]
    return found


def test_a_round_is_a_trace_of_its_steps(practice: Practice, partner: Partner, collector: Hook) -> None:
    """Steps are parts of their round; what they name are partners, our own numbers, counts and states."""
    ask_for_traces(practice, collector.url)
    numbers = practice.take_in(4)
    practice.gateway("exchange")
    partner.work()
    practice.gateway("exchange")
    found = spans(collector)
    by_id = {span.span_id: span for span in found}
    names = {span.name for span in found}
    assert names == {"round", "build", "send", "fetch", "build batch", "deliver batch", "process file"}
    parents = {span.name: by_id[span.parent_span_id].name for span in found if span.parent_span_id}
    assert parents == {
        "build": "round",
        "send": "round",
        "fetch": "round",
        "build batch": "build",
        "deliver batch": "send",
        "process file": "round",
    }
    keys = {attribute.key for span in found for attribute in span.attributes}
    assert keys <= {f"gateway.{name}" for name in ATTRIBUTES}
    assert not any(number.encode() in body for _, _, body in collector.posts for number in numbers)


def test_an_error_is_its_type_alone(practice: Practice, collector: Hook) -> None:
    """The words of an error may be a server's, and stay out."""
    traces = Traces(collector.url)
    with pytest.raises(ValueError, match="Zebrastone"), traces.span("step", partner="house"):
        raise ValueError("Zebrastone")
    with pytest.raises(ValueError, match="no attribute"), traces.span("step", patient="x"):
        pass
    traces.close()
    assert "ValueError" in {span.status.message for span in spans(collector)}
    assert not any(b"Zebrastone" in body for _, _, body in collector.posts)


def test_a_collector_that_is_not_there_changes_nothing(practice: Practice, partner: Partner, collector: Hook) -> None:
    """The round leaves as ever, without a word."""
    collector.status = 400
    ask_for_traces(practice, collector.url)
    practice.take_in(1)
    ran = practice.gateway("exchange")
    assert ran.err == ""
    assert [one["state"] for one in practice.batches()] == ["sent"]


def test_nothing_of_it_is_loaded_where_nobody_asks(practice: Practice, partner: Partner) -> None:
    """Neither OpenTelemetry nor the metrics' library costs who does not use them."""
    program = (
        "import sys; from gateway.cli import run; code = run(['exchange']); "
        "print(code, [name for name in ('opentelemetry', 'prometheus_client', 'smtplib') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | practice.environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1].startswith("0 [")
    assert "opentelemetry" not in done.stdout and "prometheus_client" not in done.stdout


def test_an_address_that_is_no_collector_is_named(practice: Practice) -> None:
    """File, line and key, as for every setting; plain HTTP stays on this machine."""
    ask_for_traces(practice, "http://example.com/v1/traces")
    assert "line 2: [traces] endpoint: must be https" in practice.gateway("batches", "list", code=2).err
