"""What a server holds of a written frame, compared with the frame and with its report."""

from __future__ import annotations

import numpy as np
import orjson
import pandas as pd

from tests.support.stored_samples import read_stored
from vm_df_writer import WriteReport
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import FloatArray, IntArray


class StoredFrame:
    """The samples that a server holds of one written frame, by its columns.

    Attributes
    ----------
    copies : int
        All samples, with those that are there more than once.
    distinct : int
        Distinct timestamps over all series.
    """

    def __init__(self, server: LocalVictoriaMetrics, run: str, **labels: str) -> None:
        named = "".join(f',{name}="{value}"' for name, value in labels.items())
        self._times: dict[str, IntArray] = {}
        self._values: dict[str, FloatArray] = {}
        self.copies = 0
        for label_set, series in read_stored(server.url, f'{{__name__="{run}"{named}}}').items():
            column = dict(label_set)["column"]
            self.copies += len(series.times_ms)
            self._times[column], firsts = np.unique(series.times_ms, return_index=True)
            self._values[column] = series.numbers[firsts]
        self.distinct = sum(map(len, self._times.values()))

    def is_all_of(self, frame: pd.DataFrame) -> bool:
        """Tell if every sample of a frame is there, and no other one."""
        epochs_ms = frame.index.as_unit("ms").asi8  # type: ignore[attr-defined]
        wanted = {str(name): ~np.isnan(column.to_numpy()) for name, column in frame.items()}
        return self._times.keys() == wanted.keys() and all(
            np.array_equal(self._times[name], epochs_ms[there])
            and np.array_equal(self._values[name], frame[name].to_numpy()[there])
            for name, there in wanted.items()
        )

    def of_lines(self, tables: tuple[SampleCounts, ...]) -> IntArray:
        """Return how many of the samples of each import line are there."""
        lines = SampleCounts.concat(tables)
        none = np.empty(0, np.int64)
        counts = []
        for label_set, first, last in zip(
            lines.label_sets, lines.first_ms.tolist(), lines.last_ms.tolist(), strict=True
        ):
            times = self._times.get(orjson.loads(label_set)["column"], none)
            start, stop = np.searchsorted(times, [first, last + 1])
            counts.append(stop - start)
        return np.array(counts, np.int64)


def check_account(report: WriteReport, stored: StoredFrame, hint: object) -> None:
    """Compare a report with what is stored, import line by import line."""
    expected = SampleCounts.concat(report.acknowledged_counts).samples
    assert stored.of_lines(report.acknowledged_counts).tolist() == expected.tolist(), hint
    assert int(expected.sum()) == report.samples, hint
    left = SampleCounts.concat(report.undelivered_counts).samples
    assert int(left.sum()) == report.undelivered, hint
    if not report.in_doubt:
        assert stored.copies == stored.distinct == report.samples, hint
