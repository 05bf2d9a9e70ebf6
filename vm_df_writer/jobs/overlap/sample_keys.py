"""Sample keys: 64 bits for each sample, by which pieces of a whole are searched for repeats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from vm_df_writer.jobs.overlap.series_spans import SeriesSpans, series_digest
from vm_df_writer.model.series import IntArray, SeriesBlock

__all__ = ["find_overlaps", "key_of", "repeated_keys", "sample_keys"]

KeyArray = npt.NDArray[np.uint64]

_MULTIPLIERS = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)  # of SplitMix64


def key_of(label_set: bytes, times_ms: IntArray) -> KeyArray:
    """Return what stands for the samples of a series; within a series no two are equal."""
    odd, first, second = map(np.uint64, _MULTIPLIERS)
    digest = np.uint64(series_digest(label_set) & (2**64 - 1))
    mixed = (times_ms.astype(np.uint64) * odd) ^ digest
    mixed = (mixed ^ (mixed >> np.uint64(30))) * first
    mixed = (mixed ^ (mixed >> np.uint64(27))) * second
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def sample_keys(
    blocks: Iterable[SeriesBlock], only: IntArray, n_shares: int = 1, share: int = 0
) -> KeyArray:
    """Return the keys of the samples of some series, or a share of them.

    Parameters
    ----------
    blocks : iterable of SeriesBlock
        The piece.
    only : ndarray of int64
        The digests of the series.
    n_shares, share : int
        Into how many shares all keys fall, and which of them is wanted.

    Examples
    --------
    >>> labels, offsets = [b'{"__name__":"y"}'], np.array([0, 2])
    >>> block = SeriesBlock(labels, offsets, np.array([10, 20]), np.array([[1.0, 2.0]]))
    >>> only = np.array([series_digest(labels[0])])
    >>> len(sample_keys([block], only)), len(sample_keys([block], only[:0]))
    (2, 0)
    """
    wanted = set(only.tolist())
    pieces: list[KeyArray] = []
    for block in blocks:
        for label_set, times, _ in block:
            if series_digest(label_set) in wanted:
                keys = key_of(label_set, times)
                pieces.append(keys[keys % np.uint64(n_shares) == share] if n_shares > 1 else keys)
    return np.concatenate(pieces) if pieces else np.empty(0, np.uint64)


def repeated_keys(pieces: Sequence[KeyArray]) -> KeyArray:
    """Return the keys that more than one piece has, each once.

    Examples
    --------
    >>> repeated_keys([np.array([3, 1], np.uint64), np.array([2, 3], np.uint64)]).tolist()
    [3]
    """
    # What a piece has twice, such as two values that are both to be kept, is its own affair.
    keys = np.sort(np.concatenate([np.unique(piece) for piece in pieces]))
    return np.unique(keys[1:][keys[1:] == keys[:-1]])


def find_overlaps(pieces: Sequence[SeriesSpans]) -> tuple[list[int], IntArray]:
    """Find the series of which two pieces have a time range in common.

    Returns
    -------
    numbers : list of int
        The pieces that have such series.
    digests : ndarray of int64
        What stands for these series.

    Examples
    --------
    >>> def span(first, last):
    ...     return SeriesSpans(np.array([7]), np.array([first]), np.array([last]))
    >>> find_overlaps([span(0, 9), span(10, 19)])[0], find_overlaps([span(0, 9), span(9, 19)])[0]
    ([], [0, 1])
    """
    spans = pd.DataFrame(
        {
            "digest": np.concatenate([piece.digests for piece in pieces]),
            "first_ms": np.concatenate([piece.first_ms for piece in pieces]),
            "last_ms": np.concatenate([piece.last_ms for piece in pieces]),
            "number": np.repeat(np.arange(len(pieces)), [len(each.digests) for each in pieces]),
        }
    ).sort_values(["digest", "first_ms"])
    reached_ms = spans.groupby("digest")["last_ms"].cummax().groupby(spans["digest"]).shift()
    found = spans.loc[spans["first_ms"] <= reached_ms, "digest"].unique()
    numbers = spans.loc[spans["digest"].isin(found), "number"].unique()
    return sorted(numbers.tolist()), np.asarray(found, np.int64)
