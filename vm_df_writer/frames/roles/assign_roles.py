"""What keywords and dtypes say of the columns of a long or melted frame; the rest stays open."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import ColumnError, FrameError
from vm_df_writer.frames.roles.column_ref import ColumnRef, find_named, names_of
from vm_df_writer.frames.roles.row_numbers import numbers_rows
from vm_df_writer.frames.roles.text_labels import check_no_numbers_as_text
from vm_df_writer.frames.samples.contents import (
    holds_nothing,
    holds_numbers,
    holds_strings,
    kind_of_dtype,
)

__all__ = ["Roles", "assign_roles", "label_levels", "refuse_odd_columns"]


_EXAMINED_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Roles:
    """What the columns and index levels of a long or melted frame are.

    Attributes
    ----------
    time : ColumnRef
        The time.
    labels : sequence of ColumnRef
        What surely is a label: it was named, or is an index level.
    open_labels : sequence of ColumnRef
        Columns that only labels can be, if anything; whether they are, the rows have to say.
    values : sequence of hashable
        The value columns. If `open_numbers` is not empty, some of these may be labels.
    open_numbers : sequence of hashable
        Columns of whole numbers that may be labels: they are among `values`, or unused.
    variable, query_key : ColumnRef or None
        What `$VAR` and `$QUERY_KEY` stand for, row by row.
    """

    time: ColumnRef
    labels: Sequence[ColumnRef]
    open_labels: Sequence[ColumnRef]
    values: Sequence[Hashable]
    open_numbers: Sequence[Hashable]
    variable: ColumnRef | None
    query_key: ColumnRef | None


def assign_roles(
    frame: pd.DataFrame, reading: ReadOptions, time: ColumnRef, *, melted: bool
) -> Roles:
    """Say what each column and index level of a long or melted frame is, as far as that is sure.

    Without `label_columns` and `value_columns`, text and categories are labels if anything,
    numbers and booleans are values, but for whole numbers that may be labels; index levels are
    always labels.

    Raises
    ------
    ColumnError
        If a named column does not exist, or one is neither label nor number.
    """
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ColumnError(f"column {twice!r}: occurs more than once; rename one of them")
    query_key = _find_query_key(frame, reading)
    variable = find_named(frame, reading.variable_column, "variable_column") if melted else None
    values = [reading.value_column] if melted else list(reading.value_columns or ())
    for name in values:
        find_named(frame, name, "value_column" if melted else "value_columns")
    taken = {source.name for source in (time, variable, query_key) if source is not None}
    for keyword, others in (("label_columns", taken | set(values)), ("value_columns", taken)):
        for name in getattr(reading, keyword) or ():
            find_named(frame, name, keyword)
            if name in others:
                raise ColumnError(f"{keyword}: {name!r} has another role already; leave it out")
    named = dict.fromkeys(reading.label_columns or ())
    labels = label_levels(frame, time, named)
    levels = {source.name for source in labels}
    labels += [find_named(frame, name, "label_columns") for name in named if name not in levels]
    labels = [source for source in labels if source.name not in taken]
    taken |= {source.name for source in labels} | set(values)
    rest: list[Hashable] = [name for name in frame.columns if name not in taken]
    text: list[Hashable] = []
    open_numbers: list[Hashable] = []
    if reading.label_columns is None:
        text, rest = _sort_out(frame, rest, melted=melted)
        open_numbers = [name for name in rest if may_be_a_label(frame[name])]
        if melted:
            text += [name for name in rest if name in open_numbers]
            _refuse_more_numbers(reading, [name for name in rest if name not in open_numbers])
            open_numbers = []
        elif not values and len(rest) == 1:
            open_numbers = []  # the values must be somewhere
    open_labels = [ColumnRef("column", name) for name in text]
    _check_labels_have_names([*labels, *open_labels])
    values = values or rest
    if not values:
        check_no_numbers_as_text(frame, open_labels)
        raise ColumnError(
            f"columns: none holds numbers (there are: {names_of(frame)}); name the value columns "
            "with value_columns="
        )
    return Roles(time, labels, open_labels, values, open_numbers, variable, query_key)


def may_be_a_label(column: pd.Series) -> bool:
    """Say whether numbers may stand for things: whole ones, as floats too if one is missing."""
    kind = kind_of_dtype(column.dtype)
    if kind != "number":
        return kind == "integer"
    if pd.api.types.is_bool_dtype(column.dtype) or not pd.api.types.is_float_dtype(column.dtype):
        return False
    # Most floats have a fraction, and the first rows show it.
    for rows in (column.iloc[:_EXAMINED_ROWS], column):
        numbers = rows.to_numpy(dtype=np.float64, na_value=np.nan)
        known = numbers[~np.isnan(numbers)]
        if not np.isfinite(known).all() or (np.floor(known) != known).any():
            return False
    return 0 < len(known) < len(column)


def _check_labels_have_names(labels: Sequence[ColumnRef]) -> None:
    """Refuse a label that has no name."""
    names: list[Any] = [source.name for source in labels]
    if any(pd.isna(name) is True for name in names):
        raise ColumnError("columns: a label column has no name; name it, so that the label has one")


def _sort_out(
    frame: pd.DataFrame, names: Sequence[Hashable], *, melted: bool
) -> tuple[list[Hashable], list[Hashable]]:
    """Tell columns of text from columns of numbers, without those that number the rows."""
    text: list[Hashable] = []
    numbers: list[Hashable] = []
    neither: list[Hashable] = []
    for name in names:
        column = frame[name]
        if numbers_rows(column):
            continue
        if melted and holds_nothing(column):
            text.append(name)  # says nothing of its kind, and a melted frame has its values
        elif holds_numbers(column):
            numbers.append(name)
        elif holds_strings(column):
            text.append(name)
        else:
            neither.append(name)
    if neither:
        refuse_odd_columns(frame, neither)
    return text, numbers


def refuse_odd_columns(frame: pd.DataFrame, names: Sequence[Hashable]) -> NoReturn:
    """Refuse columns that are neither labels nor numbers, nor the time.

    Raises
    ------
    ColumnError
        Names the first one, and how to leave them all out.
    """
    dtype = ColumnRef("column", names[0]).read(frame).dtype
    raise ColumnError(
        f"column {names[0]!r}: {dtype} is neither a label nor a number",
        hint="name the columns to use with label_columns= and value_columns=, or leave it out "
        f"with frame = frame.drop(columns={list(names)!r})",
        file_hint="name the columns to use with label_columns= and value_columns=",
    )


def _refuse_more_numbers(reading: ReadOptions, names: Sequence[Hashable]) -> None:
    if names:
        raise ColumnError(
            f"column {names[0]!r}: holds numbers, and a melted frame has them in "
            f"{reading.value_column!r} alone; pass layout='long', or name the labels with "
            "label_columns="
        )


def _find_query_key(frame: pd.DataFrame, reading: ReadOptions) -> ColumnRef | None:
    name = reading.query_key_level
    if name not in frame.columns and name not in frame.index.names:
        return None
    if reading.query_key is not None:
        raise FrameError(
            f"query_key: {reading.query_key!r} is passed, and the frame has {name!r} too; leave "
            "one of them out"
        )
    return find_named(frame, name, "query_key_level")


def label_levels(
    frame: pd.DataFrame, time: ColumnRef, named: Collection[Hashable] = ()
) -> list[ColumnRef]:
    """Return the index levels that are labels: all but the time and a mere numbering of rows.

    Raises
    ------
    ColumnError
        If one has no name, or holds times and is not among the labels that the caller named.
    """
    index = frame.index
    if index.nlevels == 1 and time.kind == "index level":
        return []
    kept = index.levels if isinstance(index, pd.MultiIndex) else [index]
    # What groupby().apply() and reset_index() leave behind has no name and counts.
    levels = [
        ColumnRef("index level", name)
        for name, level in zip(index.names, kept, strict=True)
        if not (name is None and kind_of_dtype(level.dtype) == "integer")
    ]
    levels = [level for level in levels if level != time]
    for level in levels:
        if level.name is None:
            raise ColumnError(
                "index: it has no name, so it cannot be a label",
                hint="name it with frame.index.name = ..., or drop it with "
                "frame.reset_index(drop=True)",
                file_hint="name the first column in the header of the file",
            )
        if level.name not in named and kind_of_dtype(level.read(frame).dtype) == "time":
            raise ColumnError(
                f"{level}: holds times, and the time is {time}; drop it with reset_index(), or "
                "name it in label_columns="
            )
    return levels
