from __future__ import annotations

import numpy as np
import orjson
import pytest

from tests.support.blocks import T
from tests.support.write_request import WriteRequest
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.wire.remote_write import TimeSeriesEncoder
from vm_df_writer.wire.write_request import counts_of_request, first_series


def request_of(label_set: bytes, times: list[int], values: list[float]) -> bytes:
    block = SeriesBlock(
        [label_set], np.array([0, len(times)]), np.array(times), np.array([values], float)
    )
    return b"".join(TimeSeriesEncoder().encode(block).chunks())


def test_label_sets_are_json_again_and_the_name_comes_first() -> None:
    label_set = '{"__name__":"y","Host":"say \\"hi\\"","é":"\\u0000\\n😀"}'.encode()
    (read,) = counts_of_request(request_of(label_set, [T], [1.0])).label_sets
    assert read.startswith(b'{"__name__":"y",')
    assert orjson.loads(read) == orjson.loads(label_set)


@pytest.mark.parametrize("times", [[T], [T, T + 5, T + 9], [2**42 - 1, 2**42], [31_536_000_000]])
def test_times_are_read_back(times: list[int]) -> None:
    counts = counts_of_request(request_of(b'{"__name__":"y"}', times, [1.0] * len(times)))
    assert counts.samples.tolist() == [len(times)]
    assert (counts.first_ms.tolist(), counts.last_ms.tolist()) == (times[:1], times[-1:])


def test_a_request_of_nothing_counts_nothing() -> None:
    assert counts_of_request(b"").samples.tolist() == []


def test_the_first_series_is_told_as_an_import_line() -> None:
    data = request_of(b'{"__name__":"y"}', [T, T + 1], [float("inf"), -0.0])
    assert first_series(data + b"damaged") == (
        '{"metric":{"__name__":"y"},"values":[1e999,-0.0],"timestamps":[1767225600000,1767225600001]}'
    )


GOOD = request_of(b'{"__name__":"y"}', [T, T + 1], [1.0, 2.0])


@pytest.mark.parametrize("stop", range(1, len(GOOD)))
def test_a_request_that_is_cut_is_refused(stop: int) -> None:
    with pytest.raises(ValueError, match=r"expected"):
        counts_of_request(GOOD[:stop])


SAMPLE = request_of(b'{"__name__":"y"}', [T], [1.0])[-18:]


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (SAMPLE[:-1] + b"\xff", r"expected samples, got bytes between them that differ"),
        (SAMPLE + b"\x12\x11" + SAMPLE[2:], r"expected samples, got bytes"),
        (SAMPLE + SAMPLE[:9], r"expected samples of 18 bytes, got 27 bytes"),
        (b"\x12\x09\x09" + bytes(8), r"expected a sample of 18 bytes, got one of 11"),
        (b"\x1a\x00" + SAMPLE, r"byte 0: expected a field 12, got '1a00"),
        (b"\x0a\x03\x0a\x01a" + SAMPLE, r"byte 3: expected a field 12, got ''"),
        (b"\x0a\x07\x0a\x01a\x12\x01bc" + SAMPLE, r"label b'a': expected 6 bytes, got 7"),
        (b"\x0a\x06\x0a\x01\xff\x12\x01b" + SAMPLE, r"can't decode byte"),
    ],
)
def test_what_is_no_series_of_ours_is_refused(message: bytes, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        counts_of_request(b"\x0a%c%b" % (len(message), message))


def test_what_other_senders_make_is_refused_rather_than_miscounted() -> None:
    request = WriteRequest()
    series = request.timeseries.add()
    series.labels.add(name="__name__", value="y")
    series.samples.add(timestamp=T, value=0.0)  # zeros are left out
    series.samples.add(timestamp=T, value=1.0)
    with pytest.raises(ValueError, match=r"expected a sample of 18 bytes, got one of 9"):
        counts_of_request(request.SerializeToString())
