from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.reading.layout.common_times import RowKeys, place_values, union_of
from vm_df_writer.verification.export.series_collector import SeriesSamples

TIMES = st.lists(st.integers(0, 15), max_size=12).map(sorted)


@given(st.lists(TIMES, min_size=1, max_size=5))
def test_each_sample_has_a_row_of_its_own_at_its_time(all_times: list[list[int]]) -> None:
    series = [
        SeriesSamples({}, np.array(times, np.int64), np.arange(len(times), dtype=float))
        for times in all_times
    ]
    keys = RowKeys(series)
    union = union_of([keys.of(each) for each in series])
    rows = keys.times_of(union).tolist()
    most = {t: max(times.count(t) for times in all_times) for times in all_times for t in times}
    assert rows == sorted(t for t, n in most.items() for _ in range(n))
    for each in series:
        row = np.empty(len(union))
        place_values(row, union, keys.of(each), each.values)
        there = ~np.isnan(row)
        assert row[there].tolist() == each.values.tolist()
        assert np.array(rows)[there].tolist() == each.timestamps_ms.tolist()


def test_series_that_share_their_times_share_their_rows() -> None:
    times = np.array([10, 20, 30])
    assert union_of([times, times, times[:2]]) is times
