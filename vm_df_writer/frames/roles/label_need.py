"""Which labels the rows of a frame need: those that tell rows of one time apart.

Need does not depend on what a column holds. Of the columns that might be labels, the smallest set
is looked for that makes (time, labels) unique; another column is an attribute if it is constant
within each group of that set, and else it varies within a series.

All that concerns labels alone is done on one row of each group, of which there are few. Times are
looked at only where leaving a column out would put groups together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vm_df_writer.frames.grouping import GroupedRows, combine_labels
from vm_df_writer.frames.labels.label_column import LabelColumn
from vm_df_writer.model.series import IntArray

__all__ = ["LabelNeed", "judge_need", "share_of_shared_times"]

Standing = Literal["needed", "attribute", "varying"]

# Series, parts of a series and rows that are looked at before all are.
_PROBED_SERIES = 4
_PROBED_PARTS = 8
_PROBED_ROWS = 64
# More than half of the rows share their time with another value: no accident, such as a row that
# was corrected, and stands twice.
MOST = 0.5


@dataclass(frozen=True, slots=True)
class LabelNeed:
    """How the rows of a frame depend on its possible labels.

    Attributes
    ----------
    standings : sequence of str, one for each candidate
        ``needed``: most rows share their time with a row that differs in this column alone.
        ``attribute``: the same in all rows of a series. ``varying``: neither.
    n_series : int
        Groups that the needed and the definite labels make.
    rows_per_series : float
        How many rows one of them has on average.
    """

    standings: Sequence[Standing]
    n_series: int
    rows_per_series: float


def judge_need(
    definite: Sequence[LabelColumn],
    candidates: Sequence[LabelColumn],
    grouped: GroupedRows,
    ms: IntArray,
) -> LabelNeed:
    """Say of each candidate whether rows need it.

    Parameters
    ----------
    definite, candidates : sequence of LabelColumn, each of shape (n_rows,)
        What surely is a label, and what may be one. Of two candidates that would do alike, the
        later one is kept.
    grouped : GroupedRows
        The rows, grouped by all of them.
    ms : ndarray of int64, shape (n_rows,)
        Epoch milliseconds.

    Examples
    --------
    >>> host = LabelColumn("host", np.array([0, 1, 0, 1]), ["a", "b"])
    >>> state = LabelColumn("state", np.array([0, 0, 1, 0]), ["ok", "bad"])
    >>> grouped = GroupedRows(np.array([0, 2, 1, 3]), np.array([0, 1, 2, 4]))
    >>> judge_need([], [host, state], grouped, np.array([5, 5, 9, 9])).standings
    ['needed', 'varying']
    """
    if not len(grouped.first_rows):  # no row has a time
        return LabelNeed(["attribute"] * len(candidates), 0, 0.0)
    fixed = [label.take(grouped.first_rows) for label in definite]
    may_be = [label.take(grouped.first_rows) for label in candidates]
    n_groups = len(grouped.first_rows)

    def number(*labels: LabelColumn) -> IntArray:
        return combine_labels([*fixed, *labels], n_groups)[0].astype(np.int64)

    # What is the same in all groups parts none, whatever else does.
    kept = {i: label for i, label in enumerate(may_be) if not _is_constant(label)}
    varying = set()
    parting = list(kept)
    apart = number(*kept.values())
    # Of two keys that both would do, such as a host and an id of each row, the one of few values.
    for i in sorted(kept, key=lambda i: -len(candidates[i].texts)):
        label = kept.pop(i)
        together = number(*kept.values())
        if _n_distinct(together) < _n_distinct(apart):
            if share_of_shared_times(grouped, ms, together, apart) > MOST:
                kept[i] = label
                continue
            varying.add(i)
        apart = together
    n_series = _n_distinct(apart)
    standings: list[Standing] = []
    for i, label in enumerate(may_be):
        if i in kept:
            standings.append("needed")
        elif i in varying or (
            i in parting and _n_distinct(number(*kept.values(), label)) > n_series
        ):
            standings.append("varying")
        else:
            standings.append("attribute")
    return LabelNeed(standings, n_series, int(grouped.offsets[-1]) / n_series)


def _is_constant(label: LabelColumn) -> bool:
    return label.codes is None or bool((label.codes == label.codes[0]).all())


def _n_distinct(numbers: IntArray) -> int:
    return int(np.count_nonzero(np.bincount(numbers)))  # they are small


def share_of_shared_times(
    grouped: GroupedRows, ms: IntArray, together: IntArray, apart: IntArray
) -> float:
    """Return which share of rows have their time in common with a row that a label parts from them.

    Parameters
    ----------
    together, apart : ndarray of int64, shape (n_groups,)
        The number of each group's series without the label, and with it.

    Returns
    -------
    float
        Of the rows of those series that the label cuts. An estimate where a sample of rows shows
        that it is more than half; what a sample does not show is looked for in all rows.
    """
    order = np.argsort(together, kind="stable")
    starts = np.flatnonzero(np.diff(together[order], prepend=-1))
    cut = [
        groups
        for groups in np.split(order, starts[1:])[: _PROBED_SERIES * 4]
        if len(groups) > 1 and (apart[groups] != apart[groups[0]]).any()
    ]
    estimates = [_probe(grouped, ms, groups, apart) for groups in cut[:_PROBED_SERIES]]
    estimate = float(np.mean(estimates)) if estimates else 0.0
    return estimate if estimate > MOST else _count_all(grouped, ms, together, apart)


def _probe(grouped: GroupedRows, ms: IntArray, groups: IntArray, apart: IntArray) -> float:
    """Look for some times of a series' parts among those of its other parts."""
    some = groups[:: -(-len(groups) // _PROBED_PARTS)]
    times = [ms[grouped.rows(slice(*grouped.offsets[g : g + 2].tolist()))] for g in some]
    part = np.repeat(apart[some], [len(of_part) for of_part in times])
    step = -(-len(part) // _PROBED_ROWS)
    probes, part = np.concatenate(times)[::step], part[::step]
    shared = np.zeros(len(probes), dtype=bool)
    for number, of_part in zip(apart[some], times, strict=True):
        nearest = of_part[np.minimum(np.searchsorted(of_part, probes), len(of_part) - 1)]
        shared |= (nearest == probes) & (part != number)
    return float(shared.mean())


def _count_all(grouped: GroupedRows, ms: IntArray, together: IntArray, apart: IntArray) -> float:
    rows = grouped.rows(slice(0, int(grouped.offsets[-1])))
    sizes = np.diff(grouped.offsets)
    series, part = np.repeat(together, sizes), np.repeat(apart, sizes)
    first_part = np.full(int(together.max()) + 1, -1)
    first_part[together] = apart
    is_cut = np.zeros(len(first_part), dtype=bool)
    is_cut[together[apart != first_part[together]]] = True
    shown = is_cut[series]
    times, series, part = ms[rows][shown], series[shown], part[shown]
    order = np.lexsort((part, times, series))
    times, series, part = times[order], series[order], part[order]
    is_new = np.ones(len(times), dtype=bool)
    is_new[1:] = (times[1:] != times[:-1]) | (series[1:] != series[:-1])
    starts = np.flatnonzero(is_new)
    ends = np.append(starts[1:], len(times))
    is_shared = part[starts] != part[ends - 1]
    return float((ends - starts)[is_shared].sum() / len(times))
