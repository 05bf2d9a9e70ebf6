"""Dask, imported by the first test that needs it.

That takes seconds, which a process of pytest that runs none of its tests is spared.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def dask_dataframe() -> Any:
    """Return :mod:`dask.dataframe`."""
    return import_module("dask.dataframe")
