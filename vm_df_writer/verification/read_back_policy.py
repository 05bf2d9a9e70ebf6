"""ReadBackPolicy: how long to wait until what was acknowledged can be read."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["ReadBackPolicy"]


@dataclass(frozen=True, kw_only=True)
class ReadBackPolicy:
    """How long to wait until what was acknowledged can be read. The caller passes it in.

    Attributes
    ----------
    unflushed_wait_s : float
        From the last acknowledgement to the first look, where the server does not
        let us flush its buffers. A look that comes too early makes new series
        invisible for some 10 s more: the server remembers that it found none.
    settled_wait_s : float
        The same until the queries of others see new series too, where a dashboard has asked for
        them meanwhile: 7 to 12 s on 1.79.5, 1.145 and 1.150.
    flushed_wait_s : float
        From a flush to a look at which whatever the server took before has to be seen. An old
        server shows the last of it up to half a second after it has answered.
    patience_s : float
        How long after the first look a shortfall is looked at again before it is
        called a loss, and how long a failing read is tried again.
    queued_patience_s : float
        The same for as long as a server in between says that it has not handed on everything.
    sleep, clock : callable
        Waits for so many seconds, and says how many have passed since some moment.

    Examples
    --------
    >>> ReadBackPolicy(patience_s=1.0).unflushed_wait_s
    5.0
    """

    unflushed_wait_s: float = 5.0
    settled_wait_s: float = 12.0
    flushed_wait_s: float = 0.5
    patience_s: float = 15.0
    queued_patience_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def settle(self) -> None:
        """Wait until all can read what was just acknowledged, where no server lets us flush it."""
        self.sleep(self.settled_wait_s)
