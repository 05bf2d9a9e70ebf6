from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.errors import TimestampError
from vm_df_writer.reading.time_points import TimePoint, epoch_ms_of

T = 1767225600000


@pytest.mark.parametrize(
    "point",
    [
        T,
        np.int64(T),
        "2026-01-01",
        "2026-01-01T01:00:00+01:00",
        date(2026, 1, 1),
        datetime(2026, 1, 1, tzinfo=UTC),
        pd.Timestamp("2026-01-01T00:00:00.000999"),
        pd.Timestamp("2026-01-01T01:00", tz="Europe/Berlin"),
        np.datetime64("2026-01-01", "s"),
    ],
    ids=repr,
)
def test_whatever_says_a_time_is_read(point: TimePoint) -> None:
    assert epoch_ms_of("start", point) == T


def test_a_time_that_names_no_zone_is_in_the_one_that_is_given() -> None:
    assert epoch_ms_of("start", "2026-01-01T01:00", "Europe/Berlin") == T
    assert epoch_ms_of("start", pd.Timestamp("2026-01-01", tz="UTC"), "Europe/Berlin") == T


@pytest.mark.parametrize(
    ("point", "found"),
    [
        (1767225600, "1767225600 is not in 1971 to 2200 as epoch milliseconds"),
        (T * 1000, "is not in 1971 to 2200 as epoch milliseconds"),
        ("yesterday-ish", "'yesterday-ish' cannot be read as a time"),
        (pd.NaT, "NaT"),
        (1.5, "1.5 is no time"),
        (True, "True is no time"),
        (None, "None is no time"),
        ("1960-01-01", "1960-01-01 is not in 1971 to 2200;"),
    ],
)
def test_what_is_no_time_is_refused(point: object, found: str) -> None:
    with pytest.raises(TimestampError, match=f"^end: .*{found}.*pass milliseconds"):
        epoch_ms_of("end", point)
