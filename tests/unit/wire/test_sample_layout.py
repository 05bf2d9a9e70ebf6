from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.model.varint import read_varint, varint
from vm_df_writer.wire.sample_layout import SampleLayout

TIMES = st.lists(st.integers(0, 2**49 - 1), min_size=1, max_size=9)


@given(TIMES, st.integers(1, 3))
def test_every_time_is_a_varint_of_the_layout(times: list[int], n_rows: int) -> None:
    array = np.array(times)
    layout = SampleLayout(SampleLayout.of(array).size - 12)  # made anew, as those of the module are
    samples = layout.at(array, n_rows=n_rows)
    layout.put(samples, np.ones((n_rows, len(times))))
    data = samples.tobytes()[: n_rows * len(times) * layout.size]
    found = [read_varint(data, start + 12)[0] for start in range(0, len(data), layout.size)]
    assert found == times * n_rows
    lengths = [read_varint(data, start + 1)[0] for start in range(0, len(data), layout.size)]
    assert lengths == [layout.size - 2] * len(found)
    read_times, read_values = layout.read(data)
    assert read_times.tolist() == times * n_rows
    assert set(read_values.tolist()) == {1.0}


@pytest.mark.parametrize(
    ("time", "size"), [(0, 18), (2**35 - 1, 18), (2**42 - 1, 18), (2**42, 19), (2**43, 19)]
)
def test_a_time_is_padded_or_given_a_byte_more(time: int, size: int) -> None:
    layout = SampleLayout.of(np.array([time]))
    assert layout.size == size
    assert SampleLayout.of_size(size) is layout
    stored = layout.at(np.array([time]), n_rows=1).tobytes()[12:size]
    assert stored[-1] < 0x80
    assert len(stored) >= len(varint(time))
    assert read_varint(stored, 0) == (time, len(stored))


def test_times_that_are_read_only_are_left_alone() -> None:
    times = np.arange(5)
    times.flags.writeable = False
    SampleLayout.of(times).at(times, n_rows=2)
    assert times.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("time", [2**41 + 5, 2**43 + 5])
def test_a_bit_that_flips_is_seen_in_time_or_value_or_refused(time: int) -> None:
    layout = SampleLayout.of(np.array([time]))
    samples = layout.at(np.array([time, time]), n_rows=1)
    layout.put(samples, np.array([[1.0, 1.0]]))
    data = samples.tobytes()[: 2 * layout.size]
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            times, values = layout.read(bytes(flipped))
        except ValueError:
            continue
        assert (times.tolist() != [time] * 2) != (values.tolist() != [1.0] * 2)


def test_bytes_of_another_layout_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^expected samples, got bytes between them that differ$"):
        SampleLayout.of_size(18).read(bytes(18))


def test_a_size_that_no_sample_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^expected a sample of 18 bytes, got one of 17$"):
        SampleLayout.of_size(17)
