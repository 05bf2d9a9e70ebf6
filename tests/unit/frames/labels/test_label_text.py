from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.frames.labels.label_text import label_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"), (" a ", " a "), ("", None), (None, None), (pd.NA, None), (pd.NaT, None),
        (float("nan"), None), (np.float32("nan"), None), (7, "7"), (-7, "-7"), (np.int8(7), "7"),
        (2**70, "1180591620717411303424"), (7.0, "7"), (-0.0, "0"), (0.5, "0.5"), (1e22, "1e+22"),
        (float(2**53 - 1), "9007199254740991"), (np.float32(0.1), "0.1"), (float("inf"), "inf"),
        (True, "true"), (np.False_, "false"), (Decimal("1.50"), "1.50"),
        (dt.date(2026, 1, 2), "2026-01-02"), (dt.time(1, 2), "01:02:00"),
        (pd.Timestamp("2026-01-02 03:04"), "2026-01-02T03:04:00"),
        (pd.Timestamp("2026-01-02", tz="UTC"), "2026-01-02T00:00:00+00:00"),
        (pd.Period("2026-01", "M"), "2026-01"), (dt.timedelta(hours=1), "P0DT1H0M0S"),
        (np.str_("a"), "a"),
    ],
)  # fmt: skip
def test_a_label_value_has_one_text(value: object, text: str | None) -> None:
    assert label_text(value) == text


def test_a_member_of_a_string_enum_stands_for_its_value() -> None:
    class Host(str, Enum):  # noqa: UP042 - it is what people still have
        A = "a"

    assert label_text(Host.A) == "a"
