"""SampleCounts: what import lines carry, and what that makes for each series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import orjson
import pandas as pd

from vm_df_writer.model.label_sets import LabelSets
from vm_df_writer.model.series import IntArray, SeriesBlock

__all__ = ["SampleCounts", "count_series", "series_frame"]


@dataclass(frozen=True, slots=True, eq=False)
class SampleCounts:
    """One row per import line: whose samples it carries, how many, and from when to when."""

    label_sets: Sequence[bytes]
    samples: IntArray
    first_ms: IntArray
    last_ms: IntArray

    @classmethod
    def of_block(cls, block: SeriesBlock) -> SampleCounts:
        """Return one row per series of a block."""
        n_rows, starts, stops = len(block.values), block.offsets[:-1], block.offsets[1:]
        return cls(
            LabelSets.of(block.label_sets).json,
            np.tile(stops - starts, n_rows),
            np.tile(block.timestamps_ms[starts], n_rows),
            np.tile(block.timestamps_ms[stops - 1], n_rows),
        )

    @classmethod
    def concat(cls, tables: Sequence[SampleCounts]) -> SampleCounts:
        """Put several tables below each other."""
        empty = np.empty(0, np.int64)
        return cls(
            list(chain.from_iterable(table.label_sets for table in tables)),
            np.concatenate([empty, *(table.samples for table in tables)]),
            np.concatenate([empty, *(table.first_ms for table in tables)]),
            np.concatenate([empty, *(table.last_ms for table in tables)]),
        )

    def take(self, lines: slice) -> SampleCounts:
        """Return some of the rows."""
        return SampleCounts(
            self.label_sets[lines],
            self.samples[lines],
            self.first_ms[lines],
            self.last_ms[lines],
        )

    def merged(self) -> SampleCounts:
        """Return one row per label set.

        Examples
        --------
        >>> merged = SampleCounts([b"{}", b"{}"], *np.array([[1, 2], [60, 70], [60, 80]])).merged()
        >>> merged.label_sets, merged.samples.tolist(), merged.last_ms.tolist()
        ([b'{}'], [3], [80])
        """
        series = self.per_series()
        columns = (series[name].to_numpy(np.int64) for name in ("samples", "first_ms", "last_ms"))
        return SampleCounts(series.index.tolist(), *columns)

    def per_series(self) -> pd.DataFrame:
        """Return one row per label set: `samples`, `first_ms`, `last_ms`."""
        lines = pd.DataFrame(
            {
                "label_set": pd.Series(list(self.label_sets), dtype=object),
                "samples": self.samples,
                "first_ms": self.first_ms,
                "last_ms": self.last_ms,
            }
        )
        return lines.groupby("label_set", sort=False).agg(
            samples=("samples", "sum"), first_ms=("first_ms", "min"), last_ms=("last_ms", "max")
        )


def count_series(tables: Sequence[SampleCounts], distinct: Sequence[bytes] = ()) -> int:
    """Return how many label sets tables have.

    Tables that have all of the first `distinct` label sets, once and in their order, as those of
    a frame mostly do, are counted in a fraction of the time that a set takes.

    Examples
    --------
    >>> tables = [SampleCounts(sets, *np.ones((3, len(sets)), int)) for sets in ([b"a"], [b"a"])]
    >>> count_series(tables), count_series(tables[:1], [b"a", b"b"])
    (1, 1)
    """
    lists = [table.label_sets for table in tables if len(table.label_sets)]
    by_first, n = {one[0]: one for one in lists}, 0
    while by_first and n < len(distinct):
        one = by_first.pop(distinct[n], ())
        if not one or one != distinct[n : n + len(one)]:
            break
        n += len(one)
    if sum(map(len, lists)) == n:
        return n
    return len(set[bytes]().union(*lists))


def series_frame(per_series: pd.DataFrame) -> pd.DataFrame:
    """Turn the label sets of an index into columns, and `first_ms`, `last_ms` into UTC times.

    A label that has the name of one of the other columns becomes ``label_`` and its name.
    """
    counts = per_series.drop(columns=["first_ms", "last_ms"]).reset_index(drop=True)
    times = {
        name: pd.to_datetime(per_series[f"{name}_ms"].to_numpy(np.int64), unit="ms", utc=True)
        for name in ("first", "last")
    }
    taken = {*counts.columns, *times}
    labels = pd.DataFrame([orjson.loads(labels) for labels in per_series.index], dtype=object)
    labels.columns = [f"label_{name}" if name in taken else name for name in labels.columns]
    return pd.concat([labels, counts, pd.DataFrame(times)], axis=1)
