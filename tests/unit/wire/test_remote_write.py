from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.blocks import T, block_of_rows
from tests.support.import_lines import Samples
from tests.support.write_request import WriteRequest, parse_request
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.wire.chunks import PORTION_SAMPLES
from vm_df_writer.wire.remote_write import TimeSeriesEncoder

OLDEST, NEWEST = 31_536_000_000, 7_258_118_400_000 - 1  # 1971 and 2200
ONE_BYTE_MORE = 2**42  # 2109-05-15


def bytes_of(*blocks: SeriesBlock, max_chunk_bytes: int = 2**20) -> bytes:
    encoder = TimeSeriesEncoder(max_chunk_bytes)
    return b"".join(chunk for block in blocks for chunk in encoder.encode(block).chunks())


def samples_of(*blocks: SeriesBlock) -> Samples:
    """Return the samples of blocks as a loop over all of them finds them."""
    series: Samples = {}
    for block in blocks:
        for label_set, times, values in block:
            labels = frozenset(json.loads(label_set).items())
            samples = zip(times.tolist(), values.tolist(), strict=True)
            series.setdefault(labels, []).extend(samples)
    return series


def naive_request(block: SeriesBlock) -> bytes:
    """Return what Prometheus' own definitions make of a block; they leave out zeros."""
    request = WriteRequest()
    for labels, samples in samples_of(block).items():
        series = request.timeseries.add()
        for name, value in sorted(labels, key=lambda label: label[0].encode()):
            series.labels.add(name=name, value=value)
        for timestamp, number in samples:
            series.samples.add(timestamp=timestamp, value=number)
    return bytes(request.SerializeToString())


def test_the_bytes_of_a_block() -> None:
    labels = [b'{"__name__":"y","Host":"a","zone":"\xc3\xa9"}']
    assert bytes_of(block_of_rows([[1.0, -2.5]], [T, T + 60_000], label_sets=labels)) == (
        b"\x0a\x4a"
        b"\x0a\x09\x0a\x04Host\x12\x01a"
        b"\x0a\x0d\x0a\x08__name__\x12\x01y"
        b"\x0a\x0a\x0a\x04zone\x12\x02\xc3\xa9"
        b"\x12\x10\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\x10\x80\xd0\xea\xb6\xb7\x33"
        b"\x12\x10\x09\x00\x00\x00\x00\x00\x00\x04\xc0\x10\xe0\xa4\xee\xb6\xb7\x33"
    )


@pytest.mark.parametrize(
    ("n_rows", "length"), [*product([1, 3, 70], [1, 2, 50]), *product([1, 3], [3_000, 9_999])]
)
@pytest.mark.parametrize("n_groups", [1, 4])
def test_series_of_every_length_are_what_protobuf_makes(
    n_rows: int, length: int, n_groups: int
) -> None:
    rng = np.random.default_rng(length)
    n_samples = length * n_groups
    offsets = list(range(0, n_samples + 1, length))
    block = block_of_rows(rng.standard_normal((n_rows, n_samples)), None, offsets)
    assert bytes_of(block) == naive_request(block)


@pytest.mark.parametrize("n_rows", [1, 3])
@pytest.mark.parametrize("longest", [3, 40, 20_000])
def test_groups_of_uneven_length_are_cut_at_their_ends(n_rows: int, longest: int) -> None:
    rng = np.random.default_rng(0)
    offsets = np.append(0, np.cumsum(rng.integers(1, longest, 20))).tolist()
    block = block_of_rows(rng.random((n_rows, offsets[-1])), None, offsets)
    assert parse_request(bytes_of(block)) == samples_of(block)


def test_many_rows_of_one_sample_share_their_time() -> None:
    block = block_of_rows(np.random.default_rng(0).standard_normal((PORTION_SAMPLES + 9, 1)))
    assert parse_request(bytes_of(block)) == samples_of(block)


@pytest.mark.parametrize(
    "times",
    [
        [OLDEST, 2**35 - 1, 2**35],
        [ONE_BYTE_MORE - 2, ONE_BYTE_MORE - 1],
        [ONE_BYTE_MORE - 1, ONE_BYTE_MORE],
        [OLDEST, NEWEST],
        [NEWEST],
    ],
)
def test_times_of_two_centuries_arrive(times: list[int]) -> None:
    block = block_of_rows(np.ones((2, len(times))), times)
    assert parse_request(bytes_of(block)) == samples_of(block)


@given(
    st.lists(st.integers(OLDEST, NEWEST), min_size=1, max_size=9, unique=True),
    st.integers(1, 3),
    st.data(),
)
def test_all_bits_of_values_and_times_arrive(
    times: list[int], n_rows: int, data: st.DataObject
) -> None:
    shape = n_rows, len(times)
    numbers = st.floats(allow_nan=False, width=64)
    values = data.draw(
        st.lists(numbers, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
    )
    block = block_of_rows(np.array(values).reshape(shape), sorted(times))
    found = parse_request(bytes_of(block))
    assert found == samples_of(block)
    sent = [np.float64(value).tobytes() for value in values]
    assert [
        np.float64(value).tobytes() for samples in found.values() for _, value in samples
    ] == sent


def test_zero_has_a_sign_and_is_written_out() -> None:
    found = parse_request(bytes_of(block_of_rows([[0.0, -0.0, 5e-324, float("-inf")]])))
    ((_, zero), (_, minus_zero), *others) = next(iter(found.values()))
    assert (str(zero), str(minus_zero)) == ("0.0", "-0.0")
    assert [value for _, value in others] == [5e-324, float("-inf")]
    assert len(bytes_of(block_of_rows([[0.0]]))) == len(bytes_of(block_of_rows([[1.0]])))


@pytest.mark.parametrize("max_chunk_bytes", [1, 50, 100, 1_000])
@pytest.mark.parametrize("first_ms", [T, ONE_BYTE_MORE])
def test_series_are_cut_by_bytes(max_chunk_bytes: int, first_ms: int) -> None:
    times = list(range(first_ms, first_ms + 40))
    block = block_of_rows(np.random.default_rng(0).random((2, 40)), times, [0, 30, 40])
    portions = list(TimeSeriesEncoder(max_chunk_bytes).encode(block).portions)
    for size in (int(size) for _, sizes in portions for size in sizes):
        assert size <= max_chunk_bytes or size < 50
    assert parse_request(bytes_of(block, max_chunk_bytes=max_chunk_bytes)) == samples_of(block)


def test_a_message_holds_ten_thousand_samples_at_most() -> None:
    block = block_of_rows(np.ones((2, 25_000)))
    request = WriteRequest.FromString(bytes_of(block))
    assert [len(series.samples) for series in request.timeseries] == [10_000, 10_000, 5_000] * 2
    assert parse_request(bytes_of(block)) == samples_of(block)


def test_the_counts_say_what_each_message_carries() -> None:
    block = block_of_rows(np.ones((2, 12_001)), None, [0, 12_000, 12_001])
    encoded = TimeSeriesEncoder().encode(block)
    assert encoded.counts.samples.tolist() == [10_000, 2_000, 1] * 2
    assert encoded.counts.first_ms.tolist() == [T, T + 10_000, T + 12_000] * 2
    assert encoded.counts.last_ms.tolist() == [T + 9_999, T + 11_999, T + 12_000] * 2
    assert encoded.begins.tolist() == [True, False, True] * 2
    assert encoded.counts.label_sets == [b'{"__name__":"s%d"}' % i for i in (0, 0, 1, 2, 2, 3)]


@pytest.mark.parametrize("name_bytes", [1, 70, 90, 20_000, 2**14])
def test_sizes_are_those_of_the_messages(name_bytes: int) -> None:
    labels = [b'{"__name__":"%b"}' % (b"x" * (name_bytes + i)) for i in range(9)]
    portions = list(
        TimeSeriesEncoder().encode(block_of_rows(np.ones((9, 1)), None, None, labels)).portions
    )
    for pieces, sizes in portions:
        assert isinstance(pieces, list)  # of few chunks
        messages = [b"".join(pieces[i : i + 3]) for i in range(0, len(pieces), 3)]
        assert list(sizes) == list(map(len, messages))
        for message in messages:
            assert len(WriteRequest.FromString(message).timeseries) == 1


def test_sizes_are_those_of_messages_that_are_joined() -> None:
    labels = [b'{"__name__":"%b"}' % (b"x" * i) for i in range(1, 300)]
    block = block_of_rows(np.ones((299, 1)), None, None, labels)
    ((data, sizes),) = TimeSeriesEncoder().encode(block).portions
    assert isinstance(data, bytes)
    ends = np.cumsum(sizes).tolist()
    assert ends[-1] == len(data)
    for start, end, label_set in zip([0, *ends], ends, labels, strict=False):
        (series,) = WriteRequest.FromString(data[start:end]).timeseries
        assert series.labels[0].value.encode() in label_set


def test_a_block_of_nothing_has_no_messages() -> None:
    assert bytes_of(SeriesBlock.of_nothing({"nan": 3})) == b""
