"""Long and melted frames: one row per time and series."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from vm_df_writer.config.read_options import ReadOptions, check_provided
from vm_df_writer.errors import LabelError
from vm_df_writer.frames.ambiguous_columns import check_no_label_is_lost, find_ambiguous_labels
from vm_df_writer.frames.column_roles import ColumnRef, Roles, assign_roles
from vm_df_writer.frames.grouping import GroupedRows, group_rows
from vm_df_writer.frames.labels.label_column import (
    LabelColumn,
    check_no_damaged_values,
    label_from_column,
    label_from_rows_per_time,
)
from vm_df_writer.frames.labels.label_sets import LabelSetRenderer
from vm_df_writer.frames.samples.cleaning import (
    PrecisionCheck,
    RawBlock,
    chunk_to_block,
    merge_equal_times,
)
from vm_df_writer.frames.samples.time_order import repeated_times, rows_per_time
from vm_df_writer.frames.samples.timestamps import Timestamps, read_timestamps
from vm_df_writer.frames.samples.values import ValueColumn, read_rows
from vm_df_writer.model.labels import LabelSets
from vm_df_writer.model.series import SeriesBlock

__all__ = ["LongFrame", "read_long"]


@dataclass(frozen=True, eq=False)
class LongFrame:
    """A frame whose rows are grouped into series, read in blocks.

    Attributes
    ----------
    grouped : GroupedRows
        Which rows make one group.
    timestamps : Timestamps
        The time of each row.
    values : sequence of ValueColumn
        The value columns: each gives every group one series.
    label_sets : LabelSets, length n_values * n_groups
        The label sets of the first value column's groups, then of the second's, and so on.
    reading : ReadOptions
        The policies for duplicates, infinities and rounding.
    n_rows_read, n_rows_without_time : int
        Rows that hold a sample to be written, and those among them that have no time.
    digit_loss : PrecisionCheck
        Warns once.
    """

    grouped: GroupedRows
    timestamps: Timestamps
    values: Sequence[ValueColumn]
    label_sets: LabelSets
    reading: ReadOptions
    n_rows_read: int
    n_rows_without_time: int
    digit_loss: PrecisionCheck = field(default_factory=PrecisionCheck)

    @property
    def n_cells(self) -> int:
        """Rows times value columns."""
        return self.n_rows_read * len(self.values)

    def blocks(self) -> Iterator[SeriesBlock]:
        """Yield the frame's series; those longer than a block come in several blocks."""
        ms = self.timestamps.ms
        if self.n_rows_without_time:
            yield SeriesBlock.of_nothing({"nat": self.n_rows_without_time * len(self.values)})
        n_groups = len(self.grouped.offsets) - 1
        for groups, span in self.grouped.spans(ms, len(self.values)):
            rows = self.grouped.rows(span)
            values, flags = read_rows(self.values, rows)
            offsets = self.grouped.offsets[groups.start : groups.stop + 1]
            chunk = RawBlock(
                label_sets=LabelSets.concat(
                    [
                        self.label_sets[first + groups.start : first + groups.stop]
                        for first in range(0, len(self.label_sets), n_groups)
                    ]
                ),
                offsets=np.clip(offsets, span.start, span.stop) - span.start,
                timestamps_ms=ms[rows],
                values=values,
                flags=flags | self.timestamps.flags(rows),
            )
            yield chunk_to_block(merge_equal_times(chunk), self.reading, self.digit_loss)


def read_long(
    frame: pd.DataFrame, reading: ReadOptions, renderer: LabelSetRenderer, *, melted: bool
) -> LongFrame:
    """Read a frame with one row per time and series.

    Raises
    ------
    FrameError
        If the time, the labels or the values cannot be read.
    """
    roles = assign_roles(frame, reading, melted=melted)
    timestamps = read_timestamps(
        roles.time.read(frame),
        time_unit=reading.time_unit,
        naive_tz=reading.naive_tz,
        where=str(roles.time),
    )
    n_rows = rows_per_time(timestamps.ms)

    def read_label(name: str, source: ColumnRef) -> LabelColumn:
        return label_from_rows_per_time(name, source.read(frame), n_rows, str(source))

    labels = [read_label(str(source.name), source) for source in roles.labels]
    for source, label in zip(roles.labels, labels, strict=True):
        if source in roles.guessed:
            check_no_damaged_values(label, str(source))
    query_key = variable = None
    if roles.query_key is not None:
        query_key = read_label("query_key", roles.query_key)
    provided = None
    if roles.variable is not None:
        variable = read_label("variable", roles.variable)
        _check_named(variable, roles.variable)
        if reading.provide_series is not None:
            wanted = [text in set(reading.provide_series) for text in variable.texts]
            provided = np.array(wanted)[variable.codes]
            if not any(wanted):
                check_provided(reading.provide_series, variable.texts)
    n_rows_read = len(frame) if provided is None else int(provided.sum())
    kept, n_rows_without_time = provided, 0
    if timestamps.nat is not None:
        kept = ~timestamps.nat if provided is None else provided & ~timestamps.nat
        n_rows_without_time = n_rows_read - int(kept.sum())
    names = _chosen_values(roles.values, reading, melted=melted)
    columns = [ValueColumn(name, frame[name]) for name in names]
    keys = [column for column in (*labels, query_key, variable) if column is not None]
    grouped = group_rows(keys, timestamps.ms, kept)
    if not melted:
        _check_no_label_is_lost(frame, roles, reading, grouped, timestamps)
    n_groups = len(grouped.offsets) - 1
    rows = grouped.first_rows
    var = (
        variable.take(rows)
        if variable is not None
        else label_from_column("var", pd.Index(names, dtype=object), "columns").repeat(n_groups)
    )
    n_repeats = len(columns)
    label_sets = renderer.render(
        n_groups * n_repeats,
        var,
        None if query_key is None else query_key.take(rows).tile(n_repeats),
        [label.take(rows).tile(n_repeats) for label in labels],
        lambda i: f"column {names[i // n_groups]!r}, row {rows[i % n_groups]}",
    )
    return LongFrame(
        grouped, timestamps, columns, label_sets, reading, n_rows_read, n_rows_without_time
    )


def _check_no_label_is_lost(
    frame: pd.DataFrame,
    roles: Roles,
    reading: ReadOptions,
    grouped: GroupedRows,
    timestamps: Timestamps,
) -> None:
    used = [s.name for s in (roles.time, roles.query_key, *roles.labels) if s is not None]
    doubtful = find_ambiguous_labels(frame, used, reading)
    if doubtful and not grouped.order_of_times(timestamps.ms)[1]:
        ms = timestamps.ms if grouped.order is None else timestamps.ms[grouped.order]
        repeated = repeated_times(ms, grouped.offsets)
        check_no_label_is_lost(frame, doubtful, grouped.order, repeated, "long")


def _check_named(variable: LabelColumn, source: ColumnRef) -> None:
    missing = np.asarray(variable.codes) < 0
    if missing.any():
        raise LabelError(
            f"{source}, row {int(missing.argmax())}: the variable is missing "
            f"({int(missing.sum())} rows); fill it or drop these rows"
        )


def _chosen_values(
    names: Sequence[Hashable], reading: ReadOptions, *, melted: bool
) -> Sequence[Hashable]:
    if melted or reading.provide_series is None:
        return names
    chosen = [name for name in names if str(name) in set(reading.provide_series)]
    if not chosen:
        check_provided(reading.provide_series, list(map(str, names)))
    return chosen
