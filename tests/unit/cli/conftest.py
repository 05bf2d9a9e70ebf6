"""Files that the tests of several commands read."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    path = tmp_path / "scores.csv"
    path.write_text(
        "time,host,y,yhat\n"
        "2026-01-01T00:00:00Z,007,1.5,\n"
        "2026-01-01T00:00:00Z,NA,2.5,2\n"
        "2026-01-01T00:01:00Z,NA,3.5,3\n"
    )
    return path


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.csv"
    path.write_text("time,y\n2026-01-01T00:00:00Z,1\n2026-01-01T00:01:00Z,n/a?\n")
    return path
