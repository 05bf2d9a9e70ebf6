"""EventRecorder: what a worker process heard of its delivery, for the job's own process."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from vm_df_writer.delivery.observer import METHODS, DeliveryObserver
from vm_df_writer.model.report import WriteReport

__all__ = ["EventRecorder", "Events"]


@dataclass(frozen=True)
class Events:
    """Calls that an observer in another process is to get, in their order."""

    calls: Sequence[tuple[str, Mapping[str, Any]]]

    def tell(self, observer: DeliveryObserver) -> None:
        """Make the calls."""
        for name, values in self.calls:
            getattr(observer, name)(**values)


class EventRecorder:
    """An observer that keeps what it hears until it is asked; pickled, it is a new one.

    Examples
    --------
    >>> recorder = EventRecorder()
    >>> recorder.on_spool(files=2, size_bytes=500)
    >>> recorder.take().calls, recorder.take().calls
    ([('on_spool', {'files': 2, 'size_bytes': 500})], [])
    """

    def __init__(self) -> None:
        self._calls: deque[tuple[str, Mapping[str, Any]]] = deque()

    def __getattr__(self, name: str) -> Any:
        """Return what records the calls of one of an observer's methods."""
        if name not in METHODS:
            raise AttributeError(name)
        return partial(self._record, name)

    def _record(self, name: str, report: WriteReport | None = None, **values: Any) -> None:
        # Without what it knows of each line, the report is small enough for the pipe.
        self._calls.append((name, values if report is None else {"report": report.summary()}))

    def take(self) -> Events:
        """Return what was heard since the last time; any thread may add to it meanwhile."""
        return Events([self._calls.popleft() for _ in range(len(self._calls))])

    def __reduce__(self) -> tuple[type[EventRecorder], tuple[()]]:
        """Begin anew in the other process."""
        return EventRecorder, ()
