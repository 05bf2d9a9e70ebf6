from __future__ import annotations

import numpy as np

from vm_df_writer.reading.label_table import LabelTable
from vm_df_writer.reading.layout.rows import lay_out_long, lay_out_melted
from vm_df_writer.verification.export.series_collector import SeriesSamples

TABLE = LabelTable(("var", "host"), [("y", "a"), ("y", None), ("z", "a")])


def series() -> list[SeriesSamples]:
    return [
        SeriesSamples({}, np.array([10, 20]), np.array([1.0, 2.0])),
        SeriesSamples({}, np.array([10]), np.array([3.0])),
        SeriesSamples({}, np.array([20, 30]), np.array([4.0, 5.0])),
    ]


def test_variables_of_equal_labels_share_rows() -> None:
    long = lay_out_long(series(), TABLE)
    assert long.timestamps_ms.tolist() == [10, 20, 30, 10]
    assert long.label_columns["host"].codes.tolist() == [0, 0, 0, -1]
    assert str(long.value_columns["y"].tolist()) == "[1.0, 2.0, nan, 3.0]"
    assert str(long.value_columns["z"].tolist()) == "[nan, 4.0, 5.0, nan]"


def test_melted_series_stand_below_each_other() -> None:
    melted = lay_out_melted(series(), TABLE, "variable", "value")
    assert melted.timestamps_ms.tolist() == [10, 20, 10, 20, 30]
    assert list(melted.label_columns) == ["host", "variable"]
    assert melted.label_columns["variable"].codes.tolist() == [0, 0, 0, 1, 1]
    assert melted.value_columns["value"].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_lists_are_emptied_so_that_samples_are_held_once() -> None:
    first, second = series(), series()
    lay_out_long(first, TABLE)
    lay_out_melted(second, TABLE, "variable", "value")
    assert first == second == []


def test_no_series_make_no_rows() -> None:
    nothing = LabelTable(("var",), [])
    assert lay_out_long([], nothing).value_columns == {}
    assert len(lay_out_melted([], nothing, "variable", "value").timestamps_ms) == 0
