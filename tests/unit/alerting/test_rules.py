"""Alert rules: what they are about, and that vmalert takes them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.support.programs import require_program
from vm_df_writer import AlertRule, AlertRules, ConfigError, VmWriter, WriteReport, alert_rules

FORMAT = {"__name__": "vmanomaly_$VAR", "for": "$QUERY_KEY"}


def report_of(step: str = "1min", *, metric_format: dict[str, str] = FORMAT) -> WriteReport:
    index = pd.date_range("2026-01-01", periods=5, freq=step, tz="UTC")
    frame = pd.DataFrame({"y": 1.0, "anomaly_score": 0.5}, index=index)
    wide = pd.concat({"a": frame, "b": frame}, axis=1, names=["host", "var"])
    writer = VmWriter("http://localhost:8428", metric_format=metric_format)
    return writer.write(wide, query_key="cpu", labels={"job": "node"}, dry_run=True)


def check_by_vmalert(rules: AlertRules, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "rules.yml"
    path.write_text(rules.to_yaml(), encoding="utf-8")
    command = [require_program("vmalert"), "-dryRun", f"-rule={path}"]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)  # noqa: S603


@pytest.mark.parametrize(
    "rules",
    [
        alert_rules(report_of()),
        alert_rules(report_of("1h"), threshold=0.75, for_="2h", stale_after="1d", interval="30s"),
        alert_rules("vmanomaly_anomaly_score", for_="0s", labels={}),
        alert_rules('{__name__=~".+_score",host!=""}'),
        alert_rules("näme with blanks"),
        alert_rules(report_of(metric_format={"__name__": "model", "output": "$VAR"})),
    ],
)
def test_vmalert_takes_the_rules(rules: AlertRules, tmp_path: Path) -> None:
    done = check_by_vmalert(rules, tmp_path)
    assert done.returncode == 0, done.stderr


def test_vmalert_refuses_what_is_no_metricsql(tmp_path: Path) -> None:
    rules = AlertRules(name="broken", rules=[AlertRule(alert="Broken", expr="sum(")])
    assert check_by_vmalert(rules, tmp_path).returncode != 0


def test_rules_are_one_line_at_a_prompt() -> None:
    assert repr(alert_rules("score")) == (
        "<AlertRules 'anomaly-scores': AnomalyScoreHigh, AnomalyScoresStale, WriterErrors, "
        "WriterLosesSamples>"
    )


def test_the_file_says_what_was_asked_for() -> None:
    document: Any = yaml.safe_load(
        alert_rules(report_of(), threshold=2.5, for_="10m", labels={"team": "ml"}).to_yaml()
    )
    (group,) = document["groups"]
    assert (group["name"], group["interval"]) == ("anomaly-scores", "1m")
    high, stale, errors, loses = group["rules"]
    selector = 'vmanomaly_anomaly_score{for="cpu",job="node"}'
    assert high["alert"] == "AnomalyScoreHigh"
    assert high["expr"] == f"last_over_time({selector}[5m]) > 2.5"
    assert high["for"] == "10m"
    assert stale["alert"] == "AnomalyScoresStale"
    assert stale["expr"] == f"min(lag({selector}[1d])) by (for) > 900"
    assert errors["alert"] == "WriterErrors"
    assert "vmanomaly_writer_responses_total" in errors["expr"]
    assert loses["alert"] == "WriterLosesSamples"
    assert "vm_df_writer_undelivered_samples_total" in loses["expr"]
    assert {rule["labels"]["team"] for rule in group["rules"]} == {"ml"}


def test_windows_are_as_long_as_samples_are_apart() -> None:
    high, stale, *_ = alert_rules(report_of("1h")).rules
    assert "[2h]" in high.expr
    assert "> 18000" in stale.expr
    weekly = alert_rules(report_of("7D")).rules[1].expr
    assert "[140d]" in weekly
    assert weekly.endswith("> 3024000")


@pytest.mark.parametrize(
    ("scores", "selector"),
    [
        ("score", "score"),
        ("my score", '{__name__="my score"}'),
        ('score{job="a"}', 'score{job="a"}'),
        ('{job="a"}', '{job="a"}'),
    ],
)
def test_a_name_or_a_selector_may_take_the_place_of_a_report(scores: str, selector: str) -> None:
    rules = alert_rules(scores)
    assert rules.selectors == [selector]
    assert rules.rules[0].expr == f"last_over_time({selector}[5m]) > 1"


def test_scores_of_several_metrics_are_joined() -> None:
    report = report_of(metric_format={"__name__": "$QUERY_KEY_$VAR"})
    other = VmWriter("http://localhost:8428", metric_format={"__name__": "x_$VAR"})
    index = pd.date_range("2026-01-01", periods=5, freq="1min", tz="UTC")
    frame = pd.DataFrame({"anomaly_score": 0.5}, index=index)
    rules = alert_rules(report + other.write(frame, dry_run=True))
    assert rules.rules[0].expr == (
        'last_over_time(cpu_anomaly_score{job="node"}[5m]) > 1 or '
        "last_over_time(x_anomaly_score[5m]) > 1"
    )


def test_the_variable_may_stand_in_another_label() -> None:
    report = report_of(metric_format={"__name__": "model", "output": "$VAR"})
    assert alert_rules(report).selectors == ['model{output="anomaly_score",job="node"}']


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"for_": "soon"}, r"^for_: expected a duration above zero such as 5s, .* got 'soon'"),
        ({"for_": "5"}, r"^for_: .* got '5'; did you mean '5s'\?"),
        ({"stale_after": "-5m"}, r"^stale_after: expected a duration"),
        ({"interval": "0s"}, r"^interval: expected a duration above zero, got '0s'; pass '1m'$"),
        (
            {"variable": "anomalyscore"},
            r"no series of the report is of the variable 'anomalyscore' \(there are: .*_score, ",
        ),
    ],
)
def test_what_cannot_be_made_is_refused(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        alert_rules(report_of(), **keywords)


def test_a_report_without_series_and_what_is_no_report_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"there are: none, since it is empty or a summary\)"):
        alert_rules(report_of().summary())
    with pytest.raises(ConfigError, match=r"^alert_rules: expected a WriteReport, .* got None"):
        alert_rules(None)  # type: ignore[arg-type]
