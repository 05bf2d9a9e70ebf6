"""Matching: which of the returned samples stand for which of the sent ones. Pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vm_df_writer.model.series import FloatArray, IntArray
from vm_df_writer.server.deduplication import KeepOneRule

__all__ = ["Matches", "match_samples"]


class Matches(NamedTuple):
    """Sent samples, and what was returned for them.

    Attributes
    ----------
    pairs : list of (ndarray, ndarray)
        Positions of sent samples and of copies that have their series and time; for each sample
        that has any, the copy with the nearest value is among them.
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
    """Find what was returned for each sample that was sent.

    Parameters
    ----------
    slot, time, value : ndarray, shape (n_sent + n_returned,)
        Number of the series, epoch milliseconds and value; those of the sent samples first.
    n_sent : int
        How many of them were sent.
    thinning : KeepOneRule, optional
        The intervals of which the server keeps one sample each.

    Examples
    --------
    >>> slot, value = np.zeros(4, np.int64), np.array([1.0, 2.0, 2.5, 3.0])
    >>> time = np.array([10, 20, 20, 40])
    >>> matches = match_samples(slot, time, value, 2)
    >>> [(sent.tolist(), returned.tolist()) for sent, returned in matches.pairs]
    [([], []), ([1], [2])]
    >>> match_samples(slot, time, value, 2, KeepOneRule(((99, 20),))).covered.tolist()
    [0]
    """
    # In the order of series, time and value, the nearest copy of a sample is its neighbour.
    order = np.lexsort((value, time, slot))
    is_sent = order < n_sent
    at, ranks = np.flatnonzero(is_sent), np.arange(len(order))
    before = np.maximum.accumulate(np.where(is_sent, 0, ranks))[at]
    after = np.minimum.accumulate(np.where(is_sent, len(order) - 1, ranks)[::-1])[::-1][at]
    sent, pairs = order[at], []
    for neighbour in (order[before], order[after]):
        same = (neighbour >= n_sent) & (slot[neighbour] == slot[sent])
        same &= time[neighbour] == time[sent]
        pairs.append((sent[same], neighbour[same]))
    if deduplication is None:
        return Matches(pairs, np.empty(0, np.int64))
    end = deduplication.interval_ends(time)
    returned = order[~is_sent]
    crowded = (slot[returned][1:] == slot[returned][:-1]) & (
        end[returned][1:] == end[returned][:-1]
    )
    crowded &= time[returned][1:] != time[returned][:-1]
    alone = np.zeros(len(order), np.bool_)
    if returned.size:
        alone[returned] = ~(np.append(False, crowded) | np.append(crowded, False))
    later = order[after]
    covered = alone[later] & (slot[later] == slot[sent]) & (end[later] == end[sent])
    covered &= time[later] > time[sent]
    return Matches(pairs, sent[covered])
