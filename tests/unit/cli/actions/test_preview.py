from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.support.command_line import FORMAT, run


def test_preview_needs_no_server(scores: Path) -> None:
    result = run("preview", scores, *FORMAT)
    assert result.exit_code == 0
    assert "series      3" in result.stdout
    assert '"host":"007"' in result.stdout


def test_csv_comes_from_standard_input_too(scores: Path) -> None:
    from_file = run("preview", scores, *FORMAT)
    assert run("preview", "-", *FORMAT, stdin=scores.read_text()).output == from_file.output


def test_a_parquet_file_of_a_wide_frame_with_levels_is_read(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    columns = pd.MultiIndex.from_product([["y", "yhat"], ["a", "b"]], names=["var", "host"])
    index = pd.date_range("2026-01-01", periods=2, freq="1min", tz="UTC")
    frame = pd.DataFrame(np.ones((2, 4)), index=index, columns=columns)
    path = tmp_path / "wide.parquet"
    frame.to_parquet(path)
    shown = run("preview", path, *FORMAT).stdout
    assert "wide (the columns are a MultiIndex)" in shown
    assert "series      4" in shown
