"""SeriesSpans: which series a part has samples of, and from when to when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Self

import numpy as np

from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import IntArray, SeriesBlock
from vm_df_writer.wire.export_lines import series_key

__all__ = ["SeriesSpans", "series_digest"]


@lru_cache(maxsize=2**16)
def series_digest(label_set: bytes) -> int:
    """Return 64 bits that stand for a series, whatever the order of its labels.

    Two series may share them: what the digests find is only a candidate, and its samples decide.

    Examples
    --------
    >>> series_digest(b'{"a":"1","b":"2"}') == series_digest(b'{"b":"2","a":"1"}')
    True
    """
    digest = blake2b(series_key(label_set).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@dataclass(frozen=True, eq=False)
class SeriesSpans:
    """The time range of each series of a part.

    Attributes
    ----------
    digests : ndarray of int64
        What stands for each series; ascending, each once.
    first_ms, last_ms : ndarray of int64
        Epoch milliseconds of the first and last sample of each.

    Examples
    --------
    >>> block = SeriesBlock(
    ...     [b'{"__name__":"y"}'], np.array([0, 2]), np.array([10, 20]), np.array([[1.0, 2.0]])
    ... )
    >>> spans = SeriesSpans.of([block, block])
    >>> spans.first_ms.tolist(), spans.last_ms.tolist()
    ([10], [20])
    """

    digests: IntArray
    first_ms: IntArray
    last_ms: IntArray

    @classmethod
    def of(cls, blocks: Iterable[SeriesBlock]) -> Self:
        """Go through the blocks of a part."""
        counts = SampleCounts.concat([SampleCounts.of_block(b) for b in blocks if b.n_series])
        digests = np.array([series_digest(labels) for labels in counts.label_sets], np.int64)
        order = np.argsort(digests, kind="stable")
        distinct, starts = np.unique(digests[order], return_index=True)
        if not distinct.size:
            return cls(distinct, counts.first_ms, counts.last_ms)
        return cls(
            distinct,
            np.minimum.reduceat(counts.first_ms[order], starts),
            np.maximum.reduceat(counts.last_ms[order], starts),
        )

    def overlap(self, other: SeriesSpans) -> bool:
        """Say whether a series has a time range in common with the same series of another part."""
        _, mine, theirs = np.intersect1d(
            self.digests, other.digests, assume_unique=True, return_indices=True
        )
        begins_before_end = self.first_ms[mine] <= other.last_ms[theirs]
        return bool((begins_before_end & (self.last_ms[mine] >= other.first_ms[theirs])).any())
