from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import counts, minutes, read, stored
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import ColumnError, TimestampError
from vm_df_writer.frames.samples.cleaning import (
    PrecisionCheck,
    RawBlock,
    chunk_to_block,
    merge_equal_times,
)
from vm_df_writer.frames.samples.time_order import BLOCK_SAMPLES
from vm_df_writer.warning_classes import InexactWarning

INF = float("inf")
NAN = float("nan")


def block_of(
    values: list[list[float]], times: list[int], offsets: list[int] | None = None, **policies: Any
) -> tuple[dict[str, list[tuple[int, float]]], dict[str, int], dict[str, int]]:
    """Return what a chunk of series a, b, ... keeps, drops and adjusts."""
    offsets = offsets or [0, len(times)]
    n_series = len(values) * (len(offsets) - 1)
    chunk = RawBlock(
        [b"abcdefgh"[i : i + 1] for i in range(n_series)],
        np.array(offsets),
        np.array(times),
        np.array(values, float),
        {"sub_millisecond": np.array(times) % 10 == 5},
    )
    block = chunk_to_block(chunk, ReadOptions(**policies), PrecisionCheck())
    kept = {
        labels.decode(): list(zip(ms.tolist(), numbers.tolist(), strict=True))
        for labels, ms, numbers in block
    }
    assert sum(map(len, kept.values())) + sum(block.dropped.values()) == np.size(values)
    return kept, dict(block.dropped), dict(block.adjusted)


def test_a_chunk_without_gaps_is_passed_on_as_it_is() -> None:
    values = np.array([[1.0, 2.0]])
    chunk = RawBlock([b"a"], np.array([0, 2]), np.array([10, 20]), values)
    block = chunk_to_block(chunk, ReadOptions(), PrecisionCheck())
    assert [numbers.base is values for _, _, numbers in block] == [True]
    assert (block.dropped, block.adjusted) == ({}, {})


def test_groups_of_the_same_times_become_rows_that_share_them() -> None:
    flags = {"inexact": np.eye(2, 4, dtype=bool), "sub_millisecond": np.arange(4) == 3}
    times, values = np.array([1, 2, 1, 2]), np.arange(8.0).reshape(2, 4)
    chunk = RawBlock([b"a", b"b", b"c", b"d"], np.array([0, 2, 4]), times, values, flags)
    shared = merge_equal_times(chunk)
    assert (shared.offsets.tolist(), shared.timestamps_ms.tolist()) == ([0, 2], [1, 2])
    assert np.flatnonzero(shared.flags["inexact"]).tolist() == [0, 5]
    assert shared.flags["sub_millisecond"].tolist() == [[False] * 2, [False, True]] * 2
    before, after = (
        chunk_to_block(one, ReadOptions(), PrecisionCheck()) for one in (chunk, shared)
    )
    assert [[label, *map(list, rest)] for label, *rest in before] == [
        [label, *map(list, rest)] for label, *rest in after
    ]
    assert before.adjusted == after.adjusted == {"inexact": 2, "sub_millisecond": 2}


@pytest.mark.parametrize(
    ("times", "offsets"),
    [([1, 2, 1, 3], [0, 2, 4]), ([1, 2, 1], [0, 2, 3]), ([1, 1, 2], [0, 1, 3])],
)
def test_groups_of_other_times_stay_as_they_are(times: list[int], offsets: list[int]) -> None:
    chunk = RawBlock([b"a", b"b"], np.array(offsets), np.array(times), np.ones((1, len(times))))
    assert merge_equal_times(chunk) is chunk


def test_nan_is_dropped_from_its_own_series_alone() -> None:
    kept, dropped, _ = block_of([[1, NAN, 3], [4, 5, NAN]], [10, 20, 30])
    assert kept == {"a": [(10, 1), (30, 3)], "b": [(10, 4), (20, 5)]}
    assert dropped == {"nan": 2}


def test_a_series_of_nothing_but_nan_is_left_out() -> None:
    kept, dropped, _ = block_of([[NAN, 1], [NAN, 2]], [10, 20], [0, 1, 2])
    assert kept == {"b": [(20, 1)], "d": [(20, 2)]}
    assert dropped == {"nan": 2}


def test_a_chunk_of_nothing_but_nan_is_empty() -> None:
    assert block_of([[NAN, NAN]], [10, 20]) == ({}, {"nan": 2}, {})


def test_infinities_are_dropped_and_counted_apart_from_nan() -> None:
    kept, dropped, _ = block_of([[INF, NAN, 1, -INF]], [10, 20, 30, 40])
    assert kept == {"a": [(30, 1)]}
    assert dropped == {"nan": 1, "inf": 2}


def test_infinities_are_kept_where_asked_for() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept, dropped, adjusted = block_of([[INF, 1, -INF, NAN]], [10, 20, 30, 40], inf="keep")
    assert kept == {"a": [(10, INF), (20, 1), (30, -INF)]}
    assert (dropped, adjusted) == ({"nan": 1}, {})


def test_infinities_are_refused_where_asked_for() -> None:
    message = (
        "series b: 2 infinite values (first at 1970-01-01T00:00:00.020); pass inf='drop' to leave "
        "them out, or inf='keep' to store them"
    )
    with pytest.raises(ColumnError, match=f"^{re.escape(message)}$"):
        block_of([[1, 2], [3, INF], [-INF, 4]], [10, 20], inf="error")


@pytest.mark.parametrize(
    ("duplicates", "kept", "dropped"),
    [
        ("last", [(10, 1), (20, 4), (30, 5)], {"duplicate": 2}),
        ("first", [(10, 1), (20, 2), (30, 5)], {"duplicate": 2}),
        ("max", [(10, 1), (20, 8), (30, 5)], {"duplicate": 2}),
        ("keep", [(10, 1), (20, 2), (20, 8), (20, 4), (30, 5)], {}),
    ],
)
def test_duplicates_follow_the_policy(
    duplicates: str, kept: list[tuple[int, float]], dropped: dict[str, int]
) -> None:
    found = block_of([[1, 2, 8, 4, 5]], [10, 20, 20, 20, 30], duplicates=duplicates)
    assert found == ({"a": kept}, dropped, {})


def test_duplicates_are_refused_where_asked_for() -> None:
    message = (
        "series b: 2 samples at a time that it has already (first: 1970-01-01T00:00:00.020); pass "
        "duplicates='last', 'first' or 'max' to store one of them, or 'keep' to store all"
    )
    with pytest.raises(TimestampError, match=f"^{re.escape(message)}$"):
        block_of([[1, 2, 3, 4, 5]], [10, 20, 20, 30, 30], [0, 1, 5], duplicates="error")


def test_one_time_in_two_series_is_no_duplicate() -> None:
    kept, dropped, _ = block_of([[1, 2, NAN]], [10, 10, 10], [0, 1, 3], duplicates="error")
    assert kept == {"a": [(10, 1)], "b": [(10, 2)]}
    assert dropped == {"nan": 1}


def test_a_missing_number_never_supersedes_a_number() -> None:
    assert block_of([[1, NAN, INF]], [10, 10, 10])[0] == {"a": [(10, 1)]}
    assert block_of([[NAN, 1]], [10, 10], duplicates="first")[0] == {"a": [(10, 1)]}
    assert block_of([[NAN, 1]], [10, 10], duplicates="error")[0] == {"a": [(10, 1)]}


def test_only_kept_samples_count_as_adjusted() -> None:
    times = [5, 10, 15, 25, 25]
    assert block_of([[1, 2, NAN, 3, 4]], times)[2] == {"sub_millisecond": 2}
    assert block_of([[1, 2, 3, 3, 4], [NAN, 2, 3, 3, 4]], times)[2] == {"sub_millisecond": 5}


def test_the_largest_duplicate_brings_its_own_marks() -> None:
    chunk = RawBlock(
        [b"a"],
        np.array([0, 2]),
        np.array([10, 10]),
        np.array([[1.0, 2.0]]),
        {"inexact": np.array([[True, False]])},
    )
    assert chunk_to_block(chunk, ReadOptions(duplicates="max"), PrecisionCheck()).adjusted == {}
    assert chunk_to_block(chunk, ReadOptions(duplicates="first"), PrecisionCheck()).adjusted == {
        "inexact": 1
    }


def test_values_far_below_the_largest_are_inexact_with_one_warning() -> None:
    message = (
        "series a: 1.23457e-05 beside values up to 1e+09: the server keeps about 18 digits below a "
        "series' largest value, so small ones lose theirs; write them as a series of their own"
    )
    with pytest.warns(InexactWarning, match=f"^{re.escape(message)}$") as warned:
        adjusted = block_of([[1e9, 1.23456789e-5, -1e-4], [1e9, 2, 1e-9]], [10, 20, 30])[2]
    assert adjusted == {"inexact": 3}
    assert len(warned) == 1


def test_small_values_that_keep_their_digits_are_counted_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert block_of([[1e9, 1e-4, 2.5e-4]], [10, 20, 30])[2] == {"inexact": 2}


def test_zero_is_exact_beside_any_value() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert block_of([[1e300, 0.0, -0.0]], [10, 20, 30])[2] == {}


def test_magnitudes_are_compared_within_a_series_alone() -> None:
    assert block_of([[1e300, 1e-9]], [10, 10], [0, 1, 2])[2] == {}
    assert block_of([[1e300], [1e-9]], [10])[2] == {}


def test_values_that_the_server_takes_for_zero_are_inexact() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InexactWarning)
        assert block_of([[1e-300, -5e-324, 0.0]], [10, 20, 30])[2] == {"inexact": 2}


@pytest.mark.filterwarnings("ignore::vm_df_writer.warning_classes.InexactWarning")
@pytest.mark.parametrize("largest", [1e-295, 1e-307, 1e-310, 1.7976931348623157e308])
def test_extreme_magnitudes_raise_no_other_warning(largest: float) -> None:
    assert block_of([[largest, 5e-324]], [10, 20])[1] == {}


def test_one_frame_is_warned_of_once() -> None:
    frame = pd.DataFrame({f"y{i}": [1e18, 0.123456789] for i in range(3)}, index=minutes(0, 1))
    with pytest.warns(InexactWarning) as warned:
        assert counts(read(frame)) == ({}, {"inexact": 3})
    assert len(warned) == 1


@pytest.mark.parametrize("duplicates", ["last", "first", "max", "keep"])
def test_duplicates_are_seen_across_the_blocks_of_a_frame(duplicates: Any) -> None:
    rng = np.random.default_rng(0)
    ms = 1_767_225_600_000 + rng.integers(0, 300_000, 2 * BLOCK_SAMPLES)
    frame = pd.DataFrame({"y": rng.normal(size=len(ms))}, index=pd.to_datetime(ms, unit="ms"))
    blocks = [
        pd.Series(values, ms)
        for block in read(frame, duplicates=duplicates).blocks()
        for _, ms, values in block
    ]
    assert len(blocks) > 1
    in_order = frame.set_index(ms)["y"].sort_index(kind="stable")
    by_time = in_order.groupby(level=0)
    expected = in_order if duplicates == "keep" else getattr(by_time, duplicates)()
    pd.testing.assert_series_equal(pd.concat(blocks), expected, check_names=False)


def test_rounding_comes_before_anything_is_judged() -> None:
    frame = pd.DataFrame({"y": [1.23456, NAN, 2.0, INF]}, index=minutes(0, 1, 2, 3))
    assert stored(frame, significant_figures=3) == {"y": {0: 1.23, 2: 2.0}}
    reading = read(frame, significant_figures=3)
    assert counts(reading) == ({"nan": 1, "inf": 1}, {"rounded": 1})


@pytest.mark.filterwarnings("ignore::vm_df_writer.warning_classes.InexactWarning")
@pytest.mark.parametrize(("small", "counted"), [(1.5e-12, {}), (0.7e-12, {"inexact": 1})])
def test_a_value_is_inexact_below_the_trillionth_part_of_the_largest(
    small: float, counted: dict[str, int]
) -> None:
    assert block_of([[1.0, small]], [10, 20])[2] == counted


@pytest.mark.filterwarnings("ignore::vm_df_writer.warning_classes.InexactWarning")
@pytest.mark.parametrize(("tiny", "counted"), [(2e-296, {}), (0.5e-296, {"inexact": 1})])
def test_a_value_is_inexact_below_what_the_server_can_store(
    tiny: float, counted: dict[str, int]
) -> None:
    assert block_of([[tiny]], [10])[2] == counted


def test_a_message_names_the_series_in_the_middle() -> None:
    with pytest.raises(ColumnError, match=r"^series b: 1 infinite"):
        block_of([[1.0, INF, 2.0]], [10, 10, 10], [0, 1, 2, 3], inf="error")
