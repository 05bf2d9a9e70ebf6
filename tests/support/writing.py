"""Frames that are written through faults, and what an export finds of them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pandas as pd
import requests

from tests.support.faults import (
    Fault,
    answer,
    close_after_answer,
    close_if_reused,
    delay,
    pass_on,
    reset_after,
    reset_before,
    reset_during,
    swallow,
    throttle,
)
from vm_df_writer import VmWriter, WriteReport
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import FloatArray, IntArray

FIRST = pd.Timestamp("2026-01-01", tz="UTC")


def frame_of(rows: int, columns: int, *, gaps: float = 0.0) -> pd.DataFrame:
    """Return a wide frame whose values come back exactly, a share of them missing."""
    rng = np.random.default_rng(rows)
    values = rng.integers(-9_999, 9_999, (rows, columns)) / 1000
    values[rng.random(values.shape) < gaps] = np.nan
    index = pd.date_range(FIRST, periods=rows, freq="1s")
    return pd.DataFrame(values, index=index, columns=[f"c{i}" for i in range(columns)])


def writer_to(url: str, run: str, **parameters: Any) -> VmWriter:
    """Return a writer that is quick to try again."""
    writer = VmWriter(url, metric_format={"__name__": run, "column": "$VAR"}, **parameters)
    sender = writer._backend.sender
    sender._retry = replace(sender._retry, first_wait_s=0.01, longest_wait_s=0.1)
    return writer


def passing_faults(rng: np.random.Generator, share: float) -> Iterator[Fault]:
    """Yield, for a share of the requests, faults that another attempt gets over."""
    while True:
        if rng.random() > share:
            yield pass_on
            continue
        faults: list[Fault] = [
            delay(rng.uniform(0, 0.05)),
            throttle(rng.uniform(2e6, 2e7)),
            reset_before,
            reset_during,
            reset_after,
            swallow,
            close_after_answer,
            close_if_reused,
            answer(
                int(rng.choice([200, 408, 429, 502, 503, 504])),
                stored=float(rng.choice([0.0, 0.0, 0.5, 1.0])),
            ),
        ]
        yield faults[rng.integers(len(faults))]


class Stored:
    """The samples that a server holds of some series, as an export finds them.

    Attributes
    ----------
    copies : int
        All samples, with those that are there more than once.
    distinct : int
        Distinct timestamps over all series.
    """

    def __init__(self, server: LocalVictoriaMetrics, run: str, **labels: str) -> None:
        named = "".join(f',{name}="{value}"' for name, value in labels.items())
        form = {"match[]": f'{{__name__="{run}"{named}}}', "start": "1700000000"}
        exported = requests.post(f"{server.url}/api/v1/export", form, timeout=60)
        assert exported.status_code == 200
        times: dict[str, list[list[int]]] = defaultdict(list)
        values: dict[str, list[list[float]]] = defaultdict(list)
        for line in exported.content.splitlines():
            series = orjson.loads(line)
            times[series["metric"]["column"]].append(series["timestamps"])
            values[series["metric"]["column"]].append(series["values"])
        self._times: dict[str, IntArray] = {}
        self._values: dict[str, FloatArray] = {}
        self.copies = 0
        for column in times:
            with_copies = np.concatenate(list(map(np.array, times[column])))
            self.copies += len(with_copies)
            self._times[column], firsts = np.unique(with_copies, return_index=True)
            self._values[column] = np.concatenate(list(map(np.array, values[column])))[firsts]
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


def settled(server: LocalVictoriaMetrics) -> None:
    """Wait until what is acknowledged can be read; the flush of 1.79 is no barrier."""
    requests.get(f"{server.url}/internal/force_flush", timeout=60).raise_for_status()
    time.sleep(0.5)


def check_account(report: WriteReport, stored: Stored, hint: object) -> None:
    """Compare a report with what is stored, import line by import line."""
    expected = SampleCounts.concat(report.acknowledged_counts).samples
    assert stored.of_lines(report.acknowledged_counts).tolist() == expected.tolist(), hint
    assert int(expected.sum()) == report.samples, hint
    left = SampleCounts.concat(report.undelivered_counts).samples
    assert int(left.sum()) == report.undelivered, hint
    if not report.in_doubt:
        assert stored.copies == stored.distinct == report.samples, hint
