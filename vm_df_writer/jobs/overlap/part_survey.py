"""PartSurvey: some parts of a job, compared with each other before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from vm_df_writer.config.read_options import DuplicatesPolicy
from vm_df_writer.jobs.overlap.other_parts import require_few, require_no_conflict
from vm_df_writer.jobs.overlap.repeated_samples import OtherSamples
from vm_df_writer.jobs.overlap.series_spans import SeriesSpans
from vm_df_writer.model.series import SeriesBlock

__all__ = ["PartSurvey", "evenly_spread"]

ReadBlocks = Callable[[], Iterable[SeriesBlock]]

_Item = TypeVar("_Item")


class PartSurvey:
    """Parts that were looked at, in the order in which they will be sent.

    Parameters
    ----------
    policy : str
        As `duplicates` of the reading keywords.

    Examples
    --------
    >>> def part(value):
    ...     labels, offsets = [b'{"__name__":"y"}'], np.array([0, 1])
    ...     block = SeriesBlock(labels, offsets, np.array([1767225600000]), np.array([[value]]))
    ...     return lambda: [block]
    >>> survey = PartSurvey("last")
    >>> survey.add("a.csv", "a.csv", part(1.0))
    >>> survey.add("b.csv", "b.csv", part(2.0))
    Traceback (most recent call last):
        ...
    vm_df_writer.jobs.errors.RepeatedSamplesError: b.csv: has other values at 1 times at which ...
    """

    def __init__(self, policy: DuplicatesPolicy) -> None:
        self._policy = policy
        self._seen: list[tuple[str, str, SeriesSpans, ReadBlocks]] = []

    def add(self, name: str, source: str, read: ReadBlocks) -> None:
        """Look at a part.

        Parameters
        ----------
        name, source : str
            What messages call the part, and its file.
        read : callable
            Returns what it holds. It is called once more for each part that it is compared with.

        Raises
        ------
        RepeatedSamplesError
            If it contradicts one before it, or has series and time ranges in common with many.
        """
        spans = SeriesSpans.of(read())
        others = [seen for seen in self._seen if spans.overlap(seen[2])]
        require_few([other for other, *_ in others])
        for other, other_source, _, read_other in others:
            samples = OtherSamples(read_other(), only=spans.digests)
            repeats = samples.compare(read(), self._policy, other_is_later=False)
            same_file = other_source == source
            require_no_conflict(repeats, self._policy, name, other, same_file=same_file)
        self._seen.append((name, source, spans, read))


def evenly_spread(items: Sequence[_Item], most: int) -> list[_Item]:
    """Return some of many, from the first to the last.

    Examples
    --------
    >>> evenly_spread("abcdefg", 3), evenly_spread("ab", 3)
    (['a', 'd', 'g'], ['a', 'b'])
    """
    if len(items) <= most:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int).tolist()]
