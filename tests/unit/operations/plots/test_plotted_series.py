from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import START_MS, minutes
from vm_df_writer.config.read_options import ReadingKeywords
from vm_df_writer.errors import ColumnError, FrameError
from vm_df_writer.operations.plots.plotted_series import PlottedSeries

NAMES = {"y": "y", "anomaly_score": "anomaly_score"}


def of_hosts(**scores: list[float]) -> pd.DataFrame:
    """A long frame with a row a minute for each host; `y` counts the minutes."""
    frames = [
        pd.DataFrame({"host": host, "y": np.arange(len(each), dtype=float), "anomaly_score": each},
                     index=minutes(*range(len(each))))
        for host, each in scores.items()
    ]  # fmt: skip
    return pd.concat(frames).rename_axis("time")


def plotted(frame: Any, *, or_each_column: bool = False, **reading: Any) -> PlottedSeries:
    return PlottedSeries(
        frame, NAMES, cast("ReadingKeywords", reading), or_each_column=or_each_column
    )


def host(name: str) -> tuple[tuple[str, str], ...]:
    return (("host", name),)


def test_series_are_known_by_role_and_labels() -> None:
    series = plotted(of_hosts(a=[0, 2], b=[0, 3]))
    assert {role: set(of_role) for role, of_role in series.of_role.items()} == {
        "y": {host("a"), host("b")},
        "anomaly_score": {host("a"), host("b")},
    }


def test_a_frame_without_a_role_is_refused_with_what_there_is() -> None:
    series = plotted(pd.DataFrame({"anomaly_scores": [1.0], "yhat": [1.0]}, index=minutes(0)))
    with pytest.raises(ColumnError) as caught:
        series.require("y", "anomaly_score")
    assert str(caught.value) == (
        "plot: the frame has no variable 'y' and no 'anomaly_score' (there are: anomaly_scores, "
        "yhat); name yours with y= or anomaly_score=; did you mean 'anomaly_scores'?"
    )
    plotted(of_hosts(a=[0])).require("y", "anomaly_score")


def test_how_far_a_series_is_above_the_threshold_counts_over_all_its_samples() -> None:
    series = plotted(of_hosts(a=[0.5, 2, 3], b=[0.25, 0.75, 0.5]))
    survey = series.survey(1.0)
    scores = series.of_role["anomaly_score"]
    assert survey.excess[scores[host("a")]] == 3
    assert survey.excess[scores[host("b")]] == -0.25
    assert (survey.first_ms, survey.last_ms) == (START_MS, START_MS + 120_000)
    assert survey.step_ms == 60_000


def test_a_frame_without_scores_has_no_step() -> None:
    survey = plotted(pd.DataFrame({"y": [1.0, 2.0]}, index=minutes(0, 1))).survey(1.0)
    assert survey.step_ms is None


def test_the_worst_series_is_chosen_and_of_how_many_it_is() -> None:
    series = plotted(of_hosts(a=[0, 9], b=[3, 7], c=[0, 0]))
    assert series.choose({}, 1.0) == (host("a"), 3)
    assert series.choose({}, 5.0) == (host("a"), 3)
    assert series.choose({}, 0.0) == (host("b"), 3)
    assert series.choose({"host": "c"}, 1.0) == (host("c"), 1)


def test_labels_that_no_series_has_are_refused_with_those_that_there_are() -> None:
    with pytest.raises(ColumnError) as caught:
        plotted(of_hosts(a=[0], b=[0])).choose({"host": "c"}, 1.0)
    assert str(caught.value) == (
        "series: no series has host=c (there are: host=a, host=b); correct the labels"
    )


def test_without_scores_one_of_several_series_has_to_be_named() -> None:
    series = plotted(of_hosts(a=[0], b=[0]).drop(columns="anomaly_score"))
    with pytest.raises(ColumnError) as caught:
        series.choose({}, 1.0)
    assert str(caught.value) == (
        "series: 2 series could be drawn, and none has a score to choose by (host=a, host=b); "
        "name one with series="
    )


def test_the_values_of_a_series_are_aligned_and_nan_where_there_is_none() -> None:
    frame = pd.DataFrame(
        {"y": [1.0, np.nan, 3.0], "anomaly_score": [np.nan, 0.5, 0.75]}, index=minutes(0, 1, 2)
    )
    times_ms, values = plotted(frame).samples(())
    assert ((times_ms - START_MS) / 60_000).tolist() == [0, 1, 2]
    np.testing.assert_equal(values["y"], [1, np.nan, 3])
    np.testing.assert_equal(values["anomaly_score"], [np.nan, 0.5, 0.75])


def test_a_series_without_a_valid_sample_is_refused() -> None:
    frame = of_hosts(a=[1, 2], b=[3, 4])
    frame.loc[frame["host"] == "b", ["y", "anomaly_score"]] = np.nan
    with pytest.raises(
        FrameError, match=r"^plot: the series host=b has no valid sample; check the frame$"
    ):
        plotted(frame).samples(host("b"))


def test_the_highest_value_of_each_cell_is_taken_and_nan_where_there_is_none() -> None:
    series = plotted(of_hosts(a=[1, 5, 2, 3], b=[4, 0], c=[9, 9, 9, 9]))
    scores = series.of_role["anomaly_score"]
    edges_ms = START_MS + 120_000 * np.arange(4)
    highest = series.highest_per_cell([scores[host("b")], scores[host("a")]], edges_ms)
    np.testing.assert_equal(highest, [[4, np.nan, np.nan], [5, 3, np.nan]])


def test_columns_may_be_series_where_none_has_a_name_of_vmanomalys() -> None:
    frame = pd.DataFrame({"web": [1.0, 2.0], "db": [3.0, 4.0]}, index=minutes(0, 1))
    series = plotted(frame, or_each_column=True)
    assert set(series.of_role["y"]) == {(("column", "web"),), (("column", "db"),)}
    assert plotted(frame).of_role["y"] == {}
    with_scores = plotted(frame.rename(columns={"db": "yhat"}), or_each_column=True)
    assert with_scores.of_role["y"] == {}
