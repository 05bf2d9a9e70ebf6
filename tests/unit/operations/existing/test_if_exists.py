"""The choices of ``if_exists``."""

from __future__ import annotations

import pandas as pd
import pytest

from vm_df_writer import ConfigError, VmWriter


def test_what_is_no_choice_is_refused_before_a_server_is_asked() -> None:
    writer = VmWriter("http://localhost:1")
    with pytest.raises(
        ConfigError, match=r"^if_exists: expected append, skip, fail or replace, got 'update'$"
    ):
        writer.write(pd.DataFrame(), if_exists="update")  # type: ignore[arg-type]


def test_replace_needs_a_spool(tmp_path: object) -> None:
    del tmp_path
    index = pd.date_range("2026-01-01", periods=1, tz="UTC")
    with pytest.raises(ConfigError, match=r"^if_exists: 'replace' needs spool_dir="):
        VmWriter("http://localhost:1").write(pd.DataFrame({"y": [1.0]}, index), if_exists="replace")
