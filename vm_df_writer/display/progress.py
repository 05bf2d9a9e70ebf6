"""A progress bar in a terminal or a notebook."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Literal, Self

__all__ = ["ProgressBar", "ProgressChoice", "is_interactive"]

ProgressChoice = bool | Literal["auto"]

_DELAY_S = 1.0
_REDRAWN_EVERY_S = 0.1
# How long the end of a block waits for the last look of its bar.
_PATIENCE_S = 1.0


def is_interactive() -> bool:
    """Say whether a person sees standard error: in a terminal or a notebook."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        return sys.stderr is not None
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError, OSError):  # None (pythonw, a daemon), closed, or odd
        return False


@dataclass(eq=False, repr=False)
class ProgressBar:
    """Shows how much is done, on standard error, while its block is run.

    The bar is drawn in a thread of its own, which asks for the numbers and is not called. It may
    fail or block, and nothing else does. Only that thread touches tqdm: an interrupt cannot
    strike it there, and leave tqdm's lock locked, which is one for the whole process. Without a
    bar there is no thread.

    Attributes
    ----------
    choice : bool or "auto"
        ``"auto"`` shows the bar in a terminal or a notebook, once a second has passed.
    total : int or None
        How much there is; None if that is not known.
    done : callable
        Returns how much is done.
    status : callable
        Returns what stands behind the bar.
    unit : str
        What is counted.
    is_shown : bool
        Whether there is a bar to see, sooner or later.

    Examples
    --------
    >>> with ProgressBar(False, 100, lambda: 20):
    ...     pass
    """

    choice: ProgressChoice
    total: int | None
    done: Callable[[], int]
    _: KW_ONLY
    status: Callable[[], str] = str
    unit: str = "samples"

    def __post_init__(self) -> None:
        """Decide whether there is a bar."""
        self.is_shown: bool = is_interactive() if self.choice == "auto" else self.choice
        self._delay_s = _DELAY_S if self.choice == "auto" else 0.0
        self._ended: SimpleQueue[None] = SimpleQueue()
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        """Begin to show the bar."""
        if self.is_shown and sys.stderr is not None:
            thread = Thread(target=self._draw, name="vm_df_writer progress", daemon=True)
            with suppress(RuntimeError):  # the system allows no other thread
                thread.start()
                self._thread = thread
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it stands."""
        self._ended.put(None)
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)
            self._thread = None

    def _draw(self) -> None:
        if self._has_ended_within(self._delay_s):
            return
        with suppress(Exception):
            from tqdm import tqdm  # nothing of it without a bar

            class Bar(tqdm):  # type: ignore[type-arg]
                monitor_interval = 0  # no other thread

            with Bar(
                total=self.total,
                unit=f" {self.unit}",
                unit_scale=True,
                dynamic_ncols=True,
                file=_Screen(),
            ) as bar:
                has_ended = False
                while not has_ended:
                    has_ended = self._has_ended_within(_REDRAWN_EVERY_S)
                    bar.n = self.done()
                    bar.set_postfix_str(self.status())  # draws it

    def _has_ended_within(self, seconds: float) -> bool:
        if not seconds:
            return False
        try:
            self._ended.get(timeout=seconds)
        except Empty:
            return False
        return True


class _Screen:
    """Standard error, to draw on: it never raises, and never waits for someone to read.

    tqdm keeps its lock for ever when a stream raises. The stream's buffer is passed by: a thread
    that is stuck in it would crash the interpreter at its end.
    """

    def __init__(self) -> None:
        stream: Any = sys.stderr
        self._stream: Any = stream
        self.encoding = getattr(stream, "encoding", None) or "utf-8"
        self._descriptor: int | None = None
        if stream is sys.__stderr__ and os.name == "posix":
            with suppress(AttributeError, ValueError, OSError):
                self._descriptor = self._stream.fileno()

    def fileno(self) -> int:
        """Return the descriptor, of which tqdm asks the width of the terminal."""
        return int(self._stream.fileno()) if self._descriptor is None else self._descriptor

    def write(self, text: str) -> int:
        """Draw, if that can be done at once."""
        with suppress(Exception):
            if self._descriptor is None:
                self._stream.write(text)
            elif select.select([], [self._descriptor], [], 0)[1]:
                os.write(self._descriptor, text.encode(self.encoding, "replace"))
        return len(text)

    def flush(self) -> None:
        """Show what was drawn."""
        if self._descriptor is None:
            with suppress(Exception):
                self._stream.flush()
