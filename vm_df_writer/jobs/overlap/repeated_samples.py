"""Repeated samples: those at whose time another part has a sample of the same series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from vm_df_writer.config.read_options import DuplicatesPolicy
from vm_df_writer.jobs.overlap.series_spans import series_digest
from vm_df_writer.model.series import BoolArray, FloatArray, IntArray, SeriesBlock

__all__ = ["Conflict", "OtherSamples", "Repeats", "leave_out", "leave_out_of_all"]

_Piece = tuple[IntArray, FloatArray]


@dataclass(frozen=True)
class Conflict:
    """The first sample that `duplicates=` would keep of two, though the `other` one is sent."""

    label_set: bytes
    time_ms: int
    value: float
    other: float


@dataclass(frozen=True)
class Repeats:
    """What two parts have in common.

    Attributes
    ----------
    left_out : mapping of int to ndarray of int64
        For the digest of each series the times at which the sample of the other part stays.
    n_conflicts : int
        Samples that stand against one that is sent already.
    conflict : Conflict or None
        The first of them.
    """

    left_out: Mapping[int, IntArray]
    n_conflicts: int = 0
    conflict: Conflict | None = None


class OtherSamples:
    """The samples of another part, or of several, to be compared with those of a part.

    Examples
    --------
    >>> def part(values):
    ...     times = np.array([10, 20])
    ...     return [SeriesBlock([b'{"__name__":"y"}'], np.array([0, 2]), times, np.array([values]))]
    >>> other = OtherSamples(part([1.0, 2.0]))
    >>> repeats = other.compare(part([1.0, 3.0]), "last", other_is_later=False)
    >>> [times.tolist() for times in repeats.left_out.values()], repeats.n_conflicts
    ([[10]], 1)
    """

    def __init__(self, blocks: Iterable[SeriesBlock] = (), only: IntArray | None = None) -> None:
        self._pieces: dict[int, list[_Piece]] = {}
        wanted = None if only is None else set(only.tolist())
        for block in blocks:
            for label_set, times, values in block:
                digest = series_digest(label_set)
                if wanted is None or digest in wanted:
                    self._pieces.setdefault(digest, []).append((times, values))

    def compare(
        self, blocks: Iterable[SeriesBlock], policy: DuplicatesPolicy, *, other_is_later: bool
    ) -> Repeats:
        """Find the samples at whose times the other part has one, and decide which of two stays.

        Parameters
        ----------
        blocks : iterable of SeriesBlock
            This part.
        policy : str
            As `duplicates` of the reading keywords.
        other_is_later : bool
            Whether the other part comes after this one in the order of the job.
        """
        left_out: dict[int, list[IntArray]] = {}
        n_conflicts, first = 0, None
        for block in blocks:
            for label_set, times, values in block:
                digest = series_digest(label_set)
                for other_times, other_values in self._pieces.get(digest, ()):
                    common, mine, theirs = np.intersect1d(times, other_times, return_indices=True)
                    if not common.size:
                        continue
                    value, other = values[mine], other_values[theirs]
                    gives_way = _gives_way(value, other, policy, other_is_later=other_is_later)
                    left_out.setdefault(digest, []).append(common[gives_way])
                    against = np.flatnonzero(~gives_way)
                    n_conflicts += len(against)
                    if len(against) and first is None:
                        i = int(against[0])
                        found = int(common[i]), float(value[i]), float(other[i])
                        first = Conflict(label_set, *found)
        times_of = {digest: np.concatenate(pieces) for digest, pieces in left_out.items()}
        return Repeats(times_of, n_conflicts, first)


def _gives_way(
    value: FloatArray, other: FloatArray, policy: DuplicatesPolicy, *, other_is_later: bool
) -> BoolArray:
    """Say of which samples the one in the other part stays."""
    if policy == "error":
        return np.zeros(len(value), bool)
    if policy == "max":
        return np.asarray(value <= other)
    stays = other_is_later if policy == "last" else not other_is_later
    return np.asarray(stays | (value == other))


def leave_out(block: SeriesBlock, left_out: Mapping[int, IntArray]) -> SeriesBlock:
    """Return a block without those samples whose times are given, counted as duplicates.

    Examples
    --------
    >>> block = SeriesBlock([b"{}"], np.array([0, 2]), np.array([10, 20]), np.array([[1.0, 2.0]]))
    >>> rest = leave_out(block, {series_digest(b"{}"): np.array([10])})
    >>> rest.timestamps_ms.tolist(), rest.values.tolist(), rest.dropped
    ([20], [[2.0]], {'duplicate': 1})
    """
    n_groups, mask = len(block.offsets) - 1, np.zeros(block.values.shape, np.bool_)
    for s, label_set in enumerate(block.label_sets):
        times = left_out.get(series_digest(label_set))
        if times is not None:
            row, group = divmod(s, n_groups)
            samples = slice(block.offsets[group], block.offsets[group + 1])
            mask[row, samples] = np.isin(block.timestamps_ms[samples], times)
    return block.without(mask, "duplicate")


def leave_out_of_all(
    blocks: Iterable[SeriesBlock], left_out: Mapping[int, IntArray]
) -> Iterator[SeriesBlock]:
    """Yield blocks as `leave_out` returns each of them."""
    return (leave_out(block, left_out) for block in blocks)
