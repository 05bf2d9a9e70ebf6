"""Self-monitoring: the names, types, labels and meanings of vmanomaly's metrics, and of ours."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from vm_df_writer import ConfigError, Verification, WriteReport, WriterMetrics
from vm_df_writer.delivery.observer import DeliveryObserver

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
