"""What :mod:`dask.dataframe` has, imported when the first of it is used.

That takes seconds, which a process of pytest that runs none of its tests is spared.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(import_module("dask.dataframe"), name)
