"""The worker pool of a job: this process alone, or several beside it that read, format and send."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from vm_df_writer.jobs.overlap.series_spans import SeriesSpans
from vm_df_writer.jobs.state.records import PartRecord
from vm_df_writer.jobs.workers.event_recorder import EventRecorder, Events
from vm_df_writer.jobs.workers.log_forwarding import Message, log_level, pass_on, relayed
from vm_df_writer.jobs.workers.results import PartResult
from vm_df_writer.jobs.workers.stop_flag import SharedStop, Stop
from vm_df_writer.jobs.workers.task_runner import MarkStarted, TaskRunner
from vm_df_writer.jobs.workers.tasks import JobSpec, OtherPart, Task

__all__ = ["run_tasks"]

_POLL_S = 0.2
_GOODBYE_S = 5.0


def run_tasks(
    spec: JobSpec, tasks: Iterable[Task], mark_started: MarkStarted, stop: Stop
) -> Generator[PartResult, None, None]:
    """Run tasks in this process or in workers, and yield what becomes of each part.

    When a stop is requested, the parts that have begun are brought to their end, and no other
    part is begun.

    Parameters
    ----------
    spec : JobSpec
        The job.
    tasks : iterable of Task
        What to do.
    mark_started : callable
        Called in this process before the first sample of a part is sent. If it raises, nothing
        of that part is sent, and this function raises the same.
    stop : Stop
        Ends the work early.
    """
    if spec.options.workers == 1:
        yield from _run_here(spec, tasks, mark_started, stop)
    else:
        yield from _WorkerPool(spec, tasks, mark_started, stop).run()


def _run_here(
    spec: JobSpec, tasks: Iterable[Task], mark_started: MarkStarted, stop: Stop
) -> Iterator[PartResult]:
    runner = TaskRunner(spec, mark_started, stop.requested)
    try:
        for task in tasks:
            if stop.requested():
                return
            yield from runner.perform(task)
    finally:
        runner.close()


@dataclass(frozen=True)
class _MarkRequest:
    """A worker asks the job's process to mark a part as started, and waits for the answer."""

    part_id: int
    spans: SeriesSpans | None


@dataclass(frozen=True)
class _Marked:
    """The answer: the mark is on disk, and these parts began before."""

    part_id: int
    others: Sequence[OtherPart]


@dataclass(eq=False)
class _Worker:
    """A process, and what it has been asked to do."""

    process: SpawnProcess
    connection: Connection
    left: list[PartRecord] = field(default_factory=list)
    task: Task | None = None


class _WorkerPool:
    """Hands tasks to worker processes, and replaces those that die."""

    def __init__(
        self, spec: JobSpec, tasks: Iterable[Task], mark_started: MarkStarted, stop: Stop
    ) -> None:
        self._spec = spec if spec.observer is None else replace(spec, observer=EventRecorder())
        self._observer = spec.observer
        self._tasks = iter(tasks)
        self._again: deque[Task] = deque()
        self._mark_started = mark_started
        self._stop = stop
        # Not fork: it would copy the locks and connections of this process in any state.
        self._context = multiprocessing.get_context("spawn")
        self._stopping = SharedStop()
        self._workers: list[_Worker] = []

    def run(self) -> Iterator[PartResult]:
        try:
            while True:
                self._pass_on_the_stop()
                self._hand_out()
                busy = [worker for worker in self._workers if worker.task is not None]
                if not busy:
                    return
                for ready in wait([worker.connection for worker in busy], _POLL_S):
                    worker = next(w for w in busy if w.connection is ready)
                    yield from self._receive(worker)
        finally:
            self._shut_down()

    def _pass_on_the_stop(self) -> None:
        if self._stop.requested():
            self._stopping.request()

    def _hand_out(self) -> None:
        while not self._stop.requested():
            self._workers = [w for w in self._workers if w.task or w.process.is_alive()]
            idle = next((worker for worker in self._workers if worker.task is None), None)
            if idle is None and len(self._workers) >= self._spec.options.workers:
                return
            task = self._again.popleft() if self._again else next(self._tasks, None)
            if task is None:
                return
            worker = idle or self._start_worker()
            worker.task, worker.left = task, list(task.records)
            _send(worker.connection, task)

    def _start_worker(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(theirs, self._spec, self._stopping, log_level()), daemon=True
        )
        with _signals_held():
            process.start()
        theirs.close()  # so that the end of the process is the end of the pipe
        self._workers.append(_Worker(process, ours))
        return self._workers[-1]

    def _receive(self, worker: _Worker) -> Iterator[PartResult]:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            yield from self._replace_dead_worker(worker)
            return
        if message is None:
            worker.task = None
        elif isinstance(message, Message):
            pass_on(message)
        elif isinstance(message, Events):
            if self._observer is not None:
                message.tell(self._observer)
        elif isinstance(message, _MarkRequest):
            others = self._mark_started(message.part_id, message.spans)
            self._pass_on_the_stop()
            _send(worker.connection, _Marked(message.part_id, others))
        else:
            worker.left = [record for record in worker.left if record.id != message.record.id]
            yield message

    def _replace_dead_worker(self, worker: _Worker) -> Iterator[PartResult]:
        """Give up the part that a worker died of, and leave its other parts to the next one."""
        worker.process.join()
        self._workers.remove(worker)
        worker.connection.close()
        if worker.task is None or not worker.left:
            return
        died_of, *rest = worker.left
        if rest:
            self._again.append(replace(worker.task, records=rest))
        if self._stop.requested():
            return
        code = worker.process.exitcode
        how = f"exit code {code}" if code is None or code >= 0 else signal.Signals(-code).name
        yield worker.task.fail(
            died_of,
            f"the worker process ended with {how}; if it ran out of memory, write smaller row "
            "groups or run fewer workers, then run with --retry-failed",
        )

    def _shut_down(self) -> None:
        self._stopping.request()
        for worker in self._workers:
            _send(worker.connection, None)
        for worker in self._workers:
            worker.process.join(_GOODBYE_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()


def _send(connection: Connection, message: Task | _Marked | None) -> None:
    with suppress(OSError):  # the end of the pipe tells soon enough that the worker is dead
        connection.send(message)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Hold back signals; a process that is started meanwhile never gets them.

    They are meant for the job's own process, but go to all of the terminal's or the service's.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # The first process starts the tracker, which ends with an unblocked SIGINT and SIGTERM.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(connection: Connection, spec: JobSpec, stopping: SharedStop, level: int) -> None:
    """Be a worker process."""
    sending = threading.Lock()

    def tell(message: PartResult | _MarkRequest | Message | Events | None) -> None:
        with sending:
            connection.send(message)

    def mark_started(part_id: int, spans: SeriesSpans | None) -> Sequence[OtherPart]:
        tell(_MarkRequest(part_id, spans))
        answer = connection.recv()
        if not isinstance(answer, _Marked) or answer.part_id != part_id:
            raise EOFError  # the job's process could not make the mark, and ends
        return answer.others

    for number in (signal.SIGINT, signal.SIGTERM):  # the job's own process tells when to stop
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    with relayed(tell, level):
        runner = TaskRunner(spec, mark_started, stopping.requested)
        try:
            while (task := connection.recv()) is not None:
                for result in runner.perform(task):
                    if isinstance(spec.observer, EventRecorder):
                        tell(spec.observer.take())
                    tell(result)
                tell(None)
        except EOFError:
            pass
        finally:
            runner.close()


def _die_with_parent() -> None:
    """End at once when the job's process is killed: what goes on sending could not be noted."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
