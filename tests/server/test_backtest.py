"""Backtests: vmalert replays rules on a frame, on a server of its own."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.programs import require_program
from vm_df_writer import (
    AlertRule,
    AlertRules,
    Backtest,
    ColumnError,
    ConfigError,
    FrameError,
    VmWriter,
    alert_rules,
    backtest,
)
from vm_df_writer.local import ServerNotInstalled

FORMAT = {"__name__": "vmanomaly_$VAR", "for": "$QUERY_KEY"}
INDEX = pd.date_range("2025-03-01", periods=3000, freq="1min", tz="UTC", name="time")
RULES = alert_rules('vmanomaly_anomaly_score{for="cpu"}', for_="5m")


@pytest.fixture(autouse=True, scope="module")
def _vmalert() -> None:
    require_program("vmalert")


def wide_frame() -> pd.DataFrame:
    """Host a is anomalous twice, host b once and once by mistake; then no scores come."""
    score = pd.DataFrame(0.1, index=INDEX, columns=["a", "b"])
    truth = pd.DataFrame(0, index=INDEX, columns=["a", "b"])
    score.iloc[500:530, 0] = 3.0
    truth.iloc[498:530, 0] = 1
    truth.iloc[1500:1510, 0] = 1  # not found
    score.iloc[995:1012, 1] = 4.0
    truth.iloc[1000:1010, 1] = 1
    score.iloc[2000:2020, 1] = 2.0  # a false alarm
    score.iloc[2100:2103, 0] = 9.0  # too short to fire
    score.iloc[2500:2600] = np.nan
    return pd.concat({"anomaly_score": score, "is_anomaly": truth}, axis=1, names=["var", "host"])


def long_frame() -> pd.DataFrame:
    return wide_frame().stack("host", future_stack=True).reset_index()  # noqa: PD013


def run(frame: pd.DataFrame, **keywords: Any) -> Backtest:
    return backtest(RULES, frame, metric_format=FORMAT, query_key="cpu", **keywords)


def times_of(frame: pd.DataFrame, column: str) -> list[int]:
    """Minutes since the first sample."""
    return ((frame[column] - INDEX[0]) // pd.Timedelta("1min")).tolist()


@pytest.fixture(scope="module")
def judged() -> Backtest:
    return run(wide_frame(), truth="is_anomaly")


def test_an_alert_fires_while_the_score_stays_high_for_long_enough(judged: Backtest) -> None:
    high = judged.firings[judged.firings["alertname"] == "AnomalyScoreHigh"]
    assert high["host"].tolist() == ["a", "b", "b"]
    assert times_of(high, "start") == [505, 1000, 2005]
    assert times_of(high, "end") == [529, 1011, 2019]
    assert set(high["severity"]) == {"warning"}


def test_scores_that_do_not_come_any_more_are_an_alert_of_their_own(judged: Backtest) -> None:
    stale = judged.firings[judged.firings["alertname"] == "AnomalyScoresStale"]
    assert times_of(stale, "start") == [2516]
    assert times_of(stale, "end") == [2599]


def test_precision_and_recall_count_firings_and_events(judged: Backtest) -> None:
    assert judged.events is not None
    assert judged.events[["host", "found"]].to_numpy().tolist() == [
        ["a", True],
        ["b", True],
        ["a", False],
    ]
    assert times_of(judged.events, "start") == [498, 1000, 1500]
    assert times_of(judged.events, "end") == [529, 1009, 1509]
    assert judged.precision == pytest.approx(2 / 3)
    assert judged.recall == pytest.approx(2 / 3)
    delays = judged.events["delay"].dt.total_seconds()
    assert delays.tolist()[:2] == [7 * 60, 0]
    assert np.isnan(delays[2])


def test_a_backtest_is_shown_in_words(judged: Backtest) -> None:
    assert repr(judged) == (
        "<Backtest: fired AnomalyScoreHigh 3 times, AnomalyScoresStale 1 time, "
        "precision 0.667 (2 of 3 firings), recall 0.667 (2 of 3 events), median delay 4 min>"
    )
    assert str(judged) == (
        "fired         AnomalyScoreHigh 3 times, AnomalyScoresStale 1 time\n"
        "precision     0.667 (2 of 3 firings)\n"
        "recall        0.667 (2 of 3 events)\n"
        "median delay  4 min"
    )
    assert "<table>" in judged._repr_html_()


def test_a_long_frame_with_a_column_of_labels_gives_the_same(judged: Backtest) -> None:
    frame = long_frame().assign(is_anomaly=lambda f: f["is_anomaly"].astype(bool))
    of_long = run(frame, truth="is_anomaly")
    pd.testing.assert_frame_equal(of_long.firings, judged.firings)
    assert judged.events is not None
    assert of_long.events is not None
    pd.testing.assert_frame_equal(of_long.events, judged.events)


def test_intervals_may_tell_the_truth() -> None:
    truth = pd.DataFrame(
        {
            "start": INDEX[[498, 1000, 1500]],
            "end": INDEX[[529, 1009, 1509]],
            "host": ["a", "b", "a"],
        }
    )
    result = run(wide_frame(), truth=truth)
    assert (result.precision, result.recall) == pytest.approx((2 / 3, 2 / 3))
    # Without labels they are about every series.
    result = run(wide_frame(), truth=truth.drop(columns="host").iloc[:2])
    assert (result.precision, result.recall) == pytest.approx((2 / 3, 1.0))


def test_an_alert_fires_across_any_number_of_points() -> None:
    # vmalert asks for 1,000 points at a time by default, and forgets what was pending.
    scores = pd.DataFrame({"a": np.full(3000, 5.0)}, index=INDEX)
    result = run(scores, var="anomaly_score", column_label="host")
    assert times_of(result.firings, "start") == [5]
    assert times_of(result.firings, "end") >= [2999]
    assert np.isnan(result.precision)
    assert np.isnan(result.recall)


def test_rules_of_ones_own_are_judged_too() -> None:
    rule = AlertRule(alert="Any", expr="max(vmanomaly_anomaly_score) by (for) > 2.5", for_="0s")
    rules = AlertRules(name="own", interval="5m", rules=[rule])
    result = backtest(
        rules,
        wide_frame(),
        truth="is_anomaly",
        metric_format=FORMAT,
        alert="Any",
        query_key="cpu",
    )
    assert times_of(result.firings, "start") == [500, 995, 2100]
    assert result.precision == pytest.approx(2 / 3)


def test_the_rules_of_a_report_fit_the_frame_that_was_written() -> None:
    writer = VmWriter("http://localhost:8428", metric_format=FORMAT)
    report = writer.write(wide_frame(), query_key="Größe", dry_run=True)
    rules = alert_rules(report, for_="15m")
    result = backtest(rules, wide_frame(), metric_format=FORMAT, query_key="Größe")
    assert times_of(result.firings, "start")[:3] == [515, 1010, 2015]


def test_nothing_fires_where_nothing_happens() -> None:
    calm = pd.DataFrame({"a": np.zeros(100)}, index=INDEX[:100])
    result = run(calm, var="anomaly_score", column_label="host")
    assert result.firings.empty
    assert str(result) == "fired         never"
    frame = pd.DataFrame({"anomaly_score": 0.0, "is_anomaly": 0.0}, index=INDEX[:100])
    result = run(frame, truth="is_anomaly")
    assert str(result) == (
        "fired         never\nprecision     nan (0 of 0 firings)\nrecall        nan (0 of 0 events)"
    )


def test_rules_about_other_series_are_refused() -> None:
    message = (
        r'^backtest: the rules are about vmanomaly_anomaly_score\{for="cpu"\}, and the frame makes '
        r'no such series \(its first is \{"__name__":"anomaly_score","for":"cpu","host":"a"\}\); '
        r"pass the metric_format=, query_key= and labels="
    )
    with pytest.raises(ConfigError, match=message):
        backtest(RULES, wide_frame(), query_key="cpu")


def test_rules_that_vmalert_refuses_are_told_in_its_words() -> None:
    rules = AlertRules(name="broken", rules=[AlertRule(alert="Broken", expr="sum(")])
    # 1.79 says "cannot parse expression", 1.145 "invalid expression for rule".
    message = r"^backtest: vmalert does not take the rules: .* expr.*\"sum\(\", .*; correct them$"
    with pytest.raises(ConfigError, match=message):
        backtest(rules, wide_frame(), metric_format=FORMAT, alert="Broken", query_key="cpu")


@pytest.mark.parametrize(
    ("truth", "error", "message"),
    [
        ("labels", ColumnError, r"^truth: none of 'labels' is a variable of the frame \(there"),
        (pd.DataFrame({"start": []}), ColumnError, r"^truth: there is no column 'end' \(there"),
        (
            pd.DataFrame({"start": INDEX[[5]], "end": INDEX[[4]]}),
            FrameError,
            r"^truth: row 0 ends before it starts; exchange start and end$",
        ),
        (
            pd.DataFrame({"start": [INDEX[0], pd.NaT], "end": INDEX[[4, 5]]}),
            FrameError,
            r"^truth, column 'start': row 1 has no time; drop or fill it$",
        ),
    ],
)
def test_a_truth_that_cannot_be_read_is_refused(
    truth: Any, error: type[FrameError], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(wide_frame(), truth=truth)


def test_what_cannot_be_run_is_refused_before_a_server_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"^alert: 'High' is none of the rules \(there are: Ano"):
        run(wide_frame(), alert="High")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(ServerNotInstalled, match=r"^backtest: there is no vmalert or vmalert-prod"):
        run(wide_frame())


def test_a_frame_without_samples_is_refused() -> None:
    with pytest.raises(FrameError, match=r"^backtest: the frame has no valid sample"):
        run(wide_frame() * np.nan)
