from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from vm_df_writer.frames.grouping import GroupedRows, combine_labels, group_rows
from vm_df_writer.frames.labels.label_column import LabelColumn


def label(codes: list[int] | npt.NDArray[np.integer], n_texts: int | None = None) -> LabelColumn:
    held = np.asarray(codes)
    most = int(held.max(initial=-1)) + 1 if n_texts is None else n_texts
    return LabelColumn("host", held, [str(code) for code in range(most)])


def groups_of(grouped: GroupedRows) -> list[list[int]]:
    order = np.arange(grouped.offsets[-1]) if grouped.order is None else grouped.order
    return [order[start:stop].tolist() for start, stop in pairwise(grouped.offsets.tolist())]


def naive_groups(labels: list[LabelColumn], ms: npt.NDArray[np.int64]) -> dict[object, list[int]]:
    rows: dict[object, list[int]] = {}
    for row in np.argsort(ms, kind="stable").tolist():
        key = tuple(None if one.codes is None else int(one.codes[row]) for one in labels)
        rows.setdefault(key, []).append(row)
    return rows


def test_rows_of_equal_labels_are_one_group_in_order_of_time() -> None:
    ms = np.array([30, 10, 20, 10, 10])
    grouped = group_rows([label([1, 0, 1, 1, 0])], ms, None)
    assert groups_of(grouped) == [[1, 4], [3, 2, 0]]
    assert grouped.first_rows.tolist() == [1, 3]


def test_a_frame_in_order_is_not_reordered() -> None:
    grouped = group_rows([label([0, 0, 1, 1])], np.array([1, 2, 1, 2]), None)
    assert grouped.order is None
    assert grouped.rows(slice(1, 3)) == slice(1, 3)
    assert grouped.first_rows.tolist() == [0, 2]


def test_without_labels_all_rows_are_one_group() -> None:
    assert groups_of(group_rows([], np.array([3, 1, 2]), None)) == [[1, 2, 0]]
    constant = LabelColumn("job", None, ["a"])
    assert groups_of(group_rows([constant], np.array([1, 2]), None)) == [[0, 1]]


def test_absent_labels_make_a_group_of_their_own() -> None:
    assert groups_of(group_rows([label([-1, 0, -1])], np.array([1, 1, 2]), None)) == [[0, 2], [1]]


def test_only_kept_rows_belong_to_a_group() -> None:
    kept = np.array([True, False, True, True])
    grouped = group_rows([label([1, 1, 0, 1])], np.array([2, 0, 1, 1]), kept)
    assert groups_of(grouped) == [[2], [3, 0]]
    assert groups_of(group_rows([label([0, 1])], np.array([1, 1]), np.array([True, False]))) == [
        [0]
    ]


@pytest.mark.parametrize("kept", [None, np.zeros(0, bool)])
def test_no_rows_are_no_groups(kept: npt.NDArray[np.bool_] | None) -> None:
    grouped = group_rows([label([], 3)], np.zeros(0, np.int64), kept)
    assert groups_of(grouped) == []
    assert grouped.first_rows.tolist() == []


def test_no_kept_row_is_no_group() -> None:
    grouped = group_rows([label([0, 1])], np.array([1, 2]), np.zeros(2, bool))
    assert groups_of(grouped) == []


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int64])
def test_codes_of_any_width_are_combined_without_overflow(dtype: type[np.integer]) -> None:
    most = min(np.iinfo(dtype).max, 40_000)
    codes = np.array([most - 1, 0, -1, most - 1], dtype)
    labels = [label(codes, most)] * 5
    grouped = group_rows(labels, np.arange(4), None)
    assert sorted(groups_of(grouped)) == [[0, 3], [1], [2]]


@pytest.mark.parametrize("sizes", [(3,), (300, 5), (70_000,), (70_000, 70_000, 7), (2, 1) * 20])
@pytest.mark.parametrize("n_rows", [50, 3000])
def test_grouping_is_the_naive_loop(sizes: tuple[int, ...], n_rows: int) -> None:
    rng = np.random.default_rng(n_rows)
    labels = [label(rng.integers(-1, size, n_rows), size) for size in sizes]
    ms = rng.integers(0, n_rows, n_rows)
    grouped = group_rows(labels, ms, None)
    expected = naive_groups(labels, ms)
    assert sorted(groups_of(grouped)) == sorted(expected.values())


@pytest.mark.parametrize(
    "codes",
    [
        [2, 0, 1] * 4,
        [2, 0, 0, 1] * 4,
        [2, 0, 1] * 4 + [2],
        [2, 0, 1] * 3 + [2, 1, 0],
        [1, -1] * 5,
    ],
    ids=["every time alike", "one twice a time", "cut", "one otherwise", "one absent label"],
)
@pytest.mark.parametrize("ms", [np.repeat(np.arange(9), 3), np.zeros(27, int), -np.arange(27)])
def test_repeated_series_are_grouped_as_by_the_naive_loop(
    codes: list[int], ms: npt.NDArray[np.int64]
) -> None:
    labels = [label(codes)]
    grouped = group_rows(labels, ms[: len(codes)], None)
    assert sorted(groups_of(grouped)) == sorted(naive_groups(labels, ms[: len(codes)]).values())


def test_many_groups_are_ordered_alike() -> None:
    rng = np.random.default_rng(0)
    codes = np.repeat(rng.permutation(100_000), 2)
    grouped = group_rows([label(codes, 100_000)], np.tile([2, 1], 100_000), None)
    assert len(grouped.offsets) == 100_001
    assert grouped.order is not None
    assert (codes[grouped.order[0::2]] == np.arange(100_000)).all()
    assert (grouped.order[0::2] == grouped.order[1::2] + 1).all()


@pytest.mark.parametrize("block_samples", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("samples_per_row", [1, 2, 1000])
def test_spans_cover_every_row_of_every_group_once(
    block_samples: int, samples_per_row: int
) -> None:
    rng = np.random.default_rng(1)
    ms = rng.integers(0, 5, 60)
    codes = rng.integers(0, 7, 60)
    grouped = group_rows([label(codes, 7)], ms, None)
    seen = []
    for groups, span in grouped.spans(ms, samples_per_row, block_samples):
        rows = np.arange(60)[grouped.rows(span)]
        assert set(codes[rows].tolist()) == set(range(groups.start, groups.stop))
        if groups.stop - groups.start > 1:
            assert (span.stop - span.start) * samples_per_row <= block_samples
        seen += rows.tolist()
    assert sorted(seen) == list(range(60))


def test_equal_times_of_a_group_are_never_cut() -> None:
    ms = np.array([1, 1, 1, 2, 3, 3])
    grouped = group_rows([], ms, None)
    spans = [span for _, span in grouped.spans(ms, 1, 2)]
    assert spans == [slice(0, 3), slice(3, 6)]


def test_labels_of_more_combinations_than_32_bits_count_part_all_rows() -> None:
    n_rows = 50_000
    numbers, bound = combine_labels([label(np.arange(n_rows))] * 2, n_rows)
    assert len(np.unique(numbers)) == n_rows
    assert numbers.max() < bound
