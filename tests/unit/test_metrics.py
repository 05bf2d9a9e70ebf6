"""Self-monitoring: the names, types, labels and meanings of vmanomaly's metrics, and of ours."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from vm_df_writer import (
    ConfigError,
    ServerRejected,
    Verification,
    WriterConfig,
    WriteReport,
    WriterMetrics,
)
from vm_df_writer.delivery.observer import DeliveryObserver
from vm_df_writer.metrics import MetricsPush

prometheus_client = pytest.importorskip("prometheus_client")

from prometheus_client.parser import text_string_to_metric_families  # noqa: E402

OF = {"url": "http://vm:8428/api/v1/import", "query_key": "cpu"}
ALIASES = {"scheduler_alias": "nightly", "preset": "ui"}
LABELS = {"url", "query_key", "scheduler_alias", "preset"}
OWN = {"scheduler_alias", "preset"}

# name: (type, labels), as vmanomaly documents them and its public alert rules use them.
VMANOMALY: dict[str, tuple[str, set[str]]] = {
    "vmanomaly_writer_request_duration_seconds": ("histogram", LABELS),
    "vmanomaly_writer_responses": ("counter", LABELS | {"code"}),
    "vmanomaly_writer_sent_bytes": ("counter", LABELS),
    "vmanomaly_writer_request_serialize_seconds": ("histogram", LABELS),
    "vmanomaly_writer_datapoints_sent": ("counter", LABELS),
    "vmanomaly_writer_timeseries_sent": ("counter", LABELS),
}
OURS: dict[str, tuple[str, set[str]]] = {
    "vm_df_writer_retries": ("counter", OWN),
    "vm_df_writer_in_doubt_bodies": ("counter", OWN),
    "vm_df_writer_dropped_samples": ("counter", OWN | {"reason"}),
    "vm_df_writer_undelivered_samples": ("counter", OWN),
    "vm_df_writer_verified_samples": ("counter", OWN | {"result"}),
    "vm_df_writer_spool_files": ("gauge", OWN),
    "vm_df_writer_spool_bytes": ("gauge", OWN),
    "vm_df_writer_job_parts": ("gauge", OWN | {"state"}),
    "vm_df_writer_job_rows_left": ("gauge", OWN),
}

REPORT = WriteReport(
    layout="wide",
    dropped={"nan": 2, "inf": 1},
    retries=3,
    in_doubt=1,
    undelivered=7,
    verification=Verification(expected=10, found=9, missing=1),
)


def used() -> WriterMetrics:
    metrics = WriterMetrics(scheduler_alias="nightly", preset="ui")
    metrics.on_prepared(**OF, series=4, serialize_s=0.02)
    metrics.on_attempt(**OF, code="503", duration_s=0.2)
    metrics.on_attempt(**OF, code="204", duration_s=0.1)
    metrics.on_body(**OF, samples=100, bytes_sent=2000)
    metrics.on_write(REPORT)
    metrics.on_spool(files=2, size_bytes=500)
    metrics.on_job(parts={"done": 3, "failed": 1}, rows_left=40)
    return metrics


def families(metrics: WriterMetrics) -> dict[str, Any]:
    parsed = text_string_to_metric_families(metrics.exposition().decode())
    return {family.name: family for family in parsed if not family.name.endswith("_created")}


def value(metrics: WriterMetrics, name: str, **labels: str) -> float | None:
    found: float | None = metrics.registry.get_sample_value(name, ALIASES | labels)
    return found


def test_names_types_and_labels_are_those_of_vmanomaly_and_ours() -> None:
    found = families(used())
    assert found.keys() == (VMANOMALY | OURS).keys()
    for name, (kind, labels) in (VMANOMALY | OURS).items():
        assert found[name].type == kind
        for sample in found[name].samples:
            assert set(sample.labels) - {"le"} == labels, sample
    assert {sample.name for sample in found["vmanomaly_writer_responses"].samples} == {
        "vmanomaly_writer_responses_total"
    }


def test_every_attempt_is_timed_and_counted_by_its_code() -> None:
    metrics = used()
    assert value(metrics, "vmanomaly_writer_request_duration_seconds_count", **OF) == 2
    assert value(metrics, "vmanomaly_writer_request_duration_seconds_sum", **OF) == (
        pytest.approx(0.3)
    )
    for code in ("503", "204"):
        assert value(metrics, "vmanomaly_writer_responses_total", **OF, code=code) == 1


def test_bytes_and_samples_count_once_they_are_acknowledged_and_series_when_prepared() -> None:
    metrics = WriterMetrics(scheduler_alias="nightly", preset="ui")
    metrics.on_prepared(**OF, series=4, serialize_s=0.02)
    metrics.on_attempt(**OF, code="503", duration_s=0.2)
    assert value(metrics, "vmanomaly_writer_timeseries_sent_total", **OF) == 4
    assert value(metrics, "vmanomaly_writer_request_serialize_seconds_count", **OF) == 1
    assert value(metrics, "vmanomaly_writer_datapoints_sent_total", **OF) is None
    metrics.on_body(**OF, samples=100, bytes_sent=2000)
    assert value(metrics, "vmanomaly_writer_datapoints_sent_total", **OF) == 100
    assert value(metrics, "vmanomaly_writer_sent_bytes_total", **OF) == 2000


def test_a_report_gives_what_only_it_knows() -> None:
    metrics = used()
    assert value(metrics, "vm_df_writer_retries_total") == 3
    assert value(metrics, "vm_df_writer_in_doubt_bodies_total") == 1
    assert value(metrics, "vm_df_writer_undelivered_samples_total") == 7
    assert value(metrics, "vm_df_writer_dropped_samples_total", reason="nan") == 2
    assert value(metrics, "vm_df_writer_verified_samples_total", result="found") == 9
    assert value(metrics, "vm_df_writer_verified_samples_total", result="missing") == 1
    metrics.on_write(WriteReport(layout="wide", undelivered=1))
    assert value(metrics, "vm_df_writer_undelivered_samples_total") == 8


def test_what_alerts_wait_for_is_there_as_zero_before_anything_happens() -> None:
    metrics = WriterMetrics(scheduler_alias="nightly", preset="ui")
    assert value(metrics, "vm_df_writer_undelivered_samples_total") == 0
    for result in ("missing", "mismatched"):
        assert value(metrics, "vm_df_writer_verified_samples_total", result=result) == 0


def test_spool_and_job_are_told_as_they_are_now() -> None:
    metrics = used()
    metrics.on_spool(files=0, size_bytes=0)
    assert value(metrics, "vm_df_writer_spool_files") == 0
    assert value(metrics, "vm_df_writer_job_parts", state="failed") == 1
    assert value(metrics, "vm_df_writer_job_rows_left") == 40


def test_the_metrics_are_an_observer_of_a_delivery() -> None:
    observer: DeliveryObserver = WriterMetrics()  # the type checker compares the signatures
    observer.on_write(REPORT)


def test_a_registry_may_be_shared_with_other_metrics_but_not_with_another_writer() -> None:
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("other", "Of the application", registry=registry).inc()
    metrics = WriterMetrics(registry)
    assert metrics.registry is registry
    assert b"other_total 1.0" in metrics.exposition()
    with pytest.raises(
        ConfigError, match=r"^registry: it has metrics of a writer already \(.*\); "
    ):
        WriterMetrics(registry)


def test_prometheus_client_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    message = (
        r"^metrics: prometheus-client is not installed; pip install 'vm_df_writer\[metrics\]'$"
    )
    with pytest.raises(ConfigError, match=message):
        WriterMetrics()


def pushed_lines(httpserver: HTTPServer) -> list[str]:
    request, _ = httpserver.log[-1]
    return request.get_data().decode().splitlines()


def test_a_counter_that_was_not_pushed_before_begins_with_a_zero(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/import/prometheus").respond_with_data(status=204)
    now = [1000.0]
    metrics = WriterMetrics()
    config = WriterConfig(datasource_url=httpserver.url_for(""), user="me", password="secret")
    push = MetricsPush(metrics, config, {"instance": "a"}, clock=lambda: now[0])
    counter = (
        'vmanomaly_writer_responses_total{code="204",preset="",query_key="cpu",'
        'scheduler_alias="",url="http://vm:8428/api/v1/import"}'
    )
    metrics.on_attempt(**OF, code="204", duration_s=0.1)
    metrics.on_spool(files=2, size_bytes=9)
    now[0] = 1003.0
    push.push()
    lines = pushed_lines(httpserver)
    assert [line for line in lines if line.startswith(counter)] == [
        f"{counter} 0 1000000",
        f"{counter} 1.0 1003000",
    ]
    spooled = [line for line in lines if line.startswith("vm_df_writer_spool_files")]
    assert [line.split()[1:] for line in spooled] == [["2.0", "1003000"]]
    metrics.on_attempt(**OF, code="503", duration_s=0.1)
    now[0] = 1013.0
    push.push()
    lines = pushed_lines(httpserver)
    assert [line.split()[1:] for line in lines if line.startswith(counter)] == [["1.0", "1013000"]]
    other = counter.replace("204", "503")
    assert [line.split()[1:] for line in lines if line.startswith(other)] == [
        ["0", "1003000"],
        ["1.0", "1013000"],
    ]
    request, _ = httpserver.log[-1]
    assert request.args.getlist("extra_label") == ["job=vmanomaly_writer", "instance=a"]
    assert request.authorization is not None
    push.close()


def test_what_could_not_be_pushed_is_pushed_the_next_time(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/api/v1/import/prometheus").respond_with_data(status=503)
    httpserver.expect_request("/api/v1/import/prometheus").respond_with_data(status=204)
    push = MetricsPush(WriterMetrics(), WriterConfig(datasource_url=httpserver.url_for("")))
    with pytest.raises(ServerRejected):
        push.push()
    push.push()
    assert any(" 0 " in line for line in pushed_lines(httpserver))
    push.close()
