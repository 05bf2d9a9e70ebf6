"""ReplacePolicy: how a replacement waits, and what it takes for another writer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["ReplacePolicy"]


@dataclass(frozen=True, kw_only=True)
class ReplacePolicy:
    """How long a replacement waits. The caller passes it in.

    Attributes
    ----------
    durable_after_s : float
        From the last acknowledgement until what is on the server is on its disk too. A server that
        is killed earlier may have the deleted samples back, or none: it writes its buffers every
        5 s, and 12 s were enough on 1.79.5, 1.112, 1.145 and 1.150, where 6 s were not.
    active_s : float
        A series with a sample as young as this, by the server's clock, that the frame does not
        have is taken to have another writer.
    request_timeout_s : float
        How long the server may be silent while it deletes, or gathers whole series.
    give_up_after_s : float
        How long a server may turn out to have other samples than were imported before the rest is
        left to a replay. (Four attempts it has in any case: comparing may take longer than this.)
    sleep, clock : callable
        Waits for so many seconds, and says how many have passed since some moment.
    on_step : callable
        Called with the name of each step that is done: ``kept``, ``deleted``, ``imported``,
        ``durable``, ``compared``.
    """

    durable_after_s: float = 15.0
    active_s: float = 300.0
    request_timeout_s: float = 60.0
    give_up_after_s: float = 180.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    on_step: Callable[[str], object] = lambda _: None
