from __future__ import annotations

import pandas as pd
import pytest

from tests.support.frame_samples import minutes
from tests.support.import_lines import parse_lines
from vm_df_writer import ColumnError, to_import_lines

FRAME = pd.DataFrame({"y": [1.5, 2.5], "z": [3.5, None]}, index=minutes(0, 1))


def test_each_item_is_one_or_more_whole_lines() -> None:
    items = list(to_import_lines(FRAME, metric_format={"__name__": "$VAR"}))
    assert all(item.endswith(b"\n") for item in items)
    assert sum(map(len, parse_lines(b"".join(items)).values())) == 3


def test_a_frame_that_cannot_be_read_is_refused_before_the_first_line() -> None:
    with pytest.raises(ColumnError, match=r"^value_columns: 'x' is not"):
        to_import_lines(FRAME, metric_format={"__name__": "$VAR"}, value_columns=["x"])
