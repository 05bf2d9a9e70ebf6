"""Surveying partitions: all are read alike, and share no sample, before any of them is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np
import pandas as pd

from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.display.text import format_utc, shown_line
from vm_df_writer.errors import ColumnError, FrameError
from vm_df_writer.files.locations import FileStamp
from vm_df_writer.files.part import Schema
from vm_df_writer.files.schema_check import odd_columns
from vm_df_writer.files.source_file import SourceFile, frame_schema
from vm_df_writer.frames.given_frame import as_frame
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.jobs.errors import RepeatedSamplesError
from vm_df_writer.jobs.look_ahead import roles_as_keywords
from vm_df_writer.jobs.overlap.part_survey import evenly_spread
from vm_df_writer.jobs.overlap.sample_keys import (
    KeyArray,
    find_overlaps,
    key_of,
    repeated_keys,
    sample_keys,
)
from vm_df_writer.jobs.overlap.series_spans import SeriesSpans, series_digest
from vm_df_writer.model.series import IntArray, SeriesBlock
from vm_df_writer.wire.export_lines import series_key

__all__ = ["PartitionReader", "RunOnPartitions", "naming_partition", "survey_partitions"]

_Task = Callable[[int, Iterable[Any]], Any]
RunOnPartitions = Callable[[_Task, Sequence[int] | None], Sequence[Any]]
"""Calls a function with the number and the frames of each partition, or of some, on the workers.

It returns the results in the order of the partitions.
"""

# The rows that show how all are read.
_MOST_ROWS = 200_000
# Keys that are in memory at a time, 8 bytes each; of more the partitions are read more than once.
_MOST_KEYS = 50_000_000
_MOST_EXAMINED = 1000


@dataclass(frozen=True)
class _Sample:
    label_set: bytes
    time_ms: int
    value: float
    number: int
    """Of its partition."""


@dataclass(frozen=True)
class PartitionReader:
    """How every partition is read.

    Attributes
    ----------
    metric_format : mapping of str to str, or None
        As in the config, if it is given there.
    reading : ReadingKeywords
        With the role of each column, if a partition shows it.
    columns : Schema or None
        The columns of the first partition, which all must have.
    """

    metric_format: Mapping[str, str] | None
    reading: ReadingKeywords
    columns: Schema | None = None

    def check(self, number: int, frame: pd.DataFrame) -> None:
        """Refuse a partition with other columns.

        Raises
        ------
        ColumnError
            Names them.
        """
        if self.columns is None or frame.empty:
            return
        first = SourceFile("the first partition", FileStamp(0, 0), schema=self.columns)
        other = SourceFile("this one", FileStamp(0, 0), schema=frame_schema(frame))
        if reason := odd_columns([first, other], ReadOptions.of(**self.reading)).get(other.path):
            raise ColumnError(f"partition {number}: {reason}")

    def blocks(self, number: int, given: Any) -> Iterator[SeriesBlock]:
        """Yield what a frame of a partition holds.

        Raises
        ------
        FrameError
            If it does not fit.
        """
        frame = as_frame(given)
        self.check(number, frame)
        reading = ReadOptions.of(**self.reading)
        with naming_partition(number):
            parsed = parse_frame(frame, metric_format=self.metric_format, reading=reading)
        return parsed.blocks()


@contextmanager
def naming_partition(number: int) -> Iterator[None]:
    """Say in the errors of a frame of which partition it is."""
    try:
        yield
    except FrameError as error:
        error.message = f"partition {number}: {error.message}"
        raise


def survey_partitions(
    run: RunOnPartitions,
    reader: PartitionReader,
    *,
    n_partitions: int | None,
    run_on_first: RunOnPartitions | None = None,
) -> PartitionReader:
    """Fix one reading for all partitions, and refuse those that have samples in common.

    The first rows of some partitions show the roles of the columns. Each partition then reports
    the time range of each of its series. Where these overlap, the keys of the samples are compared,
    8 bytes each, as many at a time as fit into some 400 MB.

    Parameters
    ----------
    run : callable
        Runs a task on partitions.
    reader : PartitionReader
        What the caller says of the reading.
    n_partitions : int, optional
        How many there are, if that is known.
    run_on_first : callable, optional
        Runs the task that looks at the first rows, where that goes by other partitions.

    Returns
    -------
    PartitionReader
        To read all of them with.

    Raises
    ------
    FrameError
        If the partitions together cannot be read, or one does not fit.
    RepeatedSamplesError
        Names a series and a time of which two partitions have a sample.
    """
    chosen = None if n_partitions is None else evenly_spread(range(n_partitions), 64)
    n_rows = 1000 if chosen is None else max(100, _MOST_ROWS // max(1, len(chosen)))
    heads = (run_on_first or run)(partial(_head, n_rows=n_rows), chosen)
    reader = _fix_reading(reader, [head for head in heads if head is not None])
    if ReadOptions.of(**reader.reading).duplicates != "keep":
        _require_no_repeats(run, reader)
    return reader


def _head(number: int, frames: Iterable[Any], *, n_rows: int) -> tuple[int, pd.DataFrame] | None:
    frame = next((frame for frame in map(as_frame, frames) if not frame.empty), None)
    return None if frame is None else (number, frame.iloc[:n_rows])


def _fix_reading(
    reader: PartitionReader, heads: Sequence[tuple[int, pd.DataFrame]]
) -> PartitionReader:
    if not heads:
        return reader
    _, first = heads[0]
    reader = replace(reader, columns=frame_schema(first))
    for number, head in heads:
        reader.check(number, head)
    given = ReadOptions.of(**reader.reading)
    if given.duplicates == "error":  # what two partitions have in common is told of later
        given = replace(given, duplicates="last")
    # Row numbers begin anew in each partition.
    is_numbered = first.index.name is None and pd.api.types.is_integer_dtype(first.index.dtype)
    whole = pd.concat(
        [head for _, head in heads], ignore_index=is_numbered and given.time_unit is None
    )
    parsed = parse_frame(whole, metric_format=reader.metric_format, reading=given)
    fixed = {**reader.reading, **roles_as_keywords(parsed, given)}
    return replace(reader, reading=cast("ReadingKeywords", fixed))


def _spans(
    number: int, frames: Iterable[Any], *, reader: PartitionReader
) -> list[tuple[int, SeriesSpans, int]]:
    found = []
    for frame in map(as_frame, frames):
        spans = SeriesSpans.of(reader.blocks(number, frame))
        found.append((number, spans, sum(b.n_samples for b in reader.blocks(number, frame))))
    return found


def _keys(
    number: int, frames: Iterable[Any], *, reader: PartitionReader, only: IntArray, n: int, i: int
) -> list[KeyArray]:
    return [sample_keys(reader.blocks(number, frame), only, n, i) for frame in frames]


def _samples(
    number: int, frames: Iterable[Any], *, reader: PartitionReader, only: IntArray, keys: KeyArray
) -> list[_Sample]:
    """Return the samples that some keys stand for; of those of one time in a piece the first."""
    found: list[_Sample] = []
    wanted = set(only.tolist())
    for frame in frames:
        of_piece: dict[tuple[str, int], _Sample] = {}
        for block in reader.blocks(number, frame):
            for label_set, times, values in block:
                if series_digest(label_set) not in wanted:
                    continue
                series = series_key(label_set)
                for at in np.flatnonzero(np.isin(key_of(label_set, times), keys)).tolist():
                    time_ms = int(times[at])
                    sample = _Sample(label_set, time_ms, float(values[at]), number)
                    of_piece.setdefault((series, time_ms), sample)
        found += of_piece.values()
    return found


def _require_no_repeats(run: RunOnPartitions, reader: PartitionReader) -> None:
    pieces = [piece for of_one in run(partial(_spans, reader=reader), None) for piece in of_one]
    if not pieces:
        return
    overlapping, only = find_overlaps([spans for _, spans, _ in pieces])
    if not overlapping:
        return
    numbers = sorted({pieces[place][0] for place in overlapping})
    n_samples = sum(pieces[place][2] for place in overlapping)
    n = -(-n_samples // _MOST_KEYS)
    for i in range(n):
        task = partial(_keys, reader=reader, only=only, n=n, i=i)
        repeated = repeated_keys([keys for of_one in run(task, numbers) for keys in of_one])
        for start in range(0, len(repeated), _MOST_EXAMINED):
            keys = repeated[start : start + _MOST_EXAMINED]
            find = partial(_samples, reader=reader, only=only, keys=keys)
            found = [sample for of_one in run(find, numbers) for sample in of_one]
            _refuse(found, len(repeated))


def _refuse(samples: Sequence[_Sample], n_repeated: int) -> None:
    """Refuse if two of the samples are of one series and time, and not of one key by chance."""
    seen: dict[tuple[str, int], _Sample] = {}
    for sample in samples:
        other = seen.setdefault((series_key(sample.label_set), sample.time_ms), sample)
        if other is sample:
            continue
        who = "it" if other.number == sample.number else f"partition {other.number}"
        raise RepeatedSamplesError(
            f"partition {sample.number}: has samples at {n_repeated:,} times at which "
            f"{who} has samples of the same series in other rows (first: "
            f"{shown_line(sample.label_set.decode(errors='replace'))} at "
            f"{format_utc(sample.time_ms)} is {sample.value:g} here, and {other.value:g} there); "
            "name the column that tells them apart with label_columns=, leave out rows that are "
            "there twice before they are written, or pass duplicates='keep' to store all of them "
            "(nothing was sent)"
        )
