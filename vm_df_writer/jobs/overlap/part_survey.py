"""PartSurvey: some parts of a job, compared with each other before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

from vm_df_writer.config.read_options import DuplicatesPolicy
from vm_df_writer.jobs.overlap.other_parts import require_few, require_no_conflict
from vm_df_writer.jobs.overlap.repeated_samples import OtherSamples
from vm_df_writer.jobs.overlap.series_spans import SeriesSpans
from vm_df_writer.model.series import SeriesBlock

__all__ = ["PartSurvey", "evenly_spread"]

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
    ...     return [SeriesBlock(labels, offsets, np.array([1767225600000]), np.array([[value]]))]
    >>> survey = PartSurvey("last")
    >>> survey.add("a.csv", "a.csv", part(1.0))
    >>> survey.add("b.csv", "b.csv", part(2.0))
    Traceback (most recent call last):
        ...
    vm_df_writer.jobs.errors.RepeatedSamplesError: b.csv: has other values at 1 times at which ...
    """

    def __init__(self, policy: DuplicatesPolicy) -> None:
        self._policy = policy
        self._seen: list[tuple[str, str, SeriesSpans, OtherSamples]] = []

    def add(self, name: str, source: str, blocks: Iterable[SeriesBlock]) -> None:
        """Look at a part.

        Parameters
        ----------
        name, source : str
            What messages call the part, and its file.
        blocks : iterable of SeriesBlock
            What it holds.

        Raises
        ------
        RepeatedSamplesError
            If it contradicts one before it, or has series and time ranges in common with many.
        """
        kept = list(blocks)
        spans = SeriesSpans.of(kept)
        others = [seen for seen in self._seen if spans.overlap(seen[2])]
        require_few([other for other, *_ in others])
        for other, other_source, _, samples in others:
            repeats = samples.compare(kept, self._policy, other_is_later=False)
            same_file = other_source == source
            require_no_conflict(repeats, self._policy, name, other, same_file=same_file)
        self._seen.append((name, source, spans, OtherSamples(kept)))


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
