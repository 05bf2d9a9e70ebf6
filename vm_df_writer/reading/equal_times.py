"""Equal times: which sample of a series stands where a server holds several at one time."""

from __future__ import annotations

import numpy as np

from vm_df_writer.config.read_options import DuplicatesPolicy
from vm_df_writer.display.text import format_utc
from vm_df_writer.errors import FrameError
from vm_df_writer.model.series import IntArray
from vm_df_writer.verification.export.series_collector import SeriesSamples
from vm_df_writer.verification.sent_samples import allowed_loss

__all__ = ["EqualTimes"]


class EqualTimes:
    """Leaves one sample for each time of a series, and counts where that was a choice.

    Parameters
    ----------
    policy : str
        As `duplicates` of :class:`~vm_df_writer.config.read_options.ReadOptions`.

    Attributes
    ----------
    n_conflicting : int
        Times at which several values stood, other than by the digits that the server drops.
    first : tuple of (mapping, int) or None
        Labels of a series, and epoch milliseconds, of the first of them.

    Examples
    --------
    >>> samples = SeriesSamples({}, np.array([10, 20, 20]), np.array([1.0, 3.0, 2.0]))
    >>> equal_times = EqualTimes("max")
    >>> equal_times.resolve(samples).values.tolist(), equal_times.n_conflicting
    ([1.0, 3.0], 1)
    """

    def __init__(self, policy: DuplicatesPolicy) -> None:
        self._policy = policy
        self._known_distinct: IntArray | None = None
        self.n_conflicting: int = 0
        self.first: tuple[object, int] | None = None

    def resolve(self, samples: SeriesSamples) -> SeriesSamples:
        """Return a series with one sample for each time; with all of them for ``"keep"``.

        Raises
        ------
        FrameError
            If there are several for one, and the policy is ``"error"``.
        """
        times, values = samples.timestamps_ms, samples.values
        if self._policy == "keep" or times is self._known_distinct:
            return samples
        is_first = np.append(True, times[1:] != times[:-1])
        if is_first.all():
            self._known_distinct = times
            return samples
        starts = np.flatnonzero(is_first[: len(times)])
        if self._policy == "error":
            repeated = int(times[np.argmin(is_first)])
            raise FrameError(
                f"duplicates: the series {dict(samples.labels)} holds several samples at "
                f"{format_utc(repeated)}, of {len(times):,} samples {len(times) - len(starts):,} "
                "are such",
                hint="pass duplicates='last', 'first', 'max' or 'keep'",
                keyword="duplicates",
            )
        lows, highs = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        self._count(samples, lows, highs, starts)
        if self._policy == "max":
            kept = highs
        elif self._policy == "first":
            kept = values[starts]
        else:
            kept = values[np.append(starts[1:], len(times)) - 1]
        return samples._replace(timestamps_ms=times[starts], values=kept)

    def _count(
        self,
        samples: SeriesSamples,
        lows: np.typing.NDArray[np.float64],
        highs: np.typing.NDArray[np.float64],
        starts: IntArray,
    ) -> None:
        magnitudes = np.maximum(np.abs(lows), np.abs(highs))
        magnitudes[~np.isfinite(magnitudes)] = 0.0
        with np.errstate(invalid="ignore"):
            gaps = np.where(lows == highs, 0.0, highs - lows)
        # Two copies of one value may lie in blocks that are stored with other digits (decimal.go).
        conflicting = gaps > 2 * allowed_loss(magnitudes, magnitudes.max())
        if n := int(conflicting.sum()):
            self.n_conflicting += n
            if self.first is None:
                at = starts[np.argmax(conflicting)]
                self.first = samples.labels, int(samples.timestamps_ms[at])
