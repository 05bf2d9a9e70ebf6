"""Tally: what has come back so far for each sample that was sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from vm_df_writer.model.series import BoolArray, IntArray

__all__ = ["Tally"]


@dataclass(slots=True, eq=False)
class Tally:
    """What has come back for each sent sample, and what was returned besides.

    Attributes
    ----------
    seen, good : ndarray of bool, shape (n_samples,)
        Whether a sample came back at all, and with the value that was sent.
    covered : ndarray of bool, shape (n_samples,)
        Whether the server may have left the sample out for a later one of its interval.
    foreign : ndarray of int64, shape (n_series,)
        How many samples came back at times that none was sent for.
    counts : ndarray of int32, shape (2, n_samples), or None
        How many returned samples have the time and the value of a sample, and how many its time
        alone. Where several were sent for one time, each returned one is counted for one of them.
        None as long as no sample can have come back twice, which is the rule: it costs nothing.

    Examples
    --------
    >>> tally = Tally.of_nothing(2, n_series=1)
    >>> tally.add_once(np.array([0, 1]), np.array([True, False]))
    >>> tally.add(np.array([0, 1, 1]), np.array([True, True, False]))
    >>> tally.good.tolist(), tally.counts.tolist()
    ([True, True], [[2, 1], [0, 2]])
    """

    seen: BoolArray
    good: BoolArray
    covered: BoolArray
    foreign: IntArray
    counts: npt.NDArray[np.int32] | None = None

    @classmethod
    def of_nothing(cls, n_samples: int, *, n_series: int) -> Self:
        """Return the tally before anything has come back."""
        seen, good, covered = np.zeros((3, n_samples), np.bool_)
        return cls(seen, good, covered, np.zeros(n_series, np.int64))

    def copy(self) -> Tally:
        """Return a tally that stays as this one is now."""
        counts = None if self.counts is None else self.counts.copy()
        return Tally(
            self.seen.copy(), self.good.copy(), self.covered.copy(), self.foreign.copy(), counts
        )

    def mark(self, positions: IntArray, agree: BoolArray) -> None:
        """Note that samples came back, and for which of them the value that was sent."""
        self.seen[positions] = True
        self.good[positions[agree]] = True

    def add_once(self, positions: IntArray, agree: BoolArray) -> None:
        """Count one returned sample for each of some sent ones, all of them different."""
        self.mark(positions, agree)
        if self.counts is not None:
            self.counts[0, positions] += agree
            self.counts[1, positions] += ~agree

    def add(self, positions: IntArray, agree: BoolArray) -> None:
        """Count returned samples, several of which may stand for one that was sent."""
        if self.counts is None:
            self.counts = np.array([self.good, self.seen & ~self.good], np.int32)
        self.mark(positions, agree)
        np.add.at(self.counts[0], positions[agree], 1)
        np.add.at(self.counts[1], positions[~agree], 1)
