"""Worker: what has parts of a job in hand; ThreadWorker, which is in the job's own process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread

from vm_df_writer.display.warn import warnings_handed_to
from vm_df_writer.jobs.state.records import PartRecord
from vm_df_writer.jobs.workers.event_recorder import Events
from vm_df_writer.jobs.workers.log_forwarding import Message
from vm_df_writer.jobs.workers.marks import MarkRequest
from vm_df_writer.jobs.workers.part_lanes import PartLanes, ToWorker
from vm_df_writer.jobs.workers.results import PartResult
from vm_df_writer.jobs.workers.tasks import JobSpec, Task

__all__ = ["Ended", "FromWorker", "Inbox", "PartInHand", "ThreadWorker", "Worker"]

GOODBYE_S = 5.0
"""How long a worker may take to end what it has in hand when it is given up."""


@dataclass(frozen=True)
class Ended:
    """A worker is no more, by a defect if there is one."""

    defect: BaseException | None = None


FromWorker = PartResult | MarkRequest | Message | Events | Ended
"""What a worker sends to the job."""


@dataclass(eq=False)
class PartInHand:
    """A part that a worker was given, and has not told the end of.

    Attributes
    ----------
    task : Task
        Its task.
    record : PartRecord
        The part.
    request : MarkRequest or None
        What it waits for, or has waited for; None as long as it has not asked.
    is_marked : bool
        Whether it has its answer.
    """

    task: Task
    record: PartRecord
    request: MarkRequest | None = None
    is_marked: bool = False


class Worker(ABC):
    """What reads, formats and sends.

    Attributes
    ----------
    in_hand : dict of int to PartInHand
        Its parts, in the order in which it reads them.
    """

    def __init__(self) -> None:
        self.in_hand: dict[int, PartInHand] = {}

    def give(self, task: Task) -> None:
        """Give it a task."""
        self.in_hand |= {record.id: PartInHand(task, record) for record in task.records}
        self.send(task)

    def has_room(self, n_parts: int) -> bool:
        """Say whether it may have another task, if it can have so many parts in hand."""
        is_alone = any(part.task.alone for part in self.in_hand.values())
        return len(self.in_hand) < n_parts and not is_alone

    @abstractmethod
    def is_alive(self) -> bool:
        """Say whether it can take a task."""

    @abstractmethod
    def send(self, message: ToWorker) -> None:
        """Send it a message."""

    @abstractmethod
    def give_up(self) -> None:
        """Have it end soon; it begins nothing."""

    @abstractmethod
    def join(self) -> None:
        """Wait until it has ended, but not for long."""

    def describe_end(self) -> str:
        """Say how it ended."""
        return "an unexpected error"


Inbox = SimpleQueue[tuple[Worker, FromWorker]]


class ThreadWorker(Worker):
    """A worker in this process.

    The thread that made it takes what it tells and warns of, so that warnings point at the line
    of the caller, and signals, which strike that thread, strike nothing that is being sent.

    Parameters
    ----------
    spec : JobSpec
        The job.
    should_stop : callable
        Asked before each part is read, and before each body is sent.
    inbox : Inbox
        Where messages go.
    """

    def __init__(self, spec: JobSpec, should_stop: Callable[[], bool], inbox: Inbox) -> None:
        super().__init__()
        self._inbox = inbox
        self._lanes = PartLanes(spec, should_stop, self._tell)
        # With the caller's context variables: spans and log filters find their parent there.
        target, name = copy_context().run, "vm_df_writer job"
        self._thread = Thread(target=target, args=(self._work,), name=name, daemon=True)
        self._thread.start()

    def _tell(self, message: FromWorker) -> None:
        self._inbox.put((self, message))

    def _work(self) -> None:
        defect: BaseException | None = None
        try:
            with warnings_handed_to(self._tell):
                self._lanes.run()
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that made it
            defect = error
        self._tell(Ended(defect))

    def is_alive(self) -> bool:
        """Say whether it can take a task."""
        return self._thread.is_alive()

    def send(self, message: ToWorker) -> None:
        """Send it a message."""
        self._lanes.take(message)

    def give_up(self) -> None:
        """Have it end soon; it begins nothing."""
        self._lanes.give_up()

    def join(self) -> None:
        """Wait until it has ended, but not for long."""
        self._thread.join(GOODBYE_S)
