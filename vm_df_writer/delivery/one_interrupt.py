"""OneInterrupt: the first Ctrl-C is raised, those after it wait until its consequences are over."""

from __future__ import annotations

import _thread
import inspect
import math
import signal
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, Self

__all__ = ["OneInterrupt"]


class OneInterrupt:
    """Lets one KeyboardInterrupt strike the block that it guards, and notes all others.

    What cleans up after an interrupt is thus not interrupted itself. Only the main thread is
    struck by signals; in any other thread this does nothing. Of two blocks, one in the other, the
    outer one guards both.

    Attributes
    ----------
    noted : bool
        True if an interrupt came that was not raised: the cleaning up may be brief.

    Examples
    --------
    >>> with OneInterrupt() as interrupt:
    ...     try:
    ...         signal.raise_signal(signal.SIGINT)
    ...     except KeyboardInterrupt:
    ...         signal.raise_signal(signal.SIGINT)
    >>> interrupt.noted
    True
    """

    def __init__(self) -> None:
        self.noted: bool = False
        self._holds = False
        self._handler_before: Any = None
        self._guarded: FrameType | None = None
        self._patience_s: float | None = None
        self._reminder: _Reminder | None = None  # of an interrupt that waits
        self._waiting: int = signal.SIGINT  # its number
        self._is_deaf = False

    def hold(self) -> None:
        """Only note interrupts from now on, as if one had struck."""
        self._holds = True

    def postpone(self, patience_s: float = math.inf) -> None:
        """Let an interrupt wait until `resume`.

        Parameters
        ----------
        patience_s : float
            How long it waits at most, from its arrival on; another one makes it strike before.
            By default it waits, however many come.
        """
        self._patience_s = patience_s

    def resume(self) -> None:
        """Let the interrupt strike that waits, and others as soon as they come."""
        self._patience_s = None
        if self._reminder is not None and not self._holds:
            self._strike(self._waiting, inspect.currentframe())

    def __enter__(self) -> Self:
        """Begin; return the outer guard if there is one."""
        if threading.current_thread() is not threading.main_thread():
            return self
        before = signal.getsignal(signal.SIGINT)
        if isinstance(before, type(self)) and before.is_at_work(inspect.currentframe()):
            return before
        if callable(before):
            self._guarded = _frame_of_with(inspect.currentframe())
            self._handler_before = before
            signal.signal(signal.SIGINT, self)
        return self

    def __exit__(self, *_: object) -> None:
        """Let interrupts strike as before."""
        if self._handler_before is not None:
            signal.signal(signal.SIGINT, self._handler_before)
            self._handler_before = self._guarded = None

    def is_at_work(self, frame: FrameType | None) -> bool:
        """Say whether the guarded block is among the callers of a frame."""
        while frame is not None and frame is not self._guarded:
            frame = frame.f_back
        return frame is not None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle the signal."""
        if not self.is_at_work(frame):
            # An interrupt has struck `__exit__` itself, which left this handler in its place.
            before = self._handler_before
            signal.signal(signal.SIGINT, before)
            before(number, frame)
        elif self._is_deaf:
            pass  # a reminder that came just when it was not needed any more
        elif self._holds:
            self.noted = True
        elif self._patience_s is None:
            self._strike(number, frame)
        elif self._reminder is None:
            self._waiting = number
            self._reminder = _Reminder(self._patience_s)
        elif self._patience_s < math.inf:
            self._strike(self._waiting, frame)

    def _strike(self, number: int, frame: FrameType | None) -> None:
        reminder, self._reminder = self._reminder, None
        if reminder is not None:
            self._is_deaf = True
            reminder.cancel()
            self._is_deaf = False
        try:
            self._handler_before(number, frame)
        except BaseException:
            self._holds = True
            raise


def _frame_of_with(entering: FrameType | None) -> FrameType | None:
    """Return the frame of the block that is entered, also through `ExitStack.enter_context`.

    It is kept in no variable of its own: a frame that refers to itself keeps all that its callers
    hold.
    """
    frame = entering and entering.f_back
    while frame is not None and frame.f_globals.get("__name__") == "contextlib":
        frame = frame.f_back
    return frame


class _Reminder:
    """Sends the signal once more, after a while; not a thread of `threading`.

    A signal handler may interrupt `threading` where it holds locks that a new thread needs.
    """

    def __init__(self, after_s: float) -> None:
        self._cancelled: SimpleQueue[None] = SimpleQueue()
        self._ended: SimpleQueue[None] = SimpleQueue()
        if after_s < math.inf:
            with suppress(RuntimeError):  # the system allows no other thread
                _thread.start_new_thread(self._run, (after_s,))
                return
        self._ended.put(None)

    def cancel(self) -> None:
        """Return when no signal comes any more."""
        self._cancelled.put(None)
        self._ended.get()

    def _run(self, after_s: float) -> None:
        try:
            self._cancelled.get(timeout=after_s)
        except Empty:
            _signal_main_thread()
        self._ended.put(None)


def _signal_main_thread() -> None:
    main = threading.main_thread().ident
    if main is not None and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, signal.SIGINT)  # ends what it waits for
    else:
        _thread.interrupt_main()
