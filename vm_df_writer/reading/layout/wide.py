"""Wide: a row for each time, a column for each series."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vm_df_writer.errors import FrameError
from vm_df_writer.model.series import FloatArray, IntArray
from vm_df_writer.reading.layout.common_times import RowKeys, place_values, union_of
from vm_df_writer.verification.export.series_collector import SeriesSamples

__all__ = ["WideSamples", "lay_out_wide"]

# What most frames hold of cells without a value, and what no machine minds.
_MOST_CELLS_PER_SAMPLE = 50
_FEW_CELLS = 20_000_000


class WideSamples(NamedTuple):
    """Samples as a matrix.

    Attributes
    ----------
    timestamps_ms : ndarray of int64, shape (n_rows,)
        The times of all series, ascending.
    matrix : ndarray of float64, shape (n_series, n_rows)
        The values of each series; NaN where it has none.
    """

    timestamps_ms: IntArray
    matrix: FloatArray


def lay_out_wide(series: list[SeriesSamples]) -> WideSamples:
    """Put series side by side; the list is emptied, so that memory holds the samples once.

    Raises
    ------
    FrameError
        If next to no cell of the frame would hold a value, and it would be huge.

    Examples
    --------
    >>> y = SeriesSamples({}, np.array([10, 20]), np.array([1.0, 2.0]))
    >>> z = SeriesSamples({}, np.array([20]), np.array([3.0]))
    >>> lay_out_wide([y, z]).matrix.tolist()
    [[1.0, 2.0], [nan, 3.0]]
    """
    row_keys = RowKeys(series)
    union = union_of([row_keys.of(each) for each in series])
    n_samples = sum(len(each.values) for each in series)
    n_cells = len(series) * len(union)
    if n_cells > max(_FEW_CELLS, _MOST_CELLS_PER_SAMPLE * n_samples):
        raise FrameError(
            f"layout: a wide frame of {len(series):,} series, which share few times, would have "
            f"{n_cells:,} cells for {n_samples:,} samples",
            hint="pass layout='melted', or read fewer series at a time",
            keyword="layout",
        )
    # Memory that is not yet written to is not yet taken.
    matrix = np.empty((len(series), len(union)))
    series.reverse()
    for row in matrix:
        samples = series.pop()
        place_values(row, union, row_keys.of(samples), samples.values)
    return WideSamples(row_keys.times_of(union), matrix)
