from __future__ import annotations

import numpy as np
import pytest

from vm_df_writer.errors import FrameError
from vm_df_writer.reading.layout.wide import lay_out_wide
from vm_df_writer.verification.export.series_collector import SeriesSamples


def test_no_series_make_no_rows() -> None:
    assert lay_out_wide([]).matrix.shape == (0, 0)


def test_the_list_is_emptied_so_that_samples_are_held_once() -> None:
    series = [SeriesSamples({}, np.array([i]), np.array([float(i)])) for i in range(3)]
    wide = lay_out_wide(series)
    assert series == []
    assert np.nansum(wide.matrix, axis=1).tolist() == [0.0, 1.0, 2.0]


def test_a_huge_frame_of_next_to_nothing_is_refused() -> None:
    series = [
        SeriesSamples({}, np.arange(i * 100, i * 100 + 100), np.ones(100)) for i in range(1000)
    ]
    text = "layout: a wide frame of 1,000 series.*100,000,000 cells for 100,000 .*layout='melted'"
    with pytest.raises(FrameError, match=text):
        lay_out_wide(series)
