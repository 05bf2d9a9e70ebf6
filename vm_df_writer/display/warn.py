"""Warnings: issued at the caller's line, and handed to what shows them in another way."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from vm_df_writer.display.text import bounded

__all__ = ["capture_warnings", "warn_caller", "warnings_handed_to"]

_PACKAGE = str(Path(__file__).parents[1])

Kind = TypeVar("Kind", bound=Warning)

_HAND_OVER: ContextVar[Callable[[Warning], object] | None] = ContextVar("_HAND_OVER", default=None)


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn with the line of the first caller outside this package.

    In a thread in which warnings are handed to another one, that is for the other one to do.
    """
    if (hand_over := _HAND_OVER.get()) is not None:
        hand_over(category(bounded(message)))
        return
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    with suppress(ValueError, OSError):  # of a standard error that is closed
        warnings.warn(bounded(message), category, stacklevel=level)


@contextmanager
def warnings_handed_to(hear: Callable[[Warning], object]) -> Iterator[None]:
    """Hand every warning of this package to `hear`, in this thread and those that it starts.

    `capture_warnings` is for a whole process, and must not go on in two threads at once.
    """
    token = _HAND_OVER.set(hear)
    try:
        yield
    finally:
        _HAND_OVER.reset(token)


@contextmanager
def capture_warnings(kind: type[Kind], hear: Callable[[Kind], object]) -> Iterator[None]:
    """Hand every warning of a kind to `hear`, in place of showing it; others are shown."""
    show_otherwise = warnings.showwarning

    def show(message: Warning | str, *where: Any, **named: Any) -> None:
        if isinstance(message, kind):
            hear(message)
        else:
            show_otherwise(message, *where, **named)

    with warnings.catch_warnings():
        warnings.simplefilter("always", kind)
        warnings.showwarning = show
        yield
