from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import orjson
import pytest

from tests.support.blocks import T, block_of_rows
from tests.support.import_lines import parse_lines
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.wire.import_lines import MAX_SAMPLES_PER_LINE, LineEncoder, first_line

INF = float("inf")


def text_of(*blocks: SeriesBlock, max_line_bytes: int = 2**20) -> bytes:
    encoder = LineEncoder(max_line_bytes)
    return b"".join(chunk for block in blocks for chunk in encoder.encode(block).chunks())


def naive_text(block: SeriesBlock) -> bytes:
    """Return the lines of a block as a loop over all numbers makes them."""
    text = b""
    for label_set, times, values in block:
        numbers = b",".join(map(naive_number, values.tolist()))
        epochs = b",".join(str(ms).encode() for ms in times.tolist())
        text += b'{"metric":%b,"values":[%b],"timestamps":[%b]}\n' % (label_set, numbers, epochs)
    return text


def naive_number(value: float) -> bytes:
    if math.isinf(value):
        return b"1e999" if value > 0 else b"-1e999"
    return orjson.dumps(value)


def test_the_bytes_of_a_wide_block() -> None:
    labels = [b'{"__name__":"y","for":"cpu"}', b'{"__name__":"yhat","for":"cpu"}']
    block = block_of_rows([[1.0, 2.5], [-0.0, 0.1]], [T, T + 60_000], label_sets=labels)
    assert text_of(block) == (
        b'{"metric":{"__name__":"y","for":"cpu"},"values":[1.0,2.5],'
        b'"timestamps":[1767225600000,1767225660000]}\n'
        b'{"metric":{"__name__":"yhat","for":"cpu"},"values":[-0.0,0.1],'
        b'"timestamps":[1767225600000,1767225660000]}\n'
    )


def test_the_bytes_of_a_long_block() -> None:
    block = block_of_rows([[0.1, 5e-324, 3.0]], [T, T + 1, T], [0, 2, 3])
    assert text_of(block) == (
        b'{"metric":{"__name__":"s0"},"values":[0.1,5e-324],'
        b'"timestamps":[1767225600000,1767225600001]}\n'
        b'{"metric":{"__name__":"s1"},"values":[3.0],"timestamps":[1767225600000]}\n'
    )


def test_infinities_are_the_numbers_that_every_server_stores() -> None:
    block = block_of_rows([[INF, 1.0, -INF]], has_infinities=True)
    assert b'"values":[1e999,1.0,-1e999]' in text_of(block)
    incomplete = block_of_rows([[INF, -INF, 2.0]], [T, T, T], [0, 1, 2, 3], has_infinities=True)
    assert [line.split(b'"values":')[1][:8] for line in text_of(incomplete).splitlines()] == [
        b"[1e999],",
        b"[-1e999]",
        b'[2.0],"t',
    ]


def test_infinities_of_many_long_rows_stay_where_they_are() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((3, 300))
    values[rng.random(values.shape) < 0.1] = INF
    values[rng.random(values.shape) < 0.1] = -INF
    for offsets in ([0, 300], [0, 100, 300], list(range(0, 301, 2))):
        block = block_of_rows(values, None, offsets, has_infinities=True)
        assert text_of(block) == naive_text(block)


def test_a_block_without_infinities_may_be_searched_for_them() -> None:
    block = block_of_rows([[1.0, 2.0]], has_infinities=True)
    assert text_of(block) == naive_text(block)


@pytest.mark.parametrize("n_rows", [1, 3])
@pytest.mark.parametrize("length", [1, 2, 15, 16, 17, 4095, 4096, 5000])
@pytest.mark.parametrize("n_groups", [1, 4])
def test_lines_of_every_length_are_what_json_makes(n_rows: int, length: int, n_groups: int) -> None:
    rng = np.random.default_rng(length)
    n_samples = length * n_groups
    values = rng.normal(size=(n_rows, n_samples)) * 10.0 ** rng.integers(-20, 20, n_samples)
    block = block_of_rows(values, None, list(range(0, n_samples + 1, length)))
    assert text_of(block) == naive_text(block)


def test_groups_of_uneven_length_are_cut_at_their_ends() -> None:
    rng = np.random.default_rng(0)
    for most in (3, 40, 2000):
        lengths = rng.integers(1, most, 50)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).tolist()
        block = block_of_rows(rng.random((2, offsets[-1])), None, offsets)
        assert text_of(block) == naive_text(block)


def test_label_sets_go_through_as_they_are() -> None:
    label_set = '{"__name__":"y","a\\"\\\\":"\\n\\u0000é😀"}'.encode()
    for n_samples in (1, 100):
        text = text_of(block_of_rows(np.ones((1, n_samples)), label_sets=[label_set]))
        assert text.startswith(b'{"metric":' + label_set + b',"values":[1.0')


def test_a_line_holds_ten_thousand_samples_at_most() -> None:
    assert MAX_SAMPLES_PER_LINE == 10_000
    block = block_of_rows(np.ones((2, 25_000)))
    lines = text_of(block).splitlines()
    assert [line.count(b"1.0") for line in lines] == [10_000, 10_000, 5_000] * 2
    series = parse_lines(text_of(block))
    assert [len(samples) for samples in series.values()] == [25_000] * 2


@pytest.mark.parametrize("label_bytes", [1, 500])
@pytest.mark.parametrize("max_line_bytes", [1, 100, 150, 1000])
def test_lines_are_cut_by_bytes(max_line_bytes: int, label_bytes: int) -> None:
    values = np.full((2, 40), -1.2345678901234567e-300)
    labels = [b'{"__name__":"%d%b"}' % (i, b"x" * label_bytes) for i in range(4)]
    block = block_of_rows(values, None, [0, 30, 40], labels)
    text = text_of(block, max_line_bytes=max_line_bytes)
    for line in text.splitlines(keepends=True):
        assert len(line) <= max_line_bytes or line.count(b"e-300") == 1
    series = parse_lines(text)
    assert [len(samples) for samples in series.values()] == [30, 10, 30, 10]
    assert next(iter(series.values())) == [(T + i, values[0, 0]) for i in range(30)]


def test_the_table_says_what_each_line_carries() -> None:
    block = block_of_rows(np.ones((2, 12_001)), None, [0, 12_000, 12_001])
    lines = LineEncoder().encode(block)
    rows = list(
        zip(
            lines.counts.label_sets,
            lines.counts.samples.tolist(),
            lines.counts.first_ms.tolist(),
            lines.counts.last_ms.tolist(),
            lines.begins.tolist(),
            strict=True,
        )
    )
    assert rows == [
        (b'{"__name__":"s%d"}' % (2 * row + group), n, T + first, T + first + n - 1, begins)
        for row in range(2)
        for group, n, first, begins in (
            (0, 10_000, 0, True),
            (0, 2_000, 10_000, False),
            (1, 1, 12_000, True),
        )
    ]


@pytest.mark.parametrize("n_samples", [1, 20, 5_000])
def test_sizes_are_those_of_the_lines(n_samples: int) -> None:
    sizes, text = [], b""
    for pieces, sizes_of_portion in (
        LineEncoder().encode(block_of_rows(np.ones((9, n_samples)))).portions
    ):
        sizes += list(sizes_of_portion)
        text += pieces if isinstance(pieces, bytes) else b"".join(pieces)
    assert sizes == [len(line) for line in text.splitlines(keepends=True)]


@pytest.mark.parametrize("has_infinities", [False, True])
@pytest.mark.parametrize("n_rows", [4096, 9_000])  # 4096 fill a portion
def test_many_lines_of_one_sample_are_those_of_a_loop(n_rows: int, has_infinities: bool) -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((n_rows, 1))
    if has_infinities:
        values[rng.random(n_rows) < 0.1] = INF
    labels = [b'{"__name__":"%%b%%","host":"%d%%"}' % i for i in range(n_rows)]
    block = block_of_rows(values, [T], label_sets=labels)
    block = replace(block, has_infinities=has_infinities)
    portions = list(LineEncoder().encode(block).portions)
    sizes = [size for _, sizes in portions for size in sizes]
    assert text_of(block) == naive_text(block)
    assert sizes == [len(line) for line in naive_text(block).splitlines(keepends=True)]
    assert len(portions) == -(-n_rows // 4096)


@pytest.mark.parametrize(("most", "n_groups"), [(1, 5000), (5, 4000), (40, 1500)])
def test_portions_of_many_lines_join_to_those_of_a_loop(most: int, n_groups: int) -> None:
    rng = np.random.default_rng(0)
    offsets = np.append(0, np.cumsum(rng.integers(1, most + 1, n_groups)))
    block = block_of_rows(rng.standard_normal((2, offsets[-1])), None, offsets)
    portions = list(LineEncoder().encode(block).portions)
    sizes = [size for _, sizes in portions for size in sizes]
    assert text_of(block) == naive_text(block)
    assert sizes == [len(line) for line in naive_text(block).splitlines(keepends=True)]
    assert len(portions) > 2


@pytest.mark.parametrize("n_samples", [20, 127, 128, 300, 10_500])
def test_times_that_groups_share_are_told_from_others_of_the_same_ends(n_samples: int) -> None:
    regular = np.arange(n_samples) * 10
    other = regular.copy()
    other[n_samples // 2] += 1
    groups = [regular, regular, other, other, regular[:-1], regular, other, regular + 5, regular]
    offsets = np.append(0, np.cumsum([len(times) for times in groups]))
    values = np.random.default_rng(0).standard_normal((1, offsets[-1]))
    block = block_of_rows(values, T + np.concatenate(groups), offsets.tolist())
    expected = [list(zip(ms.tolist(), held.tolist(), strict=True)) for _, ms, held in block]
    assert list(parse_lines(text_of(block)).values()) == expected
    if n_samples <= MAX_SAMPLES_PER_LINE:
        assert text_of(block) == naive_text(block)


def test_times_that_blocks_share_are_not_mixed_up_with_others() -> None:
    shared = np.arange(T, T + 100)
    blocks = [
        block_of_rows(np.ones((rows, 100)), times, offsets)
        for times, rows, offsets in (
            (shared, 2, [0, 100]),
            (shared, 2, [0, 100]),
            (shared + 7, 2, [0, 100]),
            (shared, 1, [0, 60, 100]),
            (shared.copy(), 2, [0, 100]),
            (shared, 1, [0, 100]),
            (shared, 1, [0, 100]),
            (shared, 1, [0, 100]),
            (shared, 3, [0, 100]),
        )
    ]
    encoder = LineEncoder()
    for block in blocks:
        text = b"".join(encoder.encode(block).chunks())
        assert text == naive_text(block)


def test_a_block_of_nothing_has_no_lines() -> None:
    assert text_of(SeriesBlock.of_nothing({"nan": 3})) == b""


def test_the_first_line_of_a_body_is_shown_without_the_others() -> None:
    assert first_line(b'{"metric":{}}\n{"metric":{"a":"b"}}\n') == '{"metric":{}}'


def test_the_last_line_alone_may_begin_a_new_portion() -> None:
    n_series, per_series = 4097, 8
    offsets = np.arange(n_series + 1) * per_series
    block = block_of_rows(np.ones((1, n_series * per_series)), None, offsets)
    assert text_of(block).count(b"\n") == n_series
