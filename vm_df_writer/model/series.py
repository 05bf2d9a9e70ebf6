"""SeriesBlock: what the frames floor hands to the wire floor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vm_df_writer.model.label_sets import LabelSets

__all__ = ["BoolArray", "FloatArray", "IntArray", "SeriesBlock"]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SeriesBlock:
    """Some series of a frame, column by column, ready to be written.

    The samples axis is cut into groups by `offsets`. Each row of `values` gives
    every group its values, so that row `r` and group `g` make the series
    ``label_sets[r * n_groups + g]``. The rows share one timestamps array: a
    gap-free wide frame is many rows and one group, a long frame with one value
    column is one row and many groups.

    Attributes
    ----------
    label_sets : sequence of bytes, length n_rows * n_groups
        Each series' labels as a JSON object, ``{"__name__":"y",...}``. Of a frame these are
        :class:`~vm_df_writer.model.label_sets.LabelSets`, which hold another form too.
    offsets : ndarray of int64, shape (n_groups + 1,)
        Group `g` is ``[offsets[g], offsets[g + 1])`` of the samples axis; never empty.
    timestamps_ms : ndarray of int64, shape (n_samples,)
        Milliseconds since 1970-01-01T00:00:00Z, ascending within each group.
    values : ndarray of float64, shape (n_rows, n_samples)
        C-contiguous. No NaN; infinities only where they were asked for.
    dropped, adjusted : mapping of str to int
        Samples of the frame that this block left out or altered, by reason.
    has_infinities : bool
        Whether `values` may hold infinities.

    Examples
    --------
    >>> block = SeriesBlock(
    ...     label_sets=[b'{"__name__":"y"}', b'{"__name__":"yhat"}'],
    ...     offsets=np.array([0, 2]),
    ...     timestamps_ms=np.array([1767225600000, 1767225660000]),
    ...     values=np.array([[1.0, 2.0], [1.5, 2.5]]),
    ... )
    >>> block.n_series, block.n_samples
    (2, 4)
    >>> [(labels, values.tolist()) for labels, _, values in block]
    [(b'{"__name__":"y"}', [1.0, 2.0]), (b'{"__name__":"yhat"}', [1.5, 2.5])]
    """

    label_sets: Sequence[bytes]
    offsets: IntArray
    timestamps_ms: IntArray
    values: FloatArray
    dropped: Mapping[str, int] = field(default_factory=dict)
    adjusted: Mapping[str, int] = field(default_factory=dict)
    has_infinities: bool = False

    @classmethod
    def of_nothing(cls, dropped: Mapping[str, int]) -> SeriesBlock:
        """Return a block without series that only counts what was dropped."""
        nothing = np.empty(0, np.int64)
        return cls([], nothing, nothing, np.empty((1, 0)), dropped)

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.label_sets)

    @property
    def n_samples(self) -> int:
        """Number of samples over all series."""
        return int(self.values.size)

    def without(self, left_out: BoolArray, reason: str) -> SeriesBlock:
        """Return the block without some of its samples, which it counts as dropped.

        Parameters
        ----------
        left_out : ndarray of bool, shape (n_rows, n_samples) or (1, n_samples)
            Which samples, in the shape of `values`; or at which times, in all rows.
        reason : str
            What `dropped` counts them under.

        Examples
        --------
        >>> block = SeriesBlock(
        ...     [b"a", b"b"], np.array([0, 2]), np.array([10, 20]), np.array([[1.0, 2], [3, 4]])
        ... )
        >>> rest = block.without(np.array([[True, True], [True, False]]), "exists")
        >>> [(labels, values.tolist()) for labels, _, values in rest], rest.dropped
        ([(b'b', [4.0])], {'exists': 3})
        """
        rows = self.values
        n = int(left_out.sum()) * (len(rows) // len(left_out))
        if not n:
            return self
        dropped = {**self.dropped, reason: self.dropped.get(reason, 0) + n}
        kept = ~left_out
        n_rows, n_groups = len(rows), len(self.offsets) - 1
        if (kept == kept[0]).all():  # the rows still share their timestamps
            kept, timestamps_ms = kept[:1], self.timestamps_ms[kept[0]]
            values = np.ascontiguousarray(rows[:, kept[0]])
        else:
            timestamps_ms = np.broadcast_to(self.timestamps_ms, rows.shape)[kept]
            values, n_rows = rows[kept][None, :], 1
        counts = np.add.reduceat(kept, self.offsets[:-1], axis=1, dtype=np.int64).ravel()
        groups = np.flatnonzero(counts)
        if not groups.size:
            return replace(SeriesBlock.of_nothing(dropped), adjusted=self.adjusted)
        series = (np.arange(n_rows)[:, None] * n_groups + groups).ravel().tolist()
        return replace(
            self,
            label_sets=LabelSets.of(self.label_sets).take(series),
            offsets=np.append(0, np.cumsum(counts[groups])),
            timestamps_ms=timestamps_ms,
            values=values,
            dropped=dropped,
        )

    def __iter__(self) -> Iterator[tuple[bytes, IntArray, FloatArray]]:
        """Yield label set, timestamps and values of each series."""
        bounds = self.offsets.tolist()
        label_sets = iter(self.label_sets)
        for row in self.values:
            for start, stop in pairwise(bounds):
                yield next(label_sets), self.timestamps_ms[start:stop], row[start:stop]
