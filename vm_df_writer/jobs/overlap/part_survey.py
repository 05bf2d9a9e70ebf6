"""PartSurvey: some parts of a job, compared with each other before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from vm_df_writer.config.read_options import DuplicatesPolicy
from vm_df_writer.jobs.overlap.other_parts import require_few, require_no_conflict
from vm_df_writer.jobs.overlap.repeated_samples import OtherSamples, leave_out_of_all
from vm_df_writer.jobs.overlap.series_spans import SeriesSpans
from vm_df_writer.model.series import IntArray, SeriesBlock

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
    {}
    >>> [times.tolist() for times in survey.add("copy.csv", "copy.csv", part(1.0)).values()]
    [[1767225600000]]
    >>> survey.add("b.csv", "b.csv", part(2.0))
    Traceback (most recent call last):
        ...
    vm_df_writer.jobs.errors.RepeatedSamplesError: b.csv: has other values at 1 times at which ...
    """

    def __init__(self, policy: DuplicatesPolicy) -> None:
        self._policy = policy
        self._seen: list[tuple[str, str, SeriesSpans, ReadBlocks]] = []

    def add(self, name: str, source: str, read: ReadBlocks) -> Mapping[int, IntArray]:
        """Look at a part, and say what it leaves to those before it.

        Parameters
        ----------
        name, source : str
            What messages call the part, and its file.
        read : callable
            Returns what it holds. It is called once more for each part that it is compared with.

        Returns
        -------
        mapping of int to ndarray of int64
            For the digest of each series the times at which the sample of another part stays.

        Raises
        ------
        RepeatedSamplesError
            If it contradicts one before it, or has series and time ranges in common with many.
        """
        spans = SeriesSpans.of(read())
        others = [seen for seen in self._seen if spans.overlap(seen[2])]
        require_few([other for other, *_ in others])
        left_out: dict[int, IntArray] = {}
        for other, other_source, _, read_other in others:
            samples = OtherSamples(read_other(), only=spans.digests)
            rest = leave_out_of_all(read(), left_out)
            repeats = samples.compare(rest, self._policy, other_is_later=False)
            same_file = other_source == source
            require_no_conflict(repeats, self._policy, name, other, same_file=same_file)
            for digest, times in repeats.left_out.items():
                left_out[digest] = np.append(left_out.get(digest, times[:0]), times)
        self._seen.append((name, source, spans, lambda: leave_out_of_all(read(), left_out)))
        return left_out


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
