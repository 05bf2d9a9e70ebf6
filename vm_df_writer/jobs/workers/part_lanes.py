"""PartLanes: some parts of a worker at a time, so that one is read while others are in flight."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue
from threading import Condition, Thread

import pandas as pd

from vm_df_writer.errors import SourceError
from vm_df_writer.jobs.state.records import PartRecord
from vm_df_writer.jobs.workers.marks import MarkCounter, Marked, MarkRequest, NotMarkedError
from vm_df_writer.jobs.workers.results import PartResult
from vm_df_writer.jobs.workers.task_runner import TaskRunner
from vm_df_writer.jobs.workers.tasks import JobSpec, Task

__all__ = ["PartLanes", "ToWorker"]

ToWorker = Task | Marked | None
"""What the job sends to a worker: a task, the answer to a request, or that no task follows."""

# Cells of all parts that are in memory together; a larger part is there alone. Of numbers, and of
# labels that are dictionaries, these are 64 MiB, and their bodies about twice as much.
_MOST_CELLS = 2**23


class PartLanes:
    """Reads the parts of tasks in order, and does with each what it is for in a thread of its own.

    It is what a worker is made of, be it a thread of the job's process or a process.

    Parameters
    ----------
    spec : JobSpec
        The job.
    should_stop : callable
        Asked before each part is read, and before each body is sent.
    tell : callable
        Takes results, in any order, and requests to the job; called from any thread.
    """

    def __init__(
        self,
        spec: JobSpec,
        should_stop: Callable[[], bool],
        tell: Callable[[PartResult | MarkRequest], object],
    ) -> None:
        self._n_parts, self._tell = spec.parts_at_once, tell
        self._is_given_up = False
        self._should_stop: Callable[[], bool] = lambda: self._is_given_up or should_stop()
        self._marks = MarkCounter(tell)
        self._runner = TaskRunner(spec, self._marks.ask, self._should_stop)
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._changed = Condition()  # guards what follows
        self._in_hand: dict[int, int] = {}  # cells of each part
        self._defect: BaseException | None = None

    def take(self, message: ToWorker) -> None:
        """Take a message of the job, from any thread."""
        if isinstance(message, Marked):
            self._marks.answer(message)
        else:
            self._tasks.put(message)

    def give_up(self) -> None:
        """End `run` soon: begin nothing, and leave what is in flight after two seconds."""
        self._is_given_up = True
        self._marks.close()
        self._tasks.put(None)
        self._runner.give_up()

    def run(self) -> None:
        """Return when no task follows, and all parts that were begun have come to their end.

        Raises
        ------
        Exception
            A defect: what became of its part is not told, and no other part is begun.
        """
        try:
            while (task := self._tasks.get()) is not None:
                self._run(task)
        finally:
            with self._changed:
                self._changed.wait_for(lambda: not self._in_hand)
            self._runner.close()
        if self._defect is not None:
            raise self._defect

    def _run(self, task: Task) -> None:
        frames = self._runner.read(task)
        for record in task.records:
            self._make_room(record.id, _cells_of(task, record))
            is_begun = False
            try:
                if self._should_stop() or self._defect is not None:
                    return
                self._begin(task, record, next(frames))
                is_begun = True
            finally:
                if not is_begun:
                    self._leave(record.id)

    def _make_room(self, part_id: int, n_cells: int) -> None:
        def has_room() -> bool:
            is_full = len(self._in_hand) >= self._n_parts
            cells = sum(self._in_hand.values()) + n_cells
            return not self._in_hand or not (is_full or cells > _MOST_CELLS)

        with self._changed:
            self._changed.wait_for(has_room)
            self._in_hand[part_id] = n_cells

    def _leave(self, part_id: int) -> None:
        with self._changed:
            del self._in_hand[part_id]
            self._changed.notify_all()

    def _begin(self, task: Task, record: PartRecord, frame: pd.DataFrame | SourceError) -> None:
        # With the job's context variables: spans and log filters find their parent there.
        target, arguments = copy_context().run, (self._do, task, record, frame)
        thread = Thread(target=target, args=arguments, name="vm_df_writer part", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system allows only so many, or has no memory
            self._do(task, record, frame)

    def _do(self, task: Task, record: PartRecord, frame: pd.DataFrame | SourceError) -> None:
        try:
            self._tell(self._runner.perform(task, record, frame))
        except NotMarkedError:
            pass  # the job has ended, and knows that it did not begin
        except BaseException as defect:  # noqa: BLE001 - raised again by `run`
            self._defect = self._defect or defect
            self._tasks.put(None)
        finally:
            self._leave(record.id)


def _cells_of(task: Task, record: PartRecord) -> int:
    cells = record.part.rows * max(1, len(task.source.schema.columns))
    return _MOST_CELLS if task.alone else min(cells, _MOST_CELLS)
