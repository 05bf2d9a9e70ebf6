"""Side by side: work of which most is done without the interpreter's lock, on two threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

__all__ = ["side_by_side"]

Result = TypeVar("Result")


def side_by_side(work: Sequence[Callable[[], Result]]) -> list[Result]:
    """Call functions, two at a time, and return what they return.

    If some of them raise, all are called, and what the first of them raised is raised.

    Examples
    --------
    >>> side_by_side([lambda: "a", lambda: "b", lambda: "c"])
    ['a', 'b', 'c']
    """
    left = iter(enumerate(work))
    results: dict[int, Result] = {}
    errors: dict[int, BaseException] = {}

    def run() -> None:
        for place, function in left:
            try:
                results[place] = function()
            except BaseException as error:  # noqa: BLE001 - raised below
                errors[place] = error

    other = Thread(target=copy_context().run, args=(run,), daemon=True)
    other.start()
    run()
    other.join()
    if errors:
        raise errors[min(errors)]
    return [results[place] for place in range(len(work))]
