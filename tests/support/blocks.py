"""Blocks as frames hand them on, and the export lines that a server answers with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import orjson
from numpy.typing import ArrayLike

from vm_df_writer.model.series import SeriesBlock

T = 1767225600000
"""2026-01-01T00:00:00Z, a whole hour."""

Labels = Mapping[str, str]


def block_of(*series: tuple[Labels, Sequence[int], Sequence[float]]) -> SeriesBlock:
    """Return a block of one row: labels, times since `T` and values of each series."""
    return SeriesBlock(
        label_sets=[orjson.dumps(labels) for labels, _, _ in series],
        offsets=np.cumsum([0, *(len(times) for _, times, _ in series)]),
        timestamps_ms=T + np.concatenate([np.array(times, np.int64) for _, times, _ in series]),
        values=np.concatenate([np.array(values, np.float64) for _, _, values in series])[None, :],
    )


def block_of_rows(
    values: ArrayLike,
    times_ms: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    label_sets: Sequence[bytes] | None = None,
    *,
    dropped: Mapping[str, int] | None = None,
    adjusted: Mapping[str, int] | None = None,
    has_infinities: bool = False,
) -> SeriesBlock:
    """Return a block whose rows share their times.

    Unless given, there is one group, whose samples are a millisecond apart from `T` on, and the
    metrics are ``s0``, ``s1`` and so on.
    """
    array = np.ascontiguousarray(values, np.float64)
    n_rows, n_samples = array.shape
    bounds = np.array([0, n_samples] if offsets is None else offsets, np.int64)
    named = [b'{"__name__":"s%d"}' % i for i in range(n_rows * (len(bounds) - 1))]
    return SeriesBlock(
        label_sets=named if label_sets is None else label_sets,
        offsets=bounds,
        timestamps_ms=np.arange(T, T + n_samples) if times_ms is None else np.asarray(times_ms),
        values=array,
        dropped=dropped or {},
        adjusted=adjusted or {},
        has_infinities=has_infinities,
    )


def export_line(labels: Labels, times: Iterable[int], values: str) -> bytes:
    """Return a line of the export as the server writes it; times since `T`."""
    stamps = ",".join(str(T + time) for time in times)
    return b'{"metric":%s,"values":[%s],"timestamps":[%s]}' % (
        orjson.dumps(labels),
        values.encode(),
        stamps.encode(),
    )
