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
