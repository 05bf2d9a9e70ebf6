"""Dask, imported by the first test that needs it.

That takes seconds, which a process of pytest that runs none of its tests is spared.
"""

from __future__ import annotations

from typing import Any

import pytest


def dask_dataframe() -> Any:
    """Return :mod:`dask.dataframe`; without it, the test is skipped."""
    return pytest.importorskip("dask.dataframe")
