from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.blocks import block_of_rows
from vm_df_writer.model.receipt import Receipt
from vm_df_writer.model.series import FloatArray, IntArray, SeriesBlock
from vm_df_writer.model.window_digest import (
    WindowDigest,
    scales_of,
    sum_windows,
    tolerances,
)

TIMES = 1_767_225_600_000 + 60_000 * np.arange(500)
STARTS = np.arange(0, 500, 100)


def block(values: FloatArray, times: IntArray = TIMES) -> SeriesBlock:
    return block_of_rows(values.reshape(1, -1), times)


def stored(values: FloatArray, seed: int) -> FloatArray:
    """Return values as a server may give them back: 12 digits, 17 below the largest."""
    rng = np.random.default_rng(seed)
    lost = 1.01e-12 * np.abs(values) + 1e-17 * np.abs(values).max()
    back: FloatArray = values + lost * rng.uniform(-1, 1, values.shape)
    return back


def differs(sent: FloatArray, got: FloatArray) -> bool:
    """Say whether one window at least tells two arrays apart."""
    largest = np.abs(sent).max(keepdims=True)
    scale = scales_of(largest)
    one, other = (
        sum_windows(TIMES, values[None, :], STARTS, STARTS, scale) for values in (sent, got)
    )
    scales = np.repeat(scale, len(TIMES))
    for_sums, for_logs = tolerances(TIMES, got, STARTS, scales, float(largest[0]))
    return bool(
        (np.abs(one.sums - other.sums) > for_sums).any()
        or (np.abs(one.logs - other.logs) > for_logs).any()
    )


@given(
    seed=st.integers(0, 10**6),
    power=st.integers(-290, 290),
    spread=st.sampled_from([0.0, 1.0, 3.0, 9.0]),
)
def test_rounding_by_a_server_is_no_difference(seed: int, power: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=500) * 10.0 ** rng.uniform(-spread, spread, 500) * 10.0**power
    assert not differs(values, stored(values, seed))


@given(seed=st.integers(0, 10**6), power=st.integers(-12, 12))
def test_one_value_that_differs_by_a_billionth_of_itself_is_noticed(seed: int, power: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.5, 2, 500) * 10.0**power
    got = stored(values, seed)
    got[rng.integers(500)] *= 1 + 1e-9
    assert differs(values, got)


def test_values_that_change_places_are_noticed() -> None:
    values = np.arange(500.0)
    got = values.copy()
    got[[3, 4]] = got[[4, 3]]
    assert differs(values, got)


def test_infinities_and_the_largest_floats_have_sums() -> None:
    values = np.ones(500)
    values[:4] = [np.inf, -np.inf, 1.7e308, -1.7e308]
    sums = WindowDigest.of_block(block(values)).sums
    assert np.isfinite(sums.sums).all()
    assert np.isfinite(sums.logs).all()


def test_a_time_that_differs_by_a_millisecond_is_noticed() -> None:
    moved = TIMES.copy()
    moved[77] += 1
    values = np.ones(500)
    one, other = (WindowDigest.of_block(block(values, times)).sums for times in (TIMES, moved))
    assert (one.times != other.times).sum() == 1


@pytest.mark.parametrize("n_rows", [1, 3])
def test_groups_and_rows_are_summed_up_each_for_itself(n_rows: int) -> None:
    rng = np.random.default_rng(n_rows)
    values = rng.normal(size=(n_rows, 500))
    offsets = np.array([0, 1, 200, 500])
    whole = Receipt.of([WindowDigest.of_block(block_of_rows(values, TIMES, offsets))])
    for label_set, times, row in block_of_rows(values, TIMES, offsets):
        series = SeriesBlock([label_set], np.array([0, len(row)]), times, row[None])
        alone = Receipt.of([WindowDigest.of_block(series)])
        one, other = whole.series[label_set], alone.series[label_set]
        assert one.shift == other.shift
        assert (one.first_ms, one.last_ms) == (other.first_ms, other.last_ms)
        for name in ("ids", "counts", "times", "scales"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist()
        for name in ("sums", "logs"):
            assert np.allclose(getattr(one, name), getattr(other, name), rtol=1e-13, atol=1e-13)
