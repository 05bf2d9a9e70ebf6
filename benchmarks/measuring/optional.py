"""Packages that a benchmark uses if they are there."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["NotInstalledError", "optional"]


class NotInstalledError(Exception):
    """Something that a benchmark needs is not on this machine."""


def optional(module: str) -> Any:
    """Import a package of the dependency group ``bench``.

    Raises
    ------
    NotInstalledError
        If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise NotInstalledError(f"{module.replace('_', '-')} is not installed") from error
