"""TaskServer: what a worker is made of, be it a thread of the job's process or a process."""

from __future__ import annotations

from collections.abc import Callable

from vm_df_writer.jobs.workers.marks import MarkCounter, Marked, MarkRequest
from vm_df_writer.jobs.workers.part_lanes import PartLanes
from vm_df_writer.jobs.workers.results import PartResult
from vm_df_writer.jobs.workers.task_runner import TaskRunner
from vm_df_writer.jobs.workers.tasks import JobSpec, Task

__all__ = ["TaskServer", "ToWorker"]

ToWorker = Task | Marked | None
"""What the job sends to a worker: a task, the answer to a request, or that no task follows."""


class TaskServer:
    """Does tasks in the thread that calls `serve`, and in others; messages come from any thread.

    Parameters
    ----------
    spec : JobSpec
        The job.
    should_stop : callable
        Asked before each part is read, and before each body is sent.
    tell : callable
        Takes results and requests to the job; called from any thread.
    """

    def __init__(
        self,
        spec: JobSpec,
        should_stop: Callable[[], bool],
        tell: Callable[[PartResult | MarkRequest], object],
    ) -> None:
        self._is_given_up = False
        self._marks = MarkCounter(tell)
        stops = lambda: self._is_given_up or should_stop()  # noqa: E731
        self._runner = TaskRunner(spec, self._marks.ask, stops)
        self._lanes = PartLanes(self._runner, spec.parts_at_once, tell, stops)

    def take(self, message: ToWorker) -> None:
        """Take a message of the job."""
        if isinstance(message, Marked):
            self._marks.answer(message)
        else:
            self._lanes.add(message)

    def serve(self) -> None:
        """Do tasks until there are no more, or `give_up` is called."""
        try:
            self._lanes.run()
        finally:
            self._runner.close()

    def give_up(self) -> None:
        """End `serve` soon: begin nothing, and leave what is in flight after two seconds."""
        self._is_given_up = True
        self._marks.close()
        self._lanes.add(None)
        self._runner.give_up()
