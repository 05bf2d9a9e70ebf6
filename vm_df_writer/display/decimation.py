"""Which samples of a long line can be seen: a picture has only so many columns of pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["breaks_after", "cell_edges", "pixel_columns", "visible_samples"]

_FloatArray = npt.NDArray[np.float64]
_IntArray = npt.NDArray[np.int64]
_BoolArray = npt.NDArray[np.bool_]

# A share of equal steps from which on a longer step is a gap, and not just how this series comes.
_REGULAR_SHARE = 0.9

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_CELLS_MS = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500),
    *(n * _SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 20, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 30)),
)


def pixel_columns(times_ms: _IntArray, n_pixels: int) -> _IntArray:
    """Return the column of pixels that each sample falls into.

    Examples
    --------
    >>> pixel_columns(np.array([0, 10, 55, 100]), 4).tolist()
    [0, 0, 2, 3]
    """
    span_ms = max(1, int(times_ms[-1] - times_ms[0]))
    columns: _IntArray = (times_ms - times_ms[0]) * n_pixels // (span_ms + 1)
    return columns


def visible_samples(times_ms: _IntArray, values: _FloatArray, n_pixels: int) -> _IntArray:
    """Return the positions of the samples that a line must go through, in order of time.

    Those are the first, last, lowest and highest one of each column of pixels. A line through
    them looks the same as one through all samples (Jugel et al., "M4", VLDB 2014).

    Parameters
    ----------
    times_ms : ndarray of int64, shape (n_samples,)
        Ascending.
    values : ndarray of float64, shape (n_samples,)
        May hold NaN: each is a gap in the line, and stays one if it is as wide as a pixel.
    n_pixels : int
        Columns of pixels.

    Examples
    --------
    >>> values = np.array([0.0, 9.0, 1.0, 2.0, 3.0, -9.0, 4.0, 5.0])
    >>> visible_samples(np.arange(8), values, 1).tolist()
    [0, 1, 5, 7]
    """
    n_samples = len(values)
    if n_samples <= 4 * n_pixels:
        return np.arange(n_samples)
    columns = pixel_columns(times_ms, n_pixels)
    starts = np.flatnonzero(np.append(True, columns[1:] != columns[:-1]))
    lasts = np.append(starts[1:], n_samples) - 1
    column_of_sample = np.repeat(np.arange(len(starts)), lasts - starts + 1)
    kept = [starts, lasts]
    for reduce in (np.fmin, np.fmax):
        extreme = reduce.reduceat(values, starts)[column_of_sample]
        hits = np.flatnonzero(values == extreme)
        kept.append(hits[np.diff(column_of_sample[hits], prepend=-1) != 0])
    shown: _IntArray = np.unique(np.concatenate(kept))
    # A gap that is narrower than its column of pixels would look like a wide one.
    return shown[np.isnan(extreme[shown]) | ~np.isnan(values[shown])]


def breaks_after(times_ms: _IntArray) -> _BoolArray:
    """Tell after which samples a line is interrupted, since samples are missing there.

    Only a series that comes at regular times can miss some; in any other, a long step is one of
    its ways.

    Examples
    --------
    >>> minute = 60_000
    >>> breaks_after(minute * np.array([*range(20), *range(25, 45)])).nonzero()[0].tolist()
    [19]
    >>> breaks_after(np.array([0, 1, 5, 6, 50])).any()
    np.False_
    """
    if len(times_ms) < 3:
        return np.zeros(len(times_ms), bool)
    steps_ms = np.diff(times_ms)
    step_ms = int(np.median(steps_ms))
    is_regular = np.mean(np.abs(steps_ms - step_ms) * 2 <= step_ms) >= _REGULAR_SHARE
    return np.append(is_regular & (steps_ms * 2 > step_ms * 3), False)


def cell_edges(first_ms: int, last_ms: int, *, step_ms: int, most: int) -> _IntArray:
    """Cut a span of time into cells that people can name, such as 5 minutes.

    Parameters
    ----------
    first_ms, last_ms : int
        The span, both ends included.
    step_ms : int
        How often samples come; no cell is shorter.
    most : int
        About how many cells at most.

    Examples
    --------
    >>> cell_edges(30_000, 600_000, step_ms=60_000, most=5).tolist()
    [0, 120000, 240000, 360000, 480000, 600000, 720000]
    """
    shortest_ms = max(step_ms, (last_ms - first_ms) // most, 1)
    cell_ms = next((cell for cell in _CELLS_MS if cell >= shortest_ms), shortest_ms)
    first, last = first_ms // cell_ms, last_ms // cell_ms
    return np.arange(first, last + 2) * cell_ms
