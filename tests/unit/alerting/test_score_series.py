from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import orjson
import pytest

from vm_df_writer.alerting.score_series import ScoreSeries
from vm_df_writer.errors import ConfigError
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.sample_counts import SampleCounts

MINUTE_MS = 60_000


def counts_of(*names: str, samples: Sequence[int] = (), span_ms: int = 0) -> SampleCounts:
    numbers = np.array(samples or [1] * len(names), np.int64)
    ones = np.ones(len(names), np.int64)
    label_sets = [orjson.dumps({"__name__": name, "for": "cpu"}) for name in names]
    return SampleCounts(label_sets, numbers, 0 * ones, span_ms * ones)


def report_of(*acknowledged: SampleCounts, undelivered: Sequence[SampleCounts] = ()) -> WriteReport:
    return WriteReport(
        layout="wide", acknowledged_counts=acknowledged, undelivered_counts=tuple(undelivered)
    )


@pytest.mark.parametrize(
    ("scores", "selector"),
    [
        ("vmanomaly_anomaly_score", "vmanomaly_anomaly_score"),
        ("anomaly score", '{__name__="anomaly score"}'),
        ('{for="cpu"}', '{for="cpu"}'),
        ('up{job="a"} ', 'up{job="a"} '),
    ],
)
def test_a_name_is_a_selector_and_a_selector_stays_as_it_is(scores: str, selector: str) -> None:
    assert ScoreSeries.of(scores, "anomaly_score") == ScoreSeries([selector])


@pytest.mark.parametrize("scores", ["", "  ", 5, None])
def test_what_names_no_series_is_refused(scores: str) -> None:
    said = (
        r"^alert_rules: expected a WriteReport, the name of a metric or a selector, got .+; pass "
        r"for example 'vmanomaly_anomaly_score'$"
    )
    with pytest.raises(ConfigError, match=said):
        ScoreSeries.of(scores, "anomaly_score")


def test_the_scores_of_a_report_are_those_of_the_variable() -> None:
    report = report_of(counts_of("vmanomaly_yhat", "vmanomaly_anomaly_score"))
    found = ScoreSeries.of(report, "anomaly_score")
    assert found.selectors == ['vmanomaly_anomaly_score{for="cpu"}']


@pytest.mark.parametrize(
    ("variable", "selector"),
    [("y", 'y{for="cpu"}'), ("yhat", 'my_yhat{for="cpu"}'), ("lower", 'yhat_lower{for="cpu"}')],
)
def test_a_variable_whose_name_is_in_that_of_another_is_not_the_other(
    variable: str, selector: str
) -> None:
    report = report_of(counts_of("y", "my_yhat", "yhat_lower"))
    assert ScoreSeries.of(report, variable).selectors == [selector]


def test_a_name_that_only_begins_with_the_variable_is_taken_if_there_is_no_other() -> None:
    report = report_of(counts_of("anomaly_score_total", "y"))
    assert ScoreSeries.of(report, "anomaly_score").selectors == ['anomaly_score_total{for="cpu"}']


def test_a_label_may_be_the_variable() -> None:
    assert ScoreSeries.of(report_of(counts_of("scores")), "cpu").selectors == ['scores{for="cpu"}']


def test_the_step_is_the_median_of_all_series_whether_or_not_they_were_delivered() -> None:
    report = report_of(
        counts_of("a_score", "b_score", samples=[11, 21], span_ms=10 * MINUTE_MS),
        undelivered=[counts_of("c_score", samples=[6], span_ms=10 * MINUTE_MS)],
    )
    assert ScoreSeries.of(report, "score").step_s == 60
    assert ScoreSeries.of(report_of(counts_of("a_score")), "score").step_s == 0


def test_a_variable_that_the_report_lacks_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        ScoreSeries.of(report_of(counts_of("y", "anomaly_score")), "anomaly_scores")
    assert str(caught.value) == (
        "alert_rules: no series of the report is of the variable 'anomaly_scores' (there are: "
        "anomaly_score, y); name yours with variable=, or pass the name of the metric; did you "
        "mean 'anomaly_score'?"
    )


def test_a_report_without_series_is_refused() -> None:
    said = re.escape("(there are: none, since it is empty or a summary); name yours")
    with pytest.raises(ConfigError, match=said):
        ScoreSeries.of(WriteReport(layout="wide"), "anomaly_score")
