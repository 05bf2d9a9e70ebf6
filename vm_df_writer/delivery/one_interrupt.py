"""OneInterrupt: the first Ctrl-C is raised, those after it wait until its consequences are over."""

from __future__ import annotations

import inspect
import signal
import threading
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
        self.noted = False
        self._holds = False
        self._handler_before: Any = None
        self._guarded: FrameType | None = None

    def hold(self) -> None:
        """Only note interrupts from now on, as if one had struck."""
        self._holds = True

    def __enter__(self) -> Self:
        """Begin; return the outer guard if there is one."""
        if threading.current_thread() is not threading.main_thread():
            return self
        before = signal.getsignal(signal.SIGINT)
        if isinstance(before, type(self)) and before.is_at_work(inspect.currentframe()):
            return before
        if callable(before):
            # In no variable: a frame that refers to itself keeps all that its callers hold.
            self._guarded = getattr(inspect.currentframe(), "f_back", None)
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
        elif self._holds:
            self.noted = True
        else:
            try:
                self._handler_before(number, frame)
            except BaseException:
                self._holds = True
                raise
