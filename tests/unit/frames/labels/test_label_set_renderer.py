from __future__ import annotations

import warnings

import pandas as pd
import pytest

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import LabelError
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.warning_classes import LabelClashWarning

TIME = pd.DatetimeIndex(["2026-01-01"], name="time")


def label_sets(frame: pd.DataFrame, metric_format: dict[str, str] | None = None) -> list[str]:
    return [text.decode() for text in parse_frame(frame, metric_format=metric_format).label_sets]


def test_by_default_a_frame_without_a_query_key_gets_no_label_for_it() -> None:
    assert label_sets(pd.DataFrame({"y": [1.0]}, index=TIME)) == ['{"__name__":"y"}']


def test_by_default_a_query_key_becomes_the_label_for() -> None:
    frame = pd.DataFrame({"query_key": ["cpu"], "y": [1.0]}, index=TIME)
    assert label_sets(frame) == ['{"__name__":"y","for":"cpu"}']
    read = parse_frame(frame[["y"]], reading=ReadOptions(query_key="mem"))
    assert list(read.label_sets) == [b'{"__name__":"y","for":"mem"}']


def test_a_label_of_the_frame_stays_where_the_default_does_not_set_it() -> None:
    frame = pd.DataFrame({"for": ["disk"], "y": [1.0]}, index=TIME)
    with warnings.catch_warnings():
        warnings.simplefilter("error", LabelClashWarning)
        assert label_sets(frame) == ['{"__name__":"y","for":"disk"}']


def test_a_format_that_is_passed_is_meant_though_it_is_the_usual_one() -> None:
    frame = pd.DataFrame({"y": [1.0]}, index=TIME)
    with pytest.raises(LabelError, match=r"^query_key: metric_format uses"):
        label_sets(frame, {"__name__": "$VAR", "for": "$QUERY_KEY"})
