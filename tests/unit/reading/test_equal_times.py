from __future__ import annotations

import numpy as np
import pytest

from vm_df_writer.config.read_options import DuplicatesPolicy
from vm_df_writer.errors import FrameError
from vm_df_writer.reading.equal_times import EqualTimes
from vm_df_writer.verification.export.series_collector import SeriesSamples


def samples_of(times: list[int], values: list[float]) -> SeriesSamples:
    return SeriesSamples({"__name__": "y"}, np.array(times), np.array(values))


TWICE = samples_of([10, 20, 20, 20, 30], [1, 5, 9, 2, 3])


@pytest.mark.parametrize(
    ("policy", "chosen"), [("last", 2.0), ("first", 5.0), ("max", 9.0)], ids=lambda x: str(x)
)
def test_one_sample_of_each_time_stays(policy: DuplicatesPolicy, chosen: float) -> None:
    equal_times = EqualTimes(policy)
    kept = equal_times.resolve(TWICE)
    assert kept.timestamps_ms.tolist() == [10, 20, 30]
    assert kept.values.tolist() == [1.0, chosen, 3.0]
    assert equal_times.n_conflicting == 1
    assert equal_times.first == ({"__name__": "y"}, 20)


def test_all_are_kept_where_that_is_asked_for() -> None:
    equal_times = EqualTimes("keep")
    assert equal_times.resolve(TWICE) is TWICE
    assert equal_times.n_conflicting == 0


def test_several_are_refused_where_that_is_asked_for() -> None:
    text = r"duplicates: the series .* several samples at 1970-01-01 00:00:00.020 UTC.* 2 are such"
    with pytest.raises(FrameError, match=text):
        EqualTimes("error").resolve(TWICE)


def test_copies_do_not_conflict_nor_do_the_digits_that_a_server_drops() -> None:
    equal_times = EqualTimes("last")
    same = samples_of([10, 10, 20, 20], [0.123456789012, 0.1234567890121, np.inf, np.inf])
    assert equal_times.resolve(same).values.tolist() == [0.1234567890121, np.inf]
    assert equal_times.n_conflicting == 0
    equal_times.resolve(samples_of([10, 10], [-np.inf, np.inf]))
    assert equal_times.n_conflicting == 1


def test_a_series_without_equal_times_stays_as_it_is() -> None:
    equal_times = EqualTimes("error")
    one = samples_of([10, 20], [1, 2])
    assert equal_times.resolve(one) is one
    shared = one._replace(values=np.array([3.0, 4.0]))
    assert equal_times.resolve(shared) is shared
