from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.blocks import T, block_of_rows
from vm_df_writer.wire.chunks import (
    LABEL_SAMPLES,
    PORTION_SAMPLES,
    EncodedChunks,
    Portion,
    cut_block,
    lengths_of,
    portions_of,
)


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    n_rows=st.integers(1, 3),
    most=st.integers(1, 10),
)
def test_chunks_cover_each_series_once_in_order_and_none_is_too_long(
    lengths: list[int], n_rows: int, most: int
) -> None:
    offsets = np.cumsum([0, *lengths])
    n_samples = int(offsets[-1])
    block = block_of_rows(np.arange(n_rows * n_samples).reshape(n_rows, -1), offsets=offsets)
    cuts = cut_block(block, most)
    assert cuts.starts[0] == 0
    assert cuts.stops[-1] == n_samples
    assert (cuts.starts[1:] == cuts.stops[:-1]).all()
    assert (cuts.stops - cuts.starts).max() <= most
    assert set(offsets.tolist()) <= {0, *cuts.stops.tolist()}

    n_chunks = len(cuts.begins)
    assert n_chunks == n_rows * len(cuts.starts) == len(cuts.counts.samples)
    found: dict[bytes, list[int]] = {}
    for label_set, first_ms, last_ms, n, begins in zip(
        cuts.counts.label_sets, cuts.counts.first_ms.tolist(), cuts.counts.last_ms.tolist(),
        cuts.counts.samples.tolist(), cuts.begins.tolist(), strict=True,
    ):  # fmt: skip
        assert begins is (label_set not in found)
        assert last_ms - first_ms == n - 1
        found.setdefault(label_set, []).extend(range(first_ms, last_ms + 1))
    wanted = {label_set: times.tolist() for label_set, times, _ in block}
    assert found == wanted
    assert list(found) == list(wanted)
    assert list(cuts.label_sets.json) == list(cuts.counts.label_sets)


def test_series_that_are_short_enough_stay_whole() -> None:
    block = block_of_rows(np.ones((2, 5)), offsets=[0, 2, 5])
    cuts = cut_block(block, 3)
    assert cuts.starts.tolist() == [0, 2]
    assert cuts.begins.tolist() == [True] * 4
    assert cuts.counts.samples.tolist() == [2, 3, 2, 3]
    assert (cuts.counts.first_ms - T).tolist() == [0, 2, 0, 2]


@pytest.mark.parametrize(
    ("stops", "portions"),
    [
        ([1], [(0, 1)]),
        ([PORTION_SAMPLES], [(0, 1)]),
        ([PORTION_SAMPLES, PORTION_SAMPLES + 1], [(0, 1), (1, 2)]),
        ([PORTION_SAMPLES - 1, PORTION_SAMPLES + 1], [(0, 1), (1, 2)]),
        ([1, PORTION_SAMPLES * 5, PORTION_SAMPLES * 5 + 1], [(0, 1), (1, 3)]),
        ([5, 9, PORTION_SAMPLES * 5, PORTION_SAMPLES * 6], [(0, 2), (2, 3), (3, 4)]),
    ],
)
def test_chunks_are_put_together_up_to_the_size_of_a_portion(
    stops: list[int], portions: list[tuple[int, int]]
) -> None:
    found = [(each.start, each.stop) for each in portions_of(np.array(stops))]
    assert found == portions


def test_the_last_chunk_alone_may_begin_a_portion() -> None:
    n_chunks = PORTION_SAMPLES // (1 + LABEL_SAMPLES)  # label sets take room, too
    found = list(portions_of(np.arange(1, n_chunks + 2)))
    assert [each.stop - each.start for each in found] == [n_chunks, 1]


def test_long_chunks_come_as_they_are_and_short_ones_joined() -> None:
    nothing = EncodedChunks.of_nothing()
    pieces: list[Portion] = [([b"long"], [4]), ([b"a", b"b", b"c"], [1, 1, 1]), (b"de", [1, 1])]
    encoded = EncodedChunks(nothing.counts, nothing.begins, iter(pieces))
    assert list(encoded.chunks()) == [b"long", b"abc", b"de"]


def test_a_block_without_series_has_no_chunk() -> None:
    nothing = EncodedChunks.of_nothing()
    assert list(nothing.chunks()) == []
    assert nothing.begins.dtype == bool
    assert len(nothing.begins) == len(nothing.counts.samples) == 0


def test_lengths_are_those_in_bytes() -> None:
    lengths = lengths_of([b"", b"ab", "é".encode()])
    assert lengths.tolist() == [0, 2, 2]
    assert lengths.dtype == np.int64
    assert lengths_of([]).tolist() == []
