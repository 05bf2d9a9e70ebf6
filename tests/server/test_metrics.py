"""Self-monitoring on a real server: what it takes, and what alerts and dashboard find there."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.support.command_line import run
from tests.support.programs import require_program
from tests.support.stored_samples import settled
from vm_df_writer import (
    AlertRule,
    AlertRules,
    WriterConfig,
    WriteReport,
    WriterMetrics,
    alert_rules,
    grafana_dashboard,
)
from vm_df_writer.alerting.vmalert import SERVER_FLAGS, replay_rules
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.metrics import MetricsPush

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


def test_what_a_short_command_pushes_once_is_an_increase(
    victoria_metrics: LocalVictoriaMetrics, tmp_path: Path
) -> None:
    rows = [f"2026-01-01T00:{i // 60:02d}:{i % 60:02d}Z,{i}" for i in range(600)]
    (tmp_path / "scores.csv").write_text("\n".join(["time,pushed_once", *rows]))
    label = ("--push-metrics-label", "instance=pushed_once")
    result = run(
        *("write", tmp_path / "scores.csv", "--url", victoria_metrics.url, "--push-metrics", *label)
    )
    assert result.exit_code == 0, result.output
    settled(victoria_metrics)
    selector = 'vmanomaly_writer_datapoints_sent_total{instance="pushed_once"}'
    query = {"query": f"increase({selector}[5m])", "time": f"{time.time():.3f}"}
    query |= {"latency_offset": "1ms", "nocache": "1"}
    answer = requests.get(f"{victoria_metrics.url}/api/v1/query", query, timeout=60).json()
    ((series),) = answer["data"]["result"]
    assert series["metric"]["job"] == "vmanomaly_writer"
    assert series["value"][1] == "600"


# In vmanomaly's own alert, HighWriteErrorRate, the selectors, the labels of the groups and the
# threshold are these (deployment/docker/rules/alerts-vmanomaly.yml of VictoriaMetrics).
_OF_VMANOMALY = 'job=~".*vmanomaly.*"'
_SUCCEEDED, _ALL = (
    f"sum by (job, instance, url) (increase(vmanomaly_writer_responses_total{{{labels}}}[5m]))"
    for labels in (f'{_OF_VMANOMALY},code=~"2.."', _OF_VMANOMALY)
)
HIGH_ERROR_RATE = AlertRule(
    alert="HighWriteErrorRate", expr=f"{_SUCCEEDED} / {_ALL} < 0.95", for_="5m"
)


def test_alerts_of_vmanomaly_and_ours_fire_while_requests_fail(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics],
) -> None:
    require_program("vmalert")
    server = start_victoria_metrics(*SERVER_FLAGS)
    first_s = 1767225600.0
    now = [first_s]
    metrics = WriterMetrics()
    config = WriterConfig(datasource_url=server.url)
    push = MetricsPush(metrics, config, {"instance": "a"}, clock=lambda: now[0])
    for minute in range(90):
        now[0] += 60
        for _ in range(10):
            metrics.on_attempt(**OF, code="204", duration_s=0.1)
        for _ in range(5 if 30 <= minute < 60 else 0):
            metrics.on_attempt(**OF, code="503", duration_s=0.1)
        push.push()
    push.close()
    ours = [rule for rule in alert_rules("score").rules if rule.alert == "WriterErrors"]
    rules = AlertRules(name="writer", rules=[HIGH_ERROR_RATE, *ours])
    server.restart()
    firings = replay_rules(rules, server, int(first_s * 1000), int(now[0] * 1000))
    found = {firing.labels["alertname"]: firing for firing in firings}
    assert found.keys() == {"HighWriteErrorRate", "WriterErrors"}
    for firing in found.values():
        assert firing.labels["job"] == "vmanomaly_writer"
        assert firing.labels["instance"] == "a"
    assert found["HighWriteErrorRate"].labels["url"] == OF["url"]
    start, end = (
        (times_ms[0] / 1000 - first_s) / 60
        for times_ms in (found["HighWriteErrorRate"].starts_ms, found["HighWriteErrorRate"].ends_ms)
    )
    assert 30 < start < 45
    assert 55 < end < 70
