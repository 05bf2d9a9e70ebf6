"""Self-monitoring on a real server: what it takes, and what alerts and dashboard find there."""

from __future__ import annotations

import json
import re

import pytest
import requests

from tests.support.stored_samples import settled
from vm_df_writer import WriteReport, WriterMetrics, alert_rules, grafana_dashboard
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("prometheus_client")

OF = {"url": "http://vm:8428/api/v1/import", "query_key": "cpu"}


def used() -> WriterMetrics:
    metrics = WriterMetrics(scheduler_alias="nightly", preset="ui")
    metrics.on_prepared(**OF, series=4, serialize_s=0.02)
    metrics.on_attempt(**OF, code="503", duration_s=0.2)
    metrics.on_body(**OF, samples=100, bytes_sent=2000)
    metrics.on_write(WriteReport(layout="wide", dropped={"nan": 2}, undelivered=7))
    metrics.on_spool(files=1, size_bytes=9)
    metrics.on_job(parts={"done": 1}, rows_left=0)
    return metrics


def test_the_metrics_can_be_pushed_to_the_server(victoria_metrics: LocalVictoriaMetrics) -> None:
    answer = requests.post(
        f"{victoria_metrics.url}/api/v1/import/prometheus",
        params={"extra_label": "job=pushed_metrics"},
        data=used().exposition(),
        timeout=60,
    )
    assert answer.status_code == 204, answer.text
    settled(victoria_metrics)
    match = {"match[]": 'vmanomaly_writer_responses_total{job="pushed_metrics"}'}
    # By default the end is cut to a whole second, which hides what was pushed in the current one.
    match |= {"start": "0", "end": "2201-01-01T00:00:00Z"}
    exported = requests.get(f"{victoria_metrics.url}/api/v1/export", match, timeout=60)
    series = json.loads(exported.text)
    assert series["metric"]["code"] == "503"
    assert series["values"] == [1]


def test_alerts_and_dashboard_use_no_metric_that_is_not_there() -> None:
    known = set(re.findall(r"^# TYPE (\w+)", used().exposition().decode(), re.MULTILINE))
    texts = [rule.expr for rule in alert_rules("score").rules] + [grafana_dashboard()]
    named = {
        name for text in texts for name in re.findall(r"\b(?:vmanomaly|vm_df)_writer_\w+", text)
    }
    assert {name.removesuffix("_bucket") for name in named} - known == set()
