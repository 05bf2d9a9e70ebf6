"""WorkerPool: hands tasks to workers, and keeps a book of what they tell."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import groupby
from queue import Empty
from typing import Protocol

from vm_df_writer.jobs.overlap.series_spans import SeriesSpans
from vm_df_writer.jobs.workers.event_recorder import EventRecorder, Events
from vm_df_writer.jobs.workers.log_forwarding import Message, pass_on
from vm_df_writer.jobs.workers.marks import Marked, MarkRequest
from vm_df_writer.jobs.workers.results import PartResult
from vm_df_writer.jobs.workers.stop_flag import Stop
from vm_df_writer.jobs.workers.tasks import JobSpec, OtherPart, Task
from vm_df_writer.jobs.workers.worker import (
    Ended,
    FromWorker,
    Inbox,
    PartInHand,
    ThreadWorker,
    Worker,
)
from vm_df_writer.jobs.workers.worker_process import ProcessWorker

__all__ = ["PartBook", "WorkerPool"]

_POLL_S = 0.2
# Parts that a worker is to read next, so that it need not wait for the disk that a result goes to.
_NEXT = 2


class PartBook(Protocol):
    """Where it is kept how far parts have come; asked in the thread that runs the pool alone."""

    def together(self) -> AbstractContextManager[object]:
        """Bring all that is noted in the block to the disk when it ends, or none of it."""

    def begin(
        self, part_id: int, spans: SeriesSpans | None, in_flight: Sequence[int]
    ) -> Sequence[OtherPart] | None:
        """Note that a part is about to be sent, and return those that may have samples of it.

        None, and nothing is noted, if one of these is in flight: what becomes of that one
        decides about this one.
        """

    def record(self, result: PartResult) -> None:
        """Note what became of a part."""

    def show(self, result: PartResult) -> None:
        """Show what became of a part; called when that is on the disk."""


class WorkerPool:
    """One worker in this process, or several that are processes.

    Parts are marked in the order in which their worker reads them. What their workers tell while
    the disk is waited for is noted together, and brought to the disk by one wait.

    Parameters
    ----------
    spec : JobSpec
        The job.
    tasks : iterable of Task
        What to do; a task is taken when there is a worker for it.
    book : PartBook
        Takes the marks and results. What it raises ends the work.
    stop : Stop
        Ends the work early.
    """

    def __init__(self, spec: JobSpec, tasks: Iterable[Task], book: PartBook, stop: Stop) -> None:
        self._spec, self._tasks, self._book, self._stop = spec, iter(tasks), book, stop
        self._again: deque[Task] = deque()
        self._inbox: Inbox = Inbox()
        self._is_dismissed = False
        self._workers: list[Worker] = []

    def run(self) -> None:
        """Return when all is done.

        When a stop is requested, the parts that have begun are brought to their end, and no other
        part is begun.
        """
        try:
            while True:
                if self._stop.requested():
                    self._dismiss()
                else:
                    self._hand_out()
                if not any(worker.in_hand for worker in self._workers):
                    return
                self._take(list(self._receive()))
        finally:
            self._shut_down()

    def _dismiss(self) -> None:
        if not self._is_dismissed:
            self._is_dismissed = True
            for worker in self._workers:
                worker.send(None)

    def _hand_out(self) -> None:
        while not self._stop.requested():
            alive = [worker for worker in self._workers if worker.is_alive()]
            worker = next((worker for worker in alive if not worker.in_hand), None)
            if worker is None and len(alive) >= self._spec.options.workers:
                worker = self._least_busy(alive)
                if worker is None:
                    return
            task = self._again.popleft() if self._again else next(self._tasks, None)
            if task is None:
                return
            (worker or self._start_worker()).give(task)

    def _least_busy(self, workers: Sequence[Worker]) -> Worker | None:
        """Return a worker that is to have another part, if there is one."""
        if self._again and self._again[0].alone:
            return None
        n_parts = self._spec.parts_at_once
        if n_parts > 1:
            n_parts += _NEXT
        with_room = [worker for worker in workers if worker.has_room(n_parts)]
        return min(with_room, key=lambda worker: len(worker.in_hand), default=None)

    def _start_worker(self) -> Worker:
        if self._spec.options.workers == 1:
            self._workers.append(ThreadWorker(self._spec, self._stop.requested, self._inbox))
        else:
            heard = None if self._spec.observer is None else EventRecorder()
            spec = replace(self._spec, observer=heard)
            self._workers.append(ProcessWorker(spec, self._stop, self._inbox))
        return self._workers[-1]

    def _receive(self) -> Iterator[tuple[Worker, FromWorker]]:
        """Yield what was told by now; wait for a moment if there is nothing."""
        try:
            yield self._inbox.get(timeout=_POLL_S)
            while True:
                yield self._inbox.get_nowait()
        except Empty:
            return

    def _take(self, messages: Sequence[tuple[Worker, FromWorker]]) -> None:
        results = [result for message in messages for result in self._enter(*message)]
        with self._book.together():
            for result in results:
                self._book.record(result)
            marked = list(self._mark())
        for worker, answer in marked:
            worker.send(answer)
        for result in results:
            self._book.show(result)
        for _, message in messages:
            self._pass_on(message)

    def _enter(self, worker: Worker, message: FromWorker) -> Iterator[PartResult]:
        """Note what a worker has in hand after a message, and yield what became of parts."""
        if isinstance(message, PartResult):
            del worker.in_hand[message.record.id]
            yield message
        elif isinstance(message, MarkRequest):
            worker.in_hand[message.part_id].request = message
        elif isinstance(message, Ended):
            yield from self._remove(worker)

    def _mark(self) -> Iterator[tuple[Worker, Marked]]:
        """Mark the parts that ask for it, and come before all that are still to ask for it."""
        for worker in self._workers:
            in_flight: list[int] = []
            for part_id, part in worker.in_hand.items():
                if not part.is_marked:
                    if (answer := self._answer(part, in_flight)) is None:
                        break
                    part.is_marked = True
                    yield worker, answer
                in_flight.append(part_id)

    def _answer(self, part: PartInHand, in_flight: Sequence[int]) -> Marked | None:
        """Mark a part; None if it has not asked, or what it is compared with is in flight."""
        if part.request is None:
            return None
        if self._stop.requested():
            return Marked(part.record.id, None)
        others = self._book.begin(part.record.id, part.request.spans, in_flight)
        return None if others is None else Marked(part.record.id, others)

    def _pass_on(self, message: FromWorker) -> None:
        if isinstance(message, Message):
            pass_on(message)
        elif isinstance(message, Events) and self._spec.observer is not None:
            message.tell(self._spec.observer)
        elif isinstance(message, Ended) and message.defect is not None:
            raise message.defect

    def _remove(self, worker: Worker) -> Iterator[PartResult]:
        """Give up the part that a worker died of, and leave its other parts to the next one.

        If it had several parts in hand, each is tried once more, and no other one beside it.
        """
        worker.join()
        self._workers.remove(worker)
        in_hand = list(worker.in_hand.values())
        worker.in_hand.clear()
        if not in_hand or self._stop.requested():
            return
        first = in_hand[0]
        is_known = len(in_hand) == 1 or first.task.alone or self._spec.parts_at_once == 1
        rest = in_hand[is_known:]
        for task, parts in groupby(rest, lambda part: part.task):
            records = [part.record for part in parts]
            self._again.append(replace(task, records=records, alone=True))
        if is_known:
            yield first.task.fail(
                first.record,
                f"the worker process ended with {worker.describe_end()}; if it ran out of memory, "
                "write smaller row groups or run fewer workers, then run with --retry-failed",
            )

    def _shut_down(self) -> None:
        for worker in self._workers:
            worker.give_up()
        for worker in self._workers:
            worker.join()
