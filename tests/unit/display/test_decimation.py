from __future__ import annotations

import numpy as np
import pytest

from vm_df_writer.display.decimation import breaks_after, cell_edges, visible_samples


def test_a_short_line_goes_through_all_of_its_samples() -> None:
    assert visible_samples(np.arange(40), np.zeros(40), 10).tolist() == list(range(40))


def test_each_column_of_pixels_keeps_its_first_last_lowest_and_highest_sample() -> None:
    rng = np.random.default_rng(1)
    times, values = np.arange(10_000), rng.normal(size=10_000)
    shown = visible_samples(times, values, 10)
    assert len(shown) <= 4 * 10
    for start in range(0, 10_000, 1_000):
        column = values[start : start + 1_000]
        kept = {start, start + 999, start + column.argmin(), start + column.argmax()}
        assert kept <= set(shown.tolist())


def test_a_gap_as_wide_as_a_pixel_stays_and_a_narrower_one_is_closed() -> None:
    values = np.ones(1_000)
    values[300:500] = np.nan
    values[700] = np.nan
    shown = visible_samples(np.arange(1_000), values, 10)
    gaps = shown[np.isnan(values[shown])]
    assert set((gaps // 100).tolist()) == {3, 4}


@pytest.mark.parametrize(
    ("times", "broken_after"),
    [
        ([0, 10, 20, 30, 60, 70, 80, 90, 100, 110, 120, 130], [3]),
        ([0, 10, 20, 30, 41, 50, 60, 70, 80, 90, 100, 110], []),  # late by a little
        ([0, 1, 50, 51, 100, 101], []),  # comes in pairs
        ([0, 10], []),
    ],
)
def test_only_a_series_of_regular_times_has_gaps(times: list[int], broken_after: list[int]) -> None:
    assert np.flatnonzero(breaks_after(np.array(times))).tolist() == broken_after


def test_cells_have_a_length_with_a_name_and_cover_both_ends() -> None:
    minute = 60_000
    edges = cell_edges(7 * minute, 1_000 * minute, step_ms=minute, most=100)
    assert set(np.diff(edges).tolist()) == {10 * minute}
    assert edges[0] <= 7 * minute
    assert edges[-1] > 1_000 * minute


def test_no_cell_is_shorter_than_the_samples_are_apart() -> None:
    hour = 3_600_000
    assert np.diff(cell_edges(0, 10 * hour, step_ms=hour, most=1_000)).min() == hour


def test_cells_of_centuries_are_as_long_as_they_have_to_be() -> None:
    assert len(cell_edges(0, 10**13, step_ms=1, most=10)) <= 12
