from __future__ import annotations

import numpy as np

from tests.support.blocks import T, block_of_rows
from vm_df_writer.model.series import SeriesBlock


def test_series_come_row_by_row_and_group_by_group() -> None:
    block = block_of_rows([[1, 2, 3], [4, 5, 6]], [T, T + 1, T + 9], [0, 2, 3])
    assert [(labels, ms.tolist(), values.tolist()) for labels, ms, values in block] == [
        (b'{"__name__":"s0"}', [T, T + 1], [1, 2]),
        (b'{"__name__":"s1"}', [T + 9], [3]),
        (b'{"__name__":"s2"}', [T, T + 1], [4, 5]),
        (b'{"__name__":"s3"}', [T + 9], [6]),
    ]
    assert (block.n_series, block.n_samples) == (4, 6)


def test_a_block_of_nothing_only_counts() -> None:
    block = SeriesBlock.of_nothing({"nan": 3})
    assert (block.n_series, block.n_samples, list(block)) == (0, 0, [])
    assert block.dropped == {"nan": 3}


def test_nothing_left_out_is_the_same_block() -> None:
    block = block_of_rows([[1, 2]], [T, T + 1], [0, 2])
    assert block.without(np.zeros((1, 2), dtype=bool), "exists") is block
