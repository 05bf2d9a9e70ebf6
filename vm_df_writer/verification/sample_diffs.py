"""SampleDiffs: the samples of which a server holds other than was sent, one by one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vm_df_writer.model.series import FloatArray, IntArray, SeriesBlock
from vm_df_writer.server.deduplication import KeepOneRule
from vm_df_writer.verification.export.series_collector import SeriesSamples
from vm_df_writer.verification.matching import Matches, match_samples, ranks_in_runs
from vm_df_writer.verification.sent_samples import SentSamples

__all__ = ["DIFFERENCES", "SampleDiffs", "diff_samples"]

DIFFERENCES = ("missing", "conflicting", "copied", "foreign")
_MISSING, _CONFLICTING, _COPIED, _FOREIGN = range(4)


@dataclass(frozen=True, eq=False)
class SampleDiffs:
    """Samples that are not as they were sent, by series, time and kind.

    Attributes
    ----------
    series : ndarray of int64, shape (n_diffs,)
        The position of the series in the block.
    timestamps_ms : ndarray of int64, shape (n_diffs,)
        Epoch milliseconds.
    kinds : ndarray of int8, shape (n_diffs,)
        Positions in `DIFFERENCES`.
    sent, stored : ndarray of float64, shape (n_diffs,)
        The two values; NaN where there is none.
    """

    series: IntArray
    timestamps_ms: IntArray
    kinds: npt.NDArray[np.int8]
    sent: FloatArray
    stored: FloatArray


def diff_samples(
    block: SeriesBlock,
    series: Sequence[int],
    found: Sequence[SeriesSamples],
    deduplication: KeepOneRule | None = None,
) -> SampleDiffs:
    """Compare some series of a block with what a server holds of them.

    Each sample that was sent and that the server has not is missing, unless the server keeps one
    of its interval. Of those that it has, each one more of the same value is copied, each one of
    another value conflicting; those between the first and the last sample of a series, at times
    that none was sent for, are foreign.

    Parameters
    ----------
    block : SeriesBlock
        What was sent.
    series : sequence of int
        The positions of the series in the block.
    found : sequence of SeriesSamples
        What the server holds of each of them.
    deduplication : KeepOneRule, optional
        The intervals of which the server keeps one sample each.

    Examples
    --------
    >>> times = np.array([10, 20, 30])
    >>> block = SeriesBlock([b"{}"], np.array([0, 3]), times, np.array([[1.0, 2.0, 3.0]]))
    >>> stored = SeriesSamples({}, np.array([10, 10, 20, 25]), np.array([1.0, 1.0, 7.0, 8.0]))
    >>> diffs = diff_samples(block, [0], [stored])
    >>> [(int(ms), DIFFERENCES[k]) for ms, k in zip(diffs.timestamps_ms, diffs.kinds)]
    [(10, 'copied'), (20, 'conflicting'), (25, 'foreign'), (30, 'missing')]
    """
    sent = SentSamples(block, series)
    n_sent = len(sent.values)
    counts = [len(each.values) for each in found]
    slots = np.repeat(np.arange(len(found)), counts)
    times, values = _joined(found)
    matches = match_samples(
        np.append(np.repeat(np.arange(len(series)), sent.lengths), slots),
        np.append(sent.timestamps_ms, times),
        np.append(sent.values, values),
        n_sent,
        deduplication,
    )
    partner, agrees, nearest, is_good = _matched(sent, matches, values, n_sent)
    is_seen = nearest >= 0
    excused = np.zeros(n_sent, np.bool_)
    excused[matches.covered] = True
    excused &= ~is_seen
    if deduplication is not None and sent.has_repeats:
        is_kept = np.logical_or.reduceat(is_good, sent.times)
        excused |= ~is_good & np.repeat(is_kept, np.diff(np.append(sent.times, n_sent)))

    surplus = _copies(sent, partner, agrees, is_good)
    conflicting = np.flatnonzero((partner >= 0) & ~agrees)
    foreign = np.flatnonzero((partner < 0) & sent.is_within(slots, times))
    missing = np.flatnonzero(~is_seen & ~excused)
    # Where several were sent for one time, one of another value may stand for two of them.
    unmatched = np.flatnonzero(is_seen & ~is_good & ~excused)
    unmatched = unmatched[~np.isin(unmatched, partner[conflicting])]

    own = np.repeat(np.arange(len(series)), sent.lengths)
    of_sent, of_found = np.append(sent.values, np.nan), np.append(values, np.nan)
    # One row each: kind, slot, time, position among what was sent, and among what was found.
    rows = [
        (_MISSING, own[missing], sent.timestamps_ms[missing], missing, np.full_like(missing, -1)),
        (_CONFLICTING, slots[conflicting], times[conflicting], partner[conflicting], conflicting),
        (_CONFLICTING, own[unmatched], sent.timestamps_ms[unmatched], unmatched,
         nearest[unmatched]),
        (_COPIED, slots[surplus], times[surplus], partner[surplus], surplus),
        (_FOREIGN, slots[foreign], times[foreign], np.full_like(foreign, -1), foreign),
    ]  # fmt: skip
    kinds = np.repeat(np.array([row[0] for row in rows], np.int8), [len(row[1]) for row in rows])
    slot, ms, at_sent, at_found = (
        np.concatenate([row[column] for row in rows]).astype(np.int64) for column in range(1, 5)
    )
    order = np.lexsort((kinds, ms, slot))
    return SampleDiffs(
        np.asarray(series, np.int64)[slot[order]],
        ms[order],
        kinds[order],
        of_sent[at_sent[order]],
        of_found[at_found[order]],
    )


def _joined(found: Sequence[SeriesSamples]) -> tuple[IntArray, FloatArray]:
    times = np.concatenate([np.empty(0, np.int64), *(each.timestamps_ms for each in found)])
    return times, np.concatenate([np.empty(0), *(each.values for each in found)])


def _matched(
    sent: SentSamples, matches: Matches, values: FloatArray, n_sent: int
) -> tuple[IntArray, npt.NDArray[np.bool_], IntArray, npt.NDArray[np.bool_]]:
    """Return, of each found sample, the sent one and whether they agree; of each sent one, too."""
    partner, agrees = np.full(len(values), -1), np.zeros(len(values), np.bool_)
    nearest, is_good = np.full(n_sent, -1), np.zeros(n_sent, np.bool_)
    for mine, returned in matches.pairs:
        theirs = returned - n_sent
        agree = sent.agree(mine, values[theirs])
        for other_of, is_alike, own, other in (
            (partner, agrees, theirs, mine),
            (nearest, is_good, mine, theirs),
        ):
            open_still = ~is_alike[own]
            other_of[own[open_still]] = other[open_still]
            other_of[own[agree]] = other[agree]
            is_alike[own[agree]] = True
    return partner, agrees, nearest, is_good


def _copies(
    sent: SentSamples,
    partner: IntArray,
    agrees: npt.NDArray[np.bool_],
    is_good: npt.NDArray[np.bool_],
) -> IntArray:
    """Return which found samples are more than one for each that was sent."""
    agreeing = np.flatnonzero(agrees)
    if not agreeing.size:
        return agreeing
    time = np.searchsorted(sent.times, partner[agreeing], side="right") - 1
    n_good = np.add.reduceat(is_good, sent.times, dtype=np.int64)
    # What was found is in the order of series and time.
    surplus: IntArray = agreeing[ranks_in_runs(time) >= n_good[time]]
    return surplus
