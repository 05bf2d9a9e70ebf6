"""Wide frames: one column per series."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vm_df_writer.config.read_options import ReadOptions, check_provided
from vm_df_writer.display.text import did_you_mean
from vm_df_writer.errors import ColumnError, FrameError
from vm_df_writer.frames.column_names import labels_of_names, names_of_columns
from vm_df_writer.frames.labels.label_column import (
    LabelColumn,
    constant_label,
    label_from_codes,
)
from vm_df_writer.frames.labels.label_set_renderer import LabelSetRenderer
from vm_df_writer.frames.roles.assign_roles import label_levels
from vm_df_writer.frames.roles.column_ref import ColumnRef, names_of
from vm_df_writer.frames.samples.cleaning import PrecisionCheck, RawBlock, chunk_to_block
from vm_df_writer.frames.samples.time_order import BLOCK_SAMPLES, cut_by_time
from vm_df_writer.frames.samples.timestamps import Timestamps, read_timestamps
from vm_df_writer.frames.samples.values import Rows, ValueColumn, convert_numbers, read_rows
from vm_df_writer.model.kept_attribute import kept_attribute
from vm_df_writer.model.label_sets import LabelSets
from vm_df_writer.model.series import BoolArray, FloatArray, IntArray, SeriesBlock

__all__ = ["WideFrame", "read_wide"]

_PIECES_AT_ONCE = 8

_RowsReader = Callable[[Rows], tuple[FloatArray, dict[str, BoolArray]]]


@dataclass(frozen=True, eq=False)
class WideFrame:
    """A frame whose columns are series, read in blocks.

    Attributes
    ----------
    frame : DataFrame
        The caller's.
    positions : ndarray of int64, shape (n_series,)
        Which of its columns are series; all hold numbers.
    time : ColumnRef
        Where the time is.
    timestamps : Timestamps
        The time of each row.
    label_sets : LabelSets, length n_series
        The label set of each column.
    reading : ReadOptions
        The policies for duplicates, infinities and rounding.
    digit_loss : PrecisionCheck
        Warns once.
    """

    frame: pd.DataFrame
    positions: IntArray
    time: ColumnRef
    timestamps: Timestamps
    label_sets: LabelSets
    reading: ReadOptions
    digit_loss: PrecisionCheck

    @property
    def n_cells(self) -> int:
        """Rows times series."""
        return len(self.frame) * len(self.positions)

    @kept_attribute
    def _columns(self) -> list[ValueColumn] | None:
        """The columns one by one; None if all are of one NumPy type and are read as one array."""
        dtypes = self.frame.dtypes.to_numpy()
        if len(self.positions) < len(dtypes):
            dtypes = dtypes[self.positions]
        if (
            isinstance(dtypes[0], np.dtype)
            and dtypes[0].kind in "fiub"
            # NumPy has one object for each of these types, and columns may be a million.
            and dtypes.tolist().count(dtypes[0]) == len(dtypes)
        ):
            return None
        return [
            ValueColumn(self.frame.columns[position], self.frame.iloc[:, position])
            for position in self.positions.tolist()
        ]

    @property
    def shares_times(self) -> bool:
        """Whether rows share a time."""
        ms = self.timestamps.ms if self._rows is None else self.timestamps.ms[self._rows]
        return bool((ms[1:] == ms[:-1]).any())

    @kept_attribute
    def _rows(self) -> IntArray | None:
        """The rows that have a time, in order of time; None if that is the frame's order."""
        ms, nat = self.timestamps.ms, self.timestamps.nat
        if nat is None and (ms[1:] >= ms[:-1]).all():
            return None
        order = np.argsort(ms, kind="stable")
        return order if nat is None else order[~nat[order]]

    def blocks(self) -> Iterator[SeriesBlock]:
        """Yield the frame's series; those longer than a block come in several blocks."""
        ms = self.timestamps.ms if self._rows is None else self.timestamps.ms[self._rows]
        if self.timestamps.nat is not None:
            n_without_time = int(self.timestamps.nat.sum()) * len(self.positions)
            yield SeriesBlock.of_nothing({"nat": n_without_time})
        if not len(ms):
            return
        for span in cut_by_time(ms):
            # All columns share this array, so that its text need not be made for each.
            times = ms[span]
            rows: Rows = span if self._rows is None else self._rows[span]
            for series, read in self._pieces(max(1, BLOCK_SAMPLES // len(times))):
                values, flags = read(rows)
                chunk = RawBlock(
                    label_sets=self.label_sets[series],
                    offsets=np.array([0, len(times)]),
                    timestamps_ms=times,
                    values=values,
                    flags=flags | self.timestamps.flags(rows),
                )
                yield chunk_to_block(chunk, self.reading, self.digit_loss)

    def _pieces(self, n: int) -> Iterator[tuple[slice, _RowsReader]]:
        """Yield `n` series at a time, and what reads some rows of them."""
        n_series = len(self.positions)
        if self._columns is not None:
            for first in range(0, n_series, n):
                series = slice(first, first + n)
                yield series, partial(read_rows, self._columns[series])
            return
        # pandas takes its time to hand out columns, so those of several blocks are asked for.
        for first in range(0, n_series, n * _PIECES_AT_ONCE):
            numbers = self._numbers(slice(first, first + n * _PIECES_AT_ONCE))
            for start in range(0, numbers.shape[1], n):
                series = slice(first + start, first + start + n)
                yield series, partial(_read_numbers, numbers[:, start : start + n])

    def _numbers(self, series: slice) -> npt.NDArray[Any]:
        positions = self.positions[series]
        if (np.diff(positions) == 1).all():  # neighbours: a view, not a copy
            first, end = int(positions[0]), int(positions[-1]) + 1
            if (first, end) == (0, self.frame.shape[1]):
                return self.frame.to_numpy()  # a slice of a small frame costs more than the rest
            return self.frame.iloc[:, first:end].to_numpy()
        return self.frame.iloc[:, positions].to_numpy()


def _read_numbers(numbers: npt.NDArray[Any], rows: Rows) -> tuple[FloatArray, dict[str, BoolArray]]:
    array = np.ascontiguousarray(numbers[rows].T)
    if array.dtype == np.float64:
        return array, {}
    values, inexact = convert_numbers(array)
    return values, {} if inexact is None else {"inexact": inexact}


def read_wide(
    frame: pd.DataFrame,
    reading: ReadOptions,
    renderer: LabelSetRenderer,
    time: ColumnRef,
    digit_loss: PrecisionCheck,
    left_out: Collection[Hashable] = (),
) -> WideFrame:
    """Read a frame with one column per series.

    The columns are variables, or series of one variable (`var`, `column_label`), or a
    MultiIndex whose named levels are labels. Columns that are `left_out` are none of them.

    Raises
    ------
    FrameError
        If the time, the labels or the values cannot be read.
    """
    if levels := label_levels(frame, time):
        raise ColumnError(
            f"{levels[0]}: a wide frame has the time alone in its index; move the level to the "
            "columns with unstack(), or pass layout='long'"
        )
    timestamps = read_timestamps(
        time.read(frame), time_unit=reading.time_unit, naive_tz=reading.naive_tz, where=str(time)
    )
    others = [*left_out, time.name] if time.kind == "column" else [*left_out]
    positions = _value_positions(frame, reading, others)
    if not positions.size:
        raise ColumnError(
            f"columns: none is left beside the time (there are: {names_of(frame)}); add the values"
        )
    columns = frame.columns
    if reading.value_columns is not None or len(positions) < len(columns):
        columns = columns[positions]
    if isinstance(columns, pd.MultiIndex):
        var, query_key, labels = _from_levels(columns, reading)
    else:
        query_key = None
        var, labels = _from_names(columns, reading)
    if reading.provide_series is not None:
        wanted = set(reading.provide_series)
        chosen = np.array([text in wanted for text in (*var.texts, "")])
        mask = np.full(len(columns), chosen[0]) if var.codes is None else chosen[var.codes]
        kept = np.flatnonzero(mask)
        if not kept.size:
            check_provided(reading.provide_series, var.texts)
        positions, columns, var = positions[kept], columns[kept], var.take(kept)
        query_key = None if query_key is None else query_key.take(kept)
        labels = [label.take(kept) for label in labels]
    label_sets = renderer.render(
        len(columns), var, query_key, labels, lambda i: f"column {columns[i]!r}"
    )
    wide = WideFrame(frame, positions, time, timestamps, label_sets, reading, digit_loss)
    wide._columns  # noqa: B018, SLF001 - a column of text is refused before the first request
    return wide


def _value_positions(
    frame: pd.DataFrame, reading: ReadOptions, others: Collection[Hashable]
) -> IntArray:
    if reading.value_columns is None:
        positions = np.arange(frame.shape[1])
        return positions[~frame.columns.isin(list(others))] if others else positions
    for name in reading.value_columns:
        if name in others:
            raise ColumnError(f"value_columns: {name!r} has another role already; leave it out")
    positions = frame.columns.get_indexer_for(pd.Index(reading.value_columns))
    if (positions < 0).any():
        name = list(reading.value_columns)[int((positions < 0).argmax())]
        raise ColumnError(
            f"value_columns: {name!r} is not a column (there are: {names_of(frame)})"
            + did_you_mean(name, frame.columns)
        )
    return positions


def _from_names(columns: pd.Index, reading: ReadOptions) -> tuple[LabelColumn, list[LabelColumn]]:
    if reading.var is None and reading.column_label is None:
        return labels_of_names(columns)
    if reading.var is None or reading.column_label is None:
        missing, given = ("var", "column_label")[:: 1 if reading.var is None else -1]
        raise FrameError(
            f"{missing}: a frame with one column per series needs it together with {given}=; var= "
            "says what the values are, column_label= which label takes the column name"
        )
    label = replace(names_of_columns(columns), name=reading.column_label)
    return constant_label("var", reading.var, "var"), [label]


def _from_levels(
    columns: pd.MultiIndex, reading: ReadOptions
) -> tuple[LabelColumn, LabelColumn | None, list[LabelColumn]]:
    if reading.column_label is not None:
        raise FrameError(
            f"column_label: {reading.column_label!r} is passed, and the columns are a MultiIndex, "
            "whose levels are the labels; leave it out"
        )
    levels = {
        name: label_from_codes(str(name), np.asarray(codes), level, f"column level {name!r}")
        for name, codes, level in zip(columns.names, columns.codes, columns.levels, strict=True)
    }
    query_key = levels.pop(reading.query_key_level, None)
    if query_key is not None and reading.query_key is not None:
        raise FrameError(
            f"query_key: {reading.query_key!r} is passed, and the columns have a level "
            f"{reading.query_key_level!r} too; leave one of them out"
        )
    var = levels.pop(reading.var_level, None)
    if var is None:
        if reading.var is None:
            raise ColumnError(
                f"columns: no level is named {reading.var_level!r} (levels: {list(columns.names)})"
                "; name the level of the variables with var_level=, or pass var="
            )
        var = constant_label("var", reading.var, "var")
    elif reading.var is not None:
        raise FrameError(
            f"var: {reading.var!r} is passed, and the columns have a level {reading.var_level!r} "
            "too; leave one of them out"
        )
    return var, query_key, list(levels.values())
