"""Progress of a job: a bar in a terminal or a notebook, else a line now and then; and metrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Self

from vm_df_writer.delivery.observer import DeliveryObserver
from vm_df_writer.display.progress import ProgressBar, ProgressChoice
from vm_df_writer.display.text import describe_seconds
from vm_df_writer.jobs.state.records import PartRecord, PartState

__all__ = ["JobProgress"]

_LINE_EVERY_S = 10.0


class JobProgress:
    """Shows how far a job has come; it keeps count, so that the state file need not be asked again.

    Parameters
    ----------
    choice : bool or "auto"
        True shows a bar, False shows lines, ``"auto"`` shows a bar in a terminal or a notebook
        and lines elsewhere.
    n_rows : int or None
        Rows to write; None if that is not known.
    say : callable
        Shows a line.
    counts : mapping of PartState to int
        How many parts are in each state as the run begins.
    observer : DeliveryObserver, optional
        Hears of them, too.
    clock : callable
        The time that passes.

    Examples
    --------
    >>> from vm_df_writer.delivery.observer import NullObserver
    >>> class Printing(NullObserver):
    ...     def on_job(self, *, parts, rows_left):
    ...         print({state: n for state, n in parts.items() if n}, rows_left)
    >>> counts = {PartState.PENDING: 2}
    >>> progress = JobProgress(False, 100, print, counts=counts, observer=Printing())
    {'pending': 2} 100
    """

    def __init__(
        self,
        choice: ProgressChoice,
        n_rows: int | None,
        say: Callable[[str], object],
        *,
        counts: Mapping[PartState, int] = MappingProxyType({}),
        observer: DeliveryObserver | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bar = ProgressBar(
            choice, n_rows, lambda: self._rows, status=self._status, unit="rows"
        )
        self._say = (lambda _: None) if self._bar.is_shown else say
        self._clock = clock
        self._started = self._said = clock()
        self._n_rows, self._rows, self._samples = n_rows, 0, 0
        self._counts = {state: counts.get(state, 0) for state in PartState}
        self._observer = observer
        self._tell()

    def note(self, record: PartRecord, state: PartState, samples: int = 0) -> None:
        """Note that a part, which is told of as it was before, is in another state."""
        self._counts[record.state] = max(0, self._counts[record.state] - 1)
        self._counts[state] += 1
        if state is not PartState.PENDING:
            self._rows += record.part.rows
            self._samples += samples
            if self._clock() - self._said >= _LINE_EVERY_S:
                self._said = self._clock()
                self._say(self.line())
        self._tell()

    def _tell(self) -> None:
        if self._observer is not None:
            parts = {str(state): n for state, n in self._counts.items()}
            rows_left = None if self._n_rows is None else self._n_rows - self._rows
            self._observer.on_job(parts=parts, rows_left=rows_left)

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
            f"{self._samples / elapsed_s:,.0f} samples/s, {self._n_failed:,} parts failed{left}"
        )

    @property
    def _n_failed(self) -> int:
        return self._counts[PartState.FAILED]

    def _status(self) -> str:
        return f"{self._samples:,} samples, {self._n_failed:,} parts failed"

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
