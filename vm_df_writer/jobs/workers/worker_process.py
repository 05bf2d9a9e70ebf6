"""ProcessWorker: a worker in a process of its own, at the other end of a pipe."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from threading import Lock, Thread

from vm_df_writer.jobs.workers.event_recorder import EventRecorder
from vm_df_writer.jobs.workers.log_forwarding import Message, log_level, relayed
from vm_df_writer.jobs.workers.marks import MarkRequest
from vm_df_writer.jobs.workers.part_lanes import PartLanes, ToWorker
from vm_df_writer.jobs.workers.results import PartResult
from vm_df_writer.jobs.workers.stop_flag import Stop
from vm_df_writer.jobs.workers.tasks import JobSpec
from vm_df_writer.jobs.workers.worker import GOODBYE_S, Ended, Inbox, Worker

__all__ = ["ProcessWorker"]

_GIVE_UP = "give up"


class ProcessWorker(Worker):
    """A worker in another process; it ends when the job's process is killed.

    Parameters
    ----------
    spec : JobSpec
        The job.
    stop : Stop
        Asked before each part is read, and before each body is sent.
    inbox : Inbox
        Where messages go.
    """

    def __init__(self, spec: JobSpec, stop: Stop, inbox: Inbox) -> None:
        super().__init__()
        # Not fork: it would copy the locks and connections of this process in any state.
        context = multiprocessing.get_context("spawn")
        self._inbox = inbox
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_work, args=(theirs, spec, stop, log_level()), daemon=True
        )
        with _signals_held():
            self._process.start()
        theirs.close()  # so that the end of the process is the end of the pipe
        self._receiver = Thread(target=self._receive, name="vm_df_writer pipe", daemon=True)
        self._receiver.start()

    def _receive(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                self._inbox.put((self, self._connection.recv()))
        self._inbox.put((self, Ended()))

    def is_alive(self) -> bool:
        """Say whether it can take a task."""
        return self._process.is_alive()

    def send(self, message: ToWorker | str) -> None:
        """Send it a message."""
        with suppress(OSError):  # the end of the pipe tells soon enough that it is dead
            self._connection.send(message)

    def give_up(self) -> None:
        """Have it end soon; it begins nothing."""
        self.send(_GIVE_UP)

    def join(self) -> None:
        """Wait until it has ended, and kill it if that takes long."""
        self._process.join(GOODBYE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._receiver.join(GOODBYE_S)  # which has seen the end of the pipe
        self._connection.close()

    def describe_end(self) -> str:
        """Say how it ended."""
        code = self._process.exitcode
        return f"exit code {code}" if code is None or code >= 0 else signal.Signals(-code).name


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


def _work(connection: Connection, spec: JobSpec, stop: Stop, level: int) -> None:
    """Be a worker process."""
    sending, recorder = Lock(), spec.observer

    def tell(message: PartResult | MarkRequest | Message) -> None:
        with sending:
            # What was heard before this message is told before it.
            if isinstance(recorder, EventRecorder) and (events := recorder.take()).calls:
                connection.send(events)
            connection.send(message)

    for number in (signal.SIGINT, signal.SIGTERM):  # the job's own process tells when to stop
        signal.signal(number, signal.SIG_IGN)
    Thread(target=_die_with_parent, daemon=True).start()
    with relayed(tell, level):
        lanes = PartLanes(spec, stop.requested, tell)
        Thread(target=_take_messages, args=(connection, lanes), daemon=True).start()
        lanes.run()


def _take_messages(connection: Connection, lanes: PartLanes) -> None:
    with suppress(EOFError, OSError):
        while True:
            message: ToWorker | str = connection.recv()
            if isinstance(message, str):
                break
            lanes.take(message)
    lanes.give_up()


def _die_with_parent() -> None:
    """End at once when the job's process is killed: what goes on sending could not be noted."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
