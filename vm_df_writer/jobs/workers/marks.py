"""Marks: a worker asks that a part be marked as started, and waits until the mark is on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue

from vm_df_writer.jobs.overlap.series_spans import SeriesSpans
from vm_df_writer.jobs.workers.tasks import OtherPart

__all__ = ["MarkCounter", "MarkRequest", "Marked", "NotMarkedError"]


@dataclass(frozen=True)
class MarkRequest:
    """A worker asks the job to mark a part as started.

    Attributes
    ----------
    part_id : int
        The part.
    spans : SeriesSpans or None
        Its series; None if no other part can have samples of them at the same times.
    """

    part_id: int
    spans: SeriesSpans | None


@dataclass(frozen=True)
class Marked:
    """The answer: the mark is on disk, or there is none.

    Attributes
    ----------
    part_id : int
        The part.
    others : sequence of OtherPart or None
        Parts that began before, and may have samples of its series at the same times; None if
        this one is not to begin.
    """

    part_id: int
    others: Sequence[OtherPart] | None


class NotMarkedError(Exception):
    """There is no mark, so that nothing of the part may be sent: the job ends."""


class MarkCounter:
    """Where the threads of a worker wait for marks.

    Parameters
    ----------
    tell : callable
        Takes a request to the job.

    Examples
    --------
    >>> counter = MarkCounter(lambda request: counter.answer(Marked(request.part_id, [])))
    >>> counter.ask(7, None)
    []
    """

    def __init__(self, tell: Callable[[MarkRequest], object]) -> None:
        self._tell = tell
        self._waiting: dict[int, SimpleQueue[Sequence[OtherPart] | None]] = {}
        self._is_closed = False

    def ask(self, part_id: int, spans: SeriesSpans | None) -> Sequence[OtherPart]:
        """Wait until the mark is on disk; return the parts that began before, and may overlap.

        Raises
        ------
        NotMarkedError
            If the job ends before the part is marked.
        """
        answers: SimpleQueue[Sequence[OtherPart] | None] = SimpleQueue()
        self._waiting[part_id] = answers
        if not self._is_closed:  # else `close` may not have seen that this one waits
            self._tell(MarkRequest(part_id, spans))
            if (others := answers.get()) is not None:
                return others
        raise NotMarkedError

    def answer(self, marked: Marked) -> None:
        """Hand over an answer, from any thread."""
        self._waiting.pop(marked.part_id).put(marked.others)

    def close(self) -> None:
        """Give no more marks, from any thread: all that wait go without."""
        self._is_closed = True
        for answers in self._waiting.copy().values():
            answers.put(None)
