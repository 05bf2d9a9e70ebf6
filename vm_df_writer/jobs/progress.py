"""Progress of a job: a bar in a terminal or a notebook, and elsewhere a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from vm_df_writer.display.progress import ProgressBar, ProgressChoice
from vm_df_writer.display.text import describe_seconds

__all__ = ["JobProgress"]

_LINE_EVERY_S = 10.0


class JobProgress:
    """Shows how far a job has come.

    Parameters
    ----------
    choice : bool or "auto"
        True shows a bar, False shows lines, ``"auto"`` shows a bar in a terminal or a notebook
        and lines elsewhere.
    n_rows : int or None
        Rows to write; None if that is not known.
    say : callable
        Shows a line.
    n_failed : int
        Parts that failed before.
    clock : callable
        The time that passes.
    """

    def __init__(
        self,
        choice: ProgressChoice,
        n_rows: int | None,
        say: Callable[[str], object],
        *,
        n_failed: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bar = ProgressBar(
            choice, n_rows, lambda: self._rows, status=self._status, unit="rows"
        )
        self._say = (lambda _: None) if self._bar.is_shown else say
        self._clock = clock
        self._started = self._said = clock()
        self._n_rows, self._rows, self._samples, self._failed = n_rows, 0, 0, n_failed

    def add(self, rows: int, samples: int, *, failed: bool = False) -> None:
        """Count a part that came to its end."""
        self._rows += rows
        self._samples += samples
        self._failed += failed
        if self._clock() - self._said >= _LINE_EVERY_S:
            self._said = self._clock()
            self._say(self.line())

    def line(self) -> str:
        """Return how things stand."""
        elapsed_s = max(self._clock() - self._started, 1e-9)
        of_all = left = ""
        if self._n_rows is not None:
            of_all = f" of {self._n_rows:,}"
            if self._rows and (rows_left := self._n_rows - self._rows):
                left_s = rows_left * elapsed_s / self._rows
                left = f", about {describe_seconds(left_s)} left"
        return (
            f"{self._rows:,}{of_all} rows, {self._samples:,} samples, "
            f"{self._samples / elapsed_s:,.0f} samples/s, {self._failed:,} parts failed{left}"
        )

    def _status(self) -> str:
        return f"{self._samples:,} samples, {self._failed:,} parts failed"

    def __enter__(self) -> Self:
        """Begin to show the bar, if there is one."""
        self._bar.__enter__()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Show the end."""
        self._bar.__exit__()
        if self._rows:
            self._say(self.line())
