"""LabelSetCache: label sets that were rendered before, bounded in number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

from vm_df_writer.model.label_sets import LabelSets

__all__ = ["LabelSetCache"]


class LabelSetCache:
    """Rendered label sets, kept between writes of frames that have the same series.

    Who finds it locked does without it, and does not wait: a process may be forked while another
    thread is at it, and an interrupt may strike while it is locked.

    Parameters
    ----------
    max_entries : int
        How many label sets are kept, each in one form or in both; 0 keeps none. The oldest
        frame's go first.
    """

    def __init__(self, max_entries: int) -> None:
        self.max_entries = max_entries
        self._kept: OrderedDict[Any, LabelSets] = OrderedDict()
        self._lock = Lock()

    def get_or_render(self, key: Any, render: Callable[[], LabelSets]) -> LabelSets:
        """Return the label sets kept under a key, or render and keep them."""
        if self._lock.acquire(blocking=False):
            try:
                if (kept := self._kept.pop(key, None)) is not None:
                    self._kept[key] = kept  # it is the youngest now
                    return kept
            finally:
                self._lock.release()
        label_sets = render()
        if len(label_sets) <= self.max_entries and self._lock.acquire(blocking=False):
            try:
                self._kept[key] = label_sets
                while sum(map(len, self._kept.values())) > self.max_entries:
                    self._kept.popitem(last=False)
            finally:
                self._lock.release()
        return label_sets

    def __getstate__(self) -> int:
        """Pickle empty: another process renders its own."""
        return self.max_entries

    def __setstate__(self, max_entries: int) -> None:
        """Start empty."""
        self.__init__(max_entries)  # type: ignore[misc]
