from __future__ import annotations

import math
import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.frames.samples.cleaning import PrecisionCheck, RawBlock, chunk_to_block
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.warning_classes import InexactWarning

INF, NAN = float("inf"), float("nan")
GROUPS = st.lists(
    st.lists(st.integers(1, 4), min_size=1, max_size=4).map(sorted), min_size=1, max_size=3
)
Sample = tuple[int, float, bool, bool]  # time, value, whether inexact, whether below a millisecond


def clean(
    values: Any,
    offsets: list[int] | None = None,
    check: PrecisionCheck | None = None,
    *,
    inexact: list[list[bool]] | None = None,
    **policies: Any,
) -> SeriesBlock:
    """Return what stays of samples, each a millisecond after the one before."""
    array = np.array(values, float)
    n_rows, n_samples = array.shape
    bounds = offsets or [0, n_samples]
    chunk = RawBlock(
        [b"%d" % i for i in range(n_rows * (len(bounds) - 1))],
        np.array(bounds),
        np.arange(n_samples),
        array,
        {} if inexact is None else {"inexact": np.array(inexact)},
    )
    return chunk_to_block(chunk, ReadOptions(**policies), check or PrecisionCheck())


def kept_of(samples: list[Sample], inf: str, duplicates: str, dropped: dict[str, int]) -> Any:
    """Return what a loop keeps of a series, and count what it drops."""
    runs: dict[int, list[Sample]] = {}
    for sample in samples:
        if math.isnan(sample[1]):
            dropped["nan"] += 1
        elif math.isinf(sample[1]) and inf == "drop":
            dropped["inf"] += 1
        else:
            runs.setdefault(sample[0], []).append(sample)
    if duplicates == "keep":
        return [sample for run in runs.values() for sample in run]
    dropped["duplicate"] += sum(len(run) - 1 for run in runs.values())
    if duplicates == "max":
        return [max(run, key=lambda sample: sample[1]) for run in runs.values()]
    return [run[0 if duplicates == "first" else -1] for run in runs.values()]


@pytest.mark.parametrize("inf", ["drop", "keep"])
@pytest.mark.parametrize("duplicates", ["last", "first", "max", "keep"])
@given(data=st.data(), groups=GROUPS, n_rows=st.integers(1, 3))
def test_each_policy_keeps_what_a_loop_keeps(
    inf: Any, duplicates: Any, data: st.DataObject, groups: list[list[int]], n_rows: int
) -> None:
    times = [time for group in groups for time in group]
    rows = st.lists(
        st.tuples(st.sampled_from([1.0, 2.0, 3.0, NAN, INF, -INF]), st.booleans()),
        min_size=len(times),
        max_size=len(times),
    )
    drawn = data.draw(st.lists(rows, min_size=n_rows, max_size=n_rows))
    below = data.draw(st.lists(st.booleans(), min_size=len(times), max_size=len(times)))
    offsets = np.cumsum([0, *map(len, groups)]).tolist()
    chunk = RawBlock(
        [b"%d" % i for i in range(n_rows * len(groups))],
        np.array(offsets),
        np.array(times),
        np.array([[value for value, _ in row] for row in drawn]),
        {
            "inexact": np.array([[mark for _, mark in row] for row in drawn]),
            "sub_millisecond": np.array(below),
        },
    )
    block = chunk_to_block(chunk, ReadOptions(inf=inf, duplicates=duplicates), PrecisionCheck())

    expected: dict[bytes, list[tuple[int, float]]] = {}
    dropped, adjusted = {"nan": 0, "inf": 0, "duplicate": 0}, {"inexact": 0, "sub_millisecond": 0}
    label_sets = iter(chunk.label_sets)
    for row in drawn:
        samples = [(t, *sample, mark) for t, sample, mark in zip(times, row, below, strict=True)]
        for start, stop in pairwise(offsets):
            label_set = next(label_sets)
            kept = kept_of(samples[start:stop], inf, duplicates, dropped)
            if kept:
                expected[label_set] = [(time, value) for time, value, *_ in kept]
            adjusted["inexact"] += sum(sample[2] for sample in kept)
            adjusted["sub_millisecond"] += sum(sample[3] for sample in kept)
    found = {
        label_set: list(zip(ms.tolist(), numbers.tolist(), strict=True))
        for label_set, ms, numbers in block
    }
    assert found == expected
    assert block.dropped == {reason: n for reason, n in dropped.items() if n}
    assert block.adjusted == {reason: n for reason, n in adjusted.items() if n}


@pytest.mark.parametrize(("inf", "expected"), [("keep", True), ("drop", False)])
def test_a_block_says_whether_to_look_for_infinities(inf: str, expected: bool) -> None:
    for value in (1.0, INF):
        assert clean([[value, 2.0]], inf=inf).has_infinities is expected


@pytest.mark.parametrize(
    ("options", "values"),
    [({"significant_figures": 2}, [1.2, 2.3, 4.0]), ({"round_digits": 1}, [1.2, 2.3, 4.0])],
)
def test_what_rounding_changes_is_counted(options: Any, values: list[float]) -> None:
    block = clean([[1.23, 2.34, 4.0]], **options)
    assert block.values.tolist() == [values]
    assert block.adjusted == {"rounded": 2}


@pytest.mark.filterwarnings("ignore::vm_df_writer.warning_classes.InexactWarning")
@pytest.mark.parametrize(
    ("values", "n_inexact"),
    [
        ([1.0, 2.0, 1e9, 1e-9], 1),
        ([0.0, 2.0, 1e9, 1e-9], 1),
        ([1e9, 1e-9, 1.0, 2.0], 1),
        ([1e9, 1e-9, 1e-9, 1e9], 2),
        ([1e9, INF, 1e-9, 1e-9], 0),
        ([INF, 1e-13, 1.0, -INF], 0),
    ],
)
def test_small_values_are_found_in_the_series_that_has_them(
    values: list[float], n_inexact: int
) -> None:
    assert clean([values], [0, 2, 4], inf="keep").adjusted.get("inexact", 0) == n_inexact


@pytest.mark.filterwarnings("ignore::vm_df_writer.warning_classes.InexactWarning")
def test_an_infinity_that_is_kept_hides_no_small_value() -> None:
    assert clean([[INF, 1e9, 1e-9]], inf="keep").adjusted == {"inexact": 1}


@pytest.mark.filterwarnings("ignore::vm_df_writer.warning_classes.InexactWarning")
def test_small_values_are_found_in_every_one_of_many_rows() -> None:
    values = np.ones((50, 5000))
    values[::7, 3] = 1e-15
    assert clean(values).adjusted == {"inexact": 8}


@pytest.mark.filterwarnings("ignore::vm_df_writer.warning_classes.InexactWarning")
def test_a_small_value_that_was_inexact_before_counts_once() -> None:
    given_marks = [[True, False, True, False]]
    assert clean([[1.0, 2.0, 1e-15, 1e-15]], inexact=given_marks).adjusted == {"inexact": 3}


def test_a_server_that_keeps_all_digits_has_no_small_values() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert clean([[1e9, 1.5e-9]], check=PrecisionCheck(is_exact=True)).adjusted == {}


def test_blocks_of_one_frame_warn_once() -> None:
    check = PrecisionCheck()
    with pytest.warns(InexactWarning) as warned:
        assert [clean([[1e9, 1.5e-9]], check=check).adjusted for _ in range(3)] == [
            {"inexact": 1}
        ] * 3
    assert len(warned) == 1


def test_a_digit_is_lost_from_the_eighteenth_below_the_largest_value() -> None:
    with pytest.warns(InexactWarning):
        clean([[1e9, 1.5e-8]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clean([[1e9, 2e-8]])
