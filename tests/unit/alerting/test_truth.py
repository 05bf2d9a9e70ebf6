from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from tests.support.frame_samples import START_MS, minutes
from vm_df_writer.alerting.truth import read_truth
from vm_df_writer.errors import ColumnError, FrameError, TimestampError

FORMAT = {"__name__": "vmanomaly_$VAR", "for": "$QUERY_KEY", "team": "db"}


def read(truth: Any, frame: Any = None, **reading: Any) -> list[tuple[dict[str, str], list[Any]]]:
    """Return the labels of intervals, and their starts and ends in minutes."""
    return [
        (
            dict(each.labels),
            [
                ((start - START_MS) / 60_000, (end - START_MS) / 60_000)
                for start, end in zip(each.starts_ms.tolist(), each.ends_ms.tolist(), strict=True)
            ],
        )
        for each in read_truth(truth, frame, FORMAT, reading)  # type: ignore[arg-type]
    ]


def intervals(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_runs_of_a_variable_are_intervals_with_the_labels_that_alerts_have() -> None:
    frame = pd.DataFrame(
        {"truth": [0, 1, 2, 0, 0.5, 0], "anomaly_score": 0.1}, index=minutes(*range(6))
    )
    assert read("truth", frame, query_key="cpu") == [
        ({"for": "cpu", "team": "db"}, [(1, 2), (4, 4)])
    ]


def test_each_series_of_a_variable_has_intervals_of_its_own() -> None:
    frame = pd.DataFrame(
        {"host": ["a", "b", "a", "b"], "truth": [1, 0, 1, 1]}, index=minutes(0, 0, 1, 1)
    ).rename_axis("time")
    found = read("truth", frame, query_key="cpu", layout="long")
    assert found == [
        ({"for": "cpu", "team": "db", "host": "a"}, [(0, 1)]),
        ({"for": "cpu", "team": "db", "host": "b"}, [(1, 1)]),
    ]


def test_a_variable_that_is_not_there_is_refused_by_the_keyword_of_the_caller() -> None:
    frame = pd.DataFrame({"y": [1.0], "z": [2.0]}, index=minutes(0))
    with pytest.raises(ColumnError, match=r"^truth: ") as caught:
        read("happened", frame, query_key="cpu")
    assert "'happened'" in str(caught.value)


def test_intervals_without_labels_are_of_all_series_and_in_order_of_time() -> None:
    truth = intervals(start=minutes(5, 1), end=minutes(6, 2))
    assert read(truth) == [({}, [(1, 2), (5, 6)])]


def test_intervals_are_put_together_by_their_labels() -> None:
    truth = intervals(
        start=minutes(5, 3, 1), end=minutes(6, 4, 2), host=["a", "b", "a"], rack=[1, 2, 1]
    )
    assert read(truth) == [
        ({"host": "a", "rack": "1"}, [(1, 2), (5, 6)]),
        ({"host": "b", "rack": "2"}, [(3, 4)]),
    ]


def test_a_missing_label_is_absent_so_that_any_value_fits() -> None:
    truth = intervals(
        start=minutes(1, 3), end=minutes(2, 4), host=["a", None], rack=[float("nan"), 7]
    )
    assert read(truth) == [({"host": "a"}, [(1, 2)]), ({"rack": "7"}, [(3, 4)])]


def test_no_interval_is_no_truth() -> None:
    assert read(intervals(start=minutes(), end=minutes())) == []
    assert read(intervals(start=minutes(), end=minutes(), host=[])) == []


def test_a_moment_is_an_interval() -> None:
    assert read(intervals(start=minutes(1), end=minutes(1))) == [({}, [(1, 1)])]


def test_intervals_need_a_start_and_an_end() -> None:
    said = re.escape(
        "truth: there is no column 'end' (there are: 'start', 'host'); it needs start and end, "
        "and labels where not all series are meant"
    )
    with pytest.raises(ColumnError, match=f"^{said}$"):
        read(intervals(start=minutes(1), host=["a"]))


def test_an_interval_that_ends_before_it_starts_is_refused() -> None:
    said = r"^truth: row 1 ends before it starts; exchange start and end$"
    with pytest.raises(FrameError, match=said):
        read(intervals(start=minutes(1, 5), end=minutes(2, 4)))


def test_an_interval_without_a_time_is_refused() -> None:
    said = r"^truth, column 'end': row 1 has no time; drop or fill it$"
    with pytest.raises(TimestampError, match=said):
        read(intervals(start=minutes(1, 5), end=minutes(2, None)))
