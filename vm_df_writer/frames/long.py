"""Long and melted frames: one row per time and series."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from vm_df_writer.config.read_options import ReadOptions, check_provided
from vm_df_writer.errors import ColumnError, LabelError
from vm_df_writer.frames.column_names import labels_of_names
from vm_df_writer.frames.grouping import GroupedRows, combine_labels, group_rows
from vm_df_writer.frames.labels.label_column import LabelColumn, labels_from_rows_per_time
from vm_df_writer.frames.labels.label_set_renderer import LabelSetRenderer
from vm_df_writer.frames.roles.assign_roles import Roles, assign_roles
from vm_df_writer.frames.roles.column_ref import ColumnRef
from vm_df_writer.frames.roles.label_need import judge_need
from vm_df_writer.frames.roles.name_words import names_a_thing
from vm_df_writer.frames.roles.number_labels import find_number_labels, proposal_of
from vm_df_writer.frames.roles.proposals import Proposal
from vm_df_writer.frames.roles.text_labels import OpenLabel, check_open_labels
from vm_df_writer.frames.samples.cleaning import (
    PrecisionCheck,
    RawBlock,
    chunk_to_block,
    merge_equal_times,
)
from vm_df_writer.frames.samples.time_order import rows_per_time
from vm_df_writer.frames.samples.timestamps import Timestamps, read_timestamps
from vm_df_writer.frames.samples.values import ValueColumn, read_rows
from vm_df_writer.model.label_sets import LabelSets
from vm_df_writer.model.series import BoolArray, IntArray, SeriesBlock

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
    roles : Roles
        What the columns are, nothing open.
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
    roles: Roles
    digit_loss: PrecisionCheck

    @property
    def time(self) -> ColumnRef:
        """Where the time is."""
        return self.roles.time

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
    frame: pd.DataFrame,
    reading: ReadOptions,
    renderer: LabelSetRenderer,
    time: ColumnRef,
    digit_loss: PrecisionCheck,
    *,
    melted: bool,
) -> LongFrame:
    """Read a frame with one row per time and series.

    Raises
    ------
    FrameError
        If the time, the labels or the values cannot be read, or it is not sure which is which.
    """
    roles = assign_roles(frame, reading, time, melted=melted)
    timestamps = read_timestamps(
        time.read(frame),
        time_unit=reading.time_unit,
        naive_tz=reading.naive_tz,
        where=str(time),
        series=lambda: _series_of_rows(frame, roles),
    )
    n_rows = rows_per_time(timestamps.ms)

    def read_labels(*sources: ColumnRef, name: str | None = None) -> list[OpenLabel]:
        columns = [(name or str(one.name), one.read(frame), str(one)) for one in sources]
        labels = labels_from_rows_per_time(columns, n_rows)
        return list(map(OpenLabel, sources, labels, (column.dtype for _, column, _ in columns)))

    labels = [one.label for one in read_labels(*roles.labels)]
    query_key = variable = None
    if roles.query_key is not None:
        query_key = read_labels(roles.query_key, name="query_key")[0].label
    provided = None
    if roles.variable is not None:
        variable = read_labels(roles.variable, name="variable")[0].label
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
    certain = [column for column in (*labels, query_key, variable) if column is not None]
    may_be = read_labels(*roles.open_labels)
    keys = [*certain, *(one.label for one in may_be)]
    grouped = group_rows(keys, timestamps.ms, kept)
    roles = _close_labels(frame, roles, may_be, certain, grouped, timestamps.ms)
    labels += [one.label for one in may_be]
    if roles.open_numbers:
        roles, more = _close_numbers(frame, roles, keys, grouped, timestamps.ms, kept)
        if more:
            labels += more
            grouped = group_rows([*keys, *more], timestamps.ms, kept)
    _check_no_metric_names(roles, labels, reading)
    names = _chosen_values(roles.values, reading, melted=melted)
    columns = [ValueColumn(name, frame[name]) for name in names]
    n_groups, n_repeats = len(grouped.offsets) - 1, len(columns)
    rows = grouped.first_rows
    if variable is not None:
        var = variable.take(rows)
        in_names: list[LabelColumn] = []
    else:
        by_name, in_names = labels_of_names(names)
        var = by_name.repeat(n_groups)
    label_sets = renderer.render(
        n_groups * n_repeats,
        var,
        None if query_key is None else query_key.take(rows).tile(n_repeats),
        [
            *(label.take(rows).tile(n_repeats) for label in labels),
            *(label.repeat(n_groups) for label in in_names),
        ],
        lambda i: f"column {names[i // n_groups]!r}, row {rows[i % n_groups]}",
    )
    return LongFrame(
        grouped,
        timestamps,
        columns,
        label_sets,
        reading,
        n_rows_read,
        n_rows_without_time,
        roles,
        digit_loss,
    )


def _check_no_metric_names(
    roles: Roles, labels: Sequence[LabelColumn], reading: ReadOptions
) -> None:
    """Refuse names of several metrics as a label, which metric_format would replace."""
    names = list(roles.values)
    if reading.label_columns is not None or len(names) != 1:
        return
    for label in labels:
        if label.name == "__name__" and len(label.texts) > 1:
            raise ColumnError(
                f"column '__name__': holds the names of {len(label.texts)} metrics, and $VAR "
                "stands for the names of columns; pass layout='melted', "
                f"variable_column='__name__', value_column={names[0]!r}"
            )


def _series_of_rows(frame: pd.DataFrame, roles: Roles) -> IntArray:
    """Return a number for each row, equal for rows of one series, as far as roles are known."""
    sources = [roles.query_key, roles.variable, *roles.labels, *roles.open_labels]
    labels = [source.label(frame) for source in sources if source is not None]
    return combine_labels(labels, len(frame))[0].astype(np.int64)


def _known(frame: pd.DataFrame, roles: Roles) -> Proposal:
    """Return what surely is a label or a value, and what is a value if anything."""
    labels = [source.name for source in roles.labels if source.kind == "column"]
    return proposal_of(frame, labels, roles.values, roles.open_numbers)


def _close_labels(
    frame: pd.DataFrame,
    roles: Roles,
    may_be: Sequence[OpenLabel],
    certain: Sequence[LabelColumn],
    grouped: GroupedRows,
    ms: IntArray,
) -> Roles:
    """Make labels of the columns that can be nothing else, or refuse them."""
    if not may_be:
        return roles
    # Of two that would do, the one that is called after a thing is kept, and never numbers as text.
    in_order = sorted(may_be, key=lambda one: names_a_thing(one.label.name) and not one.is_doubtful)
    need = judge_need(certain, [one.label for one in in_order], grouped, ms)
    check_open_labels(in_order, need, ms, roles.time, _known(frame, roles))
    return replace(roles, labels=[*roles.labels, *roles.open_labels], open_labels=())


def _close_numbers(
    frame: pd.DataFrame,
    roles: Roles,
    keys: Sequence[LabelColumn],
    grouped: GroupedRows,
    ms: IntArray,
    kept: BoolArray | None,
) -> tuple[Roles, list[LabelColumn]]:
    """Make labels of those whole numbers that surely are, and values of the others."""
    known = _known(frame, roles)
    names = find_number_labels(
        frame, roles.open_numbers, grouped, keys, ms, kept, known, roles.values
    )
    sources = [ColumnRef("column", name) for name in names]
    values = [*roles.values]  # noqa: PD011 - no frame's
    closed = replace(
        roles,
        labels=[*roles.labels, *sources],
        values=[name for name in values if name not in names],
        open_numbers=(),
    )
    return closed, [source.label(frame) for source in sources]


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
