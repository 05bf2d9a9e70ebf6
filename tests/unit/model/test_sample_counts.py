from __future__ import annotations

from itertools import chain

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.blocks import T, block_of_rows
from vm_df_writer.model.sample_counts import SampleCounts, count_series, series_frame
from vm_df_writer.wire.import_lines import LineEncoder

BLOCK = block_of_rows(np.ones((2, 12_000)), None, [0, 11_000, 12_000])


def test_a_block_counts_as_its_import_lines_do() -> None:
    of_block = SampleCounts.of_block(BLOCK).per_series()
    of_lines = LineEncoder().encode(BLOCK).counts.per_series()
    assert of_block.equals(of_lines)
    assert of_block["samples"].tolist() == [11_000, 1_000] * 2
    assert of_block["last_ms"].tolist() == [T + 10_999, T + 11_999] * 2


def test_tables_are_cut_and_put_together_again() -> None:
    table = SampleCounts.of_block(BLOCK)
    again = SampleCounts.concat([table.take(slice(0, 1)), table.take(slice(1, None))])
    assert again.label_sets == table.label_sets
    assert again.samples.tolist() == table.samples.tolist()
    assert SampleCounts.concat([]).samples.dtype == np.int64


@given(
    st.lists(st.lists(st.sampled_from(b"abcdef"), max_size=4), max_size=4),
    st.permutations("abcdef"),
)
def test_series_are_counted_as_a_set_does_it(drawn: list[list[int]], order: list[str]) -> None:
    distinct = [text.encode() for text in order]
    whole = [distinct[:2], distinct[2:5]]
    for parts in (
        [[bytes([one]) for one in part] for part in drawn],
        whole,
        whole[::-1],
        whole * 2,
        [distinct[1:2], distinct[1:2]],
        [distinct[:1], distinct[1:2], distinct[1:2]],
    ):
        tables = [SampleCounts(part, *np.ones((3, len(part)), np.int64)) for part in parts]
        expected = len(set(chain.from_iterable(parts)))
        assert count_series(tables, distinct) == count_series(tables) == expected


@pytest.mark.parametrize("n_blocks", [0, 2])
def test_the_frame_has_a_row_per_series_with_times_in_utc(n_blocks: int) -> None:
    counts = SampleCounts.concat([SampleCounts.of_block(BLOCK)] * n_blocks)
    frame = series_frame(counts.per_series())
    assert len(frame) == (4 if n_blocks else 0)
    assert [str(frame[name].dtype).partition(", ")[2] for name in ("first", "last")] == ["UTC]"] * 2
    assert frame["samples"].sum() == n_blocks * BLOCK.n_samples


def test_a_label_that_is_called_like_a_column_of_counts_is_told_apart() -> None:
    label_set = b'{"__name__":"y","first":"a"}'
    frame = series_frame(SampleCounts([label_set], *np.array([[3], [1000], [2500]])).per_series())
    assert frame.columns.tolist() == ["__name__", "label_first", "samples", "first", "last"]
    assert frame["label_first"].tolist() == ["a"]
    assert frame["label_first"].dtype == object
    assert frame["first"].tolist() == [pd.Timestamp(1000, unit="ms", tz="UTC")]
    assert frame["last"].tolist() == [pd.Timestamp(2500, unit="ms", tz="UTC")]
    assert isinstance(frame.index, pd.RangeIndex)


def test_lines_of_one_series_are_merged_in_the_order_of_series() -> None:
    table = SampleCounts([b"b", b"a", b"b"], *np.array([[1, 2, 3], [60, 10, 20], [70, 15, 30]]))
    merged = table.merged()
    assert merged.label_sets == [b"b", b"a"]
    assert [merged.samples.tolist(), merged.first_ms.tolist(), merged.last_ms.tolist()] == [
        [4, 2], [20, 10], [70, 15],
    ]  # fmt: skip
