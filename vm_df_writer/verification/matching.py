"""Matching: which of the returned samples stand for which of the sent ones. Pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vm_df_writer.model.series import BoolArray, FloatArray, IntArray
from vm_df_writer.server.deduplication import KeepOneRule

__all__ = ["Matches", "match_samples", "ranks_in_runs"]


class Matches(NamedTuple):
    """Sent samples, and what was returned for them.

    Attributes
    ----------
    pairs : list of (ndarray, ndarray)
        Positions of sent samples and of returned ones that have their series and time. For each
        sample of either kind that has a counterpart, the one with the nearest value is among them.
    covered : ndarray of int64
        Positions of sent samples in whose interval one later sample was returned and no other.
    """

    pairs: list[tuple[IntArray, IntArray]]
    covered: IntArray


def match_samples(
    slot: IntArray,
    time: IntArray,
    value: FloatArray,
    n_sent: int,
    deduplication: KeepOneRule | None = None,
) -> Matches:
    """Find what was returned for each sample that was sent, and what for each returned one.

    Parameters
    ----------
    slot, time, value : ndarray, shape (n_sent + n_returned,)
        Number of the series, epoch milliseconds and value; those of the sent samples first.
    n_sent : int
        How many of them were sent.
    deduplication : KeepOneRule, optional
        The intervals of which the server keeps one sample each.

    Notes
    -----
    In the order of series, time and value, the nearest counterpart of a sample is the next one of
    the other kind to its left or to its right, if that has the same series and time::

        position   0     1     2     3     4     5
        kind       sent  sent  ret.  ret.  ret.  sent
        time       10    20    20    20    40    50
        value      1.0   2.0   2.1   7.0   3.0   4.0
                         ^--1--^     |
                         ^-----2-----^

    Both samples returned at 20 belong to the one sent for 20 (pairs 1 and 2), since there is no
    other one between them and it; the one at 40 is foreign, and those sent for 10 and 50 did not
    come back. A server that keeps one sample per interval of 20 may have left out that of 10, which
    the later ones of its interval, which ends at 20, cover; not so if they have different times.

    Examples
    --------
    >>> slot, value = np.zeros(6, np.int64), np.array([1.0, 2.0, 4.0, 2.1, 7.0, 3.0])
    >>> time = np.array([10, 20, 50, 20, 20, 40])
    >>> matches = match_samples(slot, time, value, n_sent=3)
    >>> sorted({(int(s), int(r)) for pairs in matches.pairs for s, r in zip(*pairs)})
    [(1, 3), (1, 4)]
    >>> match_samples(slot, time, value, 3, KeepOneRule(((99, 20),))).covered.tolist()
    [0]
    """
    order = np.lexsort((value, time, slot))
    is_sent = order < n_sent
    sent, returned = order[is_sent], order[~is_sent]
    returned_around, sent_around = _around(order, ~is_sent), _around(order, is_sent)
    pairs = []
    for s, r in (
        *((sent, neighbour) for neighbour in returned_around),
        *((neighbour, returned) for neighbour in sent_around),
    ):
        same = (s < n_sent) & (r >= n_sent) & (slot[s] == slot[r]) & (time[s] == time[r])
        pairs.append((s[same], r[same]))
    if deduplication is None:
        return Matches(pairs, np.empty(0, np.int64))
    end = deduplication.interval_ends(time)
    alone = np.zeros(len(order), np.bool_)
    if returned.size:
        slots, ends, times = slot[returned], end[returned], time[returned]
        is_first = np.append(True, (slots[1:] != slots[:-1]) | (ends[1:] != ends[:-1]))
        starts = np.flatnonzero(is_first)
        stops = np.append(starts[1:], len(returned))
        alone[returned] = np.repeat(times[starts] == times[stops - 1], stops - starts)
    later = returned_around[1]
    covered = alone[later] & (slot[later] == slot[sent]) & (end[later] == end[sent])
    covered &= time[later] > time[sent]
    return Matches(pairs, sent[covered])


def ranks_in_runs(values: IntArray) -> IntArray:
    """Return how many equal ones stand before each value, in its run of equal values.

    Examples
    --------
    >>> ranks_in_runs(np.array([10, 20, 20, 20, 30, 30])).tolist()
    [0, 0, 1, 2, 0, 1]
    """
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    counts = np.diff(np.append(starts, len(values)))
    ranks: IntArray = np.arange(len(values)) - np.repeat(starts, counts)
    return ranks


def _around(order: IntArray, is_wanted: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the last wanted sample before, and the first one after, each of the others.

    Where there is none, that is the first or the last sample, wanted or not.
    """
    ranks, others = np.arange(len(order)), ~is_wanted
    before = np.maximum.accumulate(np.where(is_wanted, ranks, 0))
    after = np.minimum.accumulate(np.where(is_wanted, ranks, len(order) - 1)[::-1])[::-1]
    return order[before[others]], order[after[others]]
