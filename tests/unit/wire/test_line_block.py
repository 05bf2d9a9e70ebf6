from __future__ import annotations

import math

import numpy as np
import pytest

from tests.support.blocks import T, block_of_rows, export_line
from vm_df_writer.errors import ServerRejected
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.wire.import_lines import LineEncoder
from vm_df_writer.wire.line_block import block_of_lines, block_of_pieces, read_line

Y, Z = {"__name__": "y"}, {"__name__": "z"}


def samples_of(block: SeriesBlock) -> dict[bytes, list[tuple[int, float]]]:
    return {
        label_set: list(zip((times - T).tolist(), values.tolist(), strict=True))
        for label_set, times, values in block
    }


def test_infinities_of_our_own_lines_and_of_servers_are_read() -> None:
    ours = b'{"metric":{"__name__":"y"},"values":[1e999,-1e999,0.5],"timestamps":[1,2,3]}'
    assert read_line(ours)[2].tolist() == [math.inf, -math.inf, 0.5]
    theirs = export_line(Y, [0, 1, 2], '"Infinity","-Infinity",0.5')
    assert read_line(theirs)[2].tolist() == [math.inf, -math.inf, 0.5]


def test_a_null_is_nan() -> None:
    _, times, values = read_line(export_line(Y, [0, 1], "null,1"))
    assert np.isnan(values).tolist() == [True, False]
    assert (times - T).tolist() == [0, 1]


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"too many series", b'{"metric":{"a":"b"},"values":[x],"timestamps":[1]}'],
)
def test_what_is_no_line_is_refused(line: bytes) -> None:
    with pytest.raises((ServerRejected, ValueError)):
        read_line(line)


def test_lines_of_one_series_are_put_in_order_of_time() -> None:
    lines = [
        export_line(Y, [30, 40], "3,4"), export_line(Z, [5], "9"), export_line(Y, [10, 20], "1,2")
    ]  # fmt: skip
    block = block_of_lines(lines)
    assert samples_of(block) == {
        b'{"__name__":"y"}': [(10, 1.0), (20, 2.0), (30, 3.0), (40, 4.0)],
        b'{"__name__":"z"}': [(5, 9.0)],
    }
    assert block.offsets.tolist() == [0, 4, 5]
    assert not block.has_infinities


def test_samples_of_one_time_keep_the_order_of_their_lines() -> None:
    lines = [export_line(Y, [10, 10], "3,1"), export_line(Y, [5, 10], "7,2")]
    assert samples_of(block_of_lines(lines)) == {
        b'{"__name__":"y"}': [(5, 7.0), (10, 3.0), (10, 1.0), (10, 2.0)]
    }


def test_a_block_with_an_infinity_says_so() -> None:
    assert block_of_lines(
        [export_line(Y, [1], "1"), export_line(Z, [1], '"Infinity"')]
    ).has_infinities


def test_no_line_is_a_block_of_nothing() -> None:
    assert block_of_lines([]).n_series == block_of_pieces({}).n_series == 0


def test_what_an_encoder_writes_is_read_back() -> None:
    block = block_of_rows(
        [[0.1, np.inf, 1e300, -5e-324, 0.0]], offsets=[0, 2, 5], has_infinities=True
    )
    lines = b"".join(LineEncoder().encode(block).chunks()).splitlines()
    assert samples_of(block_of_lines(lines)) == samples_of(block)
