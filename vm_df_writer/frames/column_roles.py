"""Which column or index level of a frame is its time, a label or a value."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import ColumnError, FrameError, TimestampError, did_you_mean
from vm_df_writer.frames.samples.timestamps import holds_time
from vm_df_writer.frames.samples.values import holds_categories, holds_numbers, holds_strings

__all__ = [
    "ColumnRef",
    "Roles",
    "assign_roles",
    "check_column_names",
    "find_time",
    "label_levels",
    "names_of",
]

_TIME_NAMES = ("timestamp", "time", "ts", "datetime", "date", "ds")


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column or an index level of a frame."""

    kind: Literal["column", "index level"]
    name: Hashable

    def read(self, frame: pd.DataFrame) -> pd.Series | pd.Index:
        """Return its values."""
        if self.kind == "column":
            return frame[self.name]
        index = frame.index
        if not isinstance(index, pd.MultiIndex):
            return index
        return index.get_level_values(index.names.index(self.name))

    def __str__(self) -> str:
        """Return how messages name it."""
        return "index" if self.name is None else f"{self.kind} {self.name!r}"


@dataclass(frozen=True, slots=True)
class Roles:
    """What the columns and index levels of a long or melted frame are.

    `guessed` are those labels that nobody named: columns of text that could be damaged values.
    """

    time: ColumnRef
    labels: Sequence[ColumnRef]
    guessed: Collection[ColumnRef]
    values: Sequence[Hashable]
    variable: ColumnRef | None
    query_key: ColumnRef | None


def names_of(frame: pd.DataFrame) -> str:
    """Return the column and index level names, as messages list them."""
    levels = [name for name in frame.index.names if name is not None]
    shown = [repr(name) for name in [*frame.columns[:20], *levels]]
    return ", ".join(shown) + (", ..." if len(frame.columns) > 20 else "")


def check_column_names(frame: pd.DataFrame) -> None:
    """Refuse levels without a name, and names that mean two things.

    Raises
    ------
    ColumnError
        Names the first of them.
    """
    for where, index in (("index", frame.index), ("columns", frame.columns)):
        if not isinstance(index, pd.MultiIndex):
            continue
        names = list(index.names)
        if None in names:
            raise ColumnError(
                f"{where}: a level has no name (levels: {names}), so it cannot be a label; name "
                f"all levels with frame.{where}.names = [...]"
            )
        for name in names:
            if names.count(name) > 1:
                raise ColumnError(f"{where}: two levels are named {name!r}; rename one of them")
    if isinstance(frame.columns, pd.MultiIndex):
        return
    for name in frame.index.names:
        if name is not None and name in frame.columns:
            raise ColumnError(
                f"columns: {name!r} is a column and an index level; rename one of them"
            )


def find_time(frame: pd.DataFrame, reading: ReadOptions) -> ColumnRef:
    """Find the time of a frame: what `time` names, else the one index level or column of times.

    Raises
    ------
    TimestampError
        If there is none, or more than one.
    """
    if reading.time is not None:
        return _named(frame, reading.time, "time")
    levels = [
        ColumnRef("index level", name)
        for name, dtype in zip(frame.index.names, _index_dtypes(frame.index), strict=True)
        if holds_time(dtype)
    ]
    flat = not isinstance(frame.columns, pd.MultiIndex)
    dtypes = frame.dtypes if flat and not levels else pd.Series(dtype=object)
    columns = [ColumnRef("column", name) for name, dtype in dtypes.items() if holds_time(dtype)]
    found = levels or columns
    if len(found) > 1:
        raise TimestampError(
            f"timestamps: {' and '.join(map(str, found))} all hold times; name one with time="
        )
    if found:
        return found[0]
    if flat:
        named = [name for name in frame.columns if str(name).lower() in _TIME_NAMES]
        if len(named) == 1:
            return ColumnRef("column", named[0])
    is_numbering = (
        isinstance(frame.index, pd.RangeIndex)
        and frame.index.name is None
        and frame.index.start == 0
    )
    if is_numbering and reading.time_unit is None:
        if not flat:
            raise TimestampError(
                "timestamps: a frame with MultiIndex columns has its time in the index, and this "
                "one has a RangeIndex; use frame.set_index(...)"
            )
        raise TimestampError(
            "timestamps: the frame has no time: its index is a RangeIndex, and no column holds "
            f"times (there are: {names_of(frame)}); name the column of the time with time="
        )
    if isinstance(frame.index, pd.MultiIndex):
        raise TimestampError(
            f"timestamps: no index level holds times (there are: {names_of(frame)}); name the "
            "column or level of the time with time="
        )
    return ColumnRef("index level", frame.index.name)


def _index_dtypes(index: pd.Index) -> list[object]:
    levels = index.levels if isinstance(index, pd.MultiIndex) else [index]
    return [level.dtype for level in levels]


def _named(frame: pd.DataFrame, name: Hashable, keyword: str) -> ColumnRef:
    if not isinstance(frame.columns, pd.MultiIndex) and name in frame.columns:
        if isinstance(frame[name], pd.DataFrame):
            raise ColumnError(f"column {name!r}: occurs more than once; rename one of them")
        return ColumnRef("column", name)
    if name in frame.index.names:
        return ColumnRef("index level", name)
    known = [*frame.columns, *(n for n in frame.index.names if n is not None)]
    raise ColumnError(
        f"{keyword}: {name!r} is not a column (there are: {names_of(frame)})"
        + did_you_mean(name, known)
    )


def assign_roles(frame: pd.DataFrame, reading: ReadOptions, *, melted: bool) -> Roles:
    """Say what each column and index level of a long or melted frame is.

    Without `label_columns` and `value_columns`, text and categories are labels, numbers and
    booleans are values; index levels are always labels.

    Raises
    ------
    ColumnError
        If a named column does not exist, or one is neither label nor number.
    """
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ColumnError(f"column {twice!r}: occurs more than once; rename one of them")
    time = find_time(frame, reading)
    query_key = _find_query_key(frame, reading)
    variable = _named(frame, reading.variable_column, "variable_column") if melted else None
    values = [reading.value_column] if melted else list(reading.value_columns or ())
    for name in values:
        _named(frame, name, "value_column" if melted else "value_columns")
    taken = {source.name for source in (time, variable, query_key) if source is not None}
    for keyword, others in (("label_columns", taken | set(values)), ("value_columns", taken)):
        for name in getattr(reading, keyword) or ():
            _named(frame, name, keyword)
            if name in others:
                raise ColumnError(f"{keyword}: {name!r} has another role already; leave it out")
    named = dict.fromkeys(reading.label_columns or ())
    labels = label_levels(frame, time, named)
    levels = {source.name for source in labels}
    labels += [_named(frame, name, "label_columns") for name in named if name not in levels]
    labels = [source for source in labels if source.name not in taken]
    taken |= {source.name for source in labels} | set(values)
    rest: list[Hashable] = [name for name in frame.columns if name not in taken]
    guessed: list[ColumnRef] = []
    if reading.label_columns is None:
        text, rest = _sort_out(frame, rest, melted=melted)
        sources = [ColumnRef("column", name) for name in text]
        labels += sources
        if not values:
            guessed = [source for source in sources if not holds_categories(frame[source.name])]
        if melted and rest:
            raise ColumnError(
                f"column {rest[0]!r}: holds numbers, and a melted frame has them in "
                f"{reading.value_column!r} alone; pass layout='long', or name the labels with "
                "label_columns="
            )
    _check_has_names(labels)
    values = values or rest
    if not values:
        raise ColumnError(
            f"columns: none holds numbers (there are: {names_of(frame)}); name the value columns "
            "with value_columns="
        )
    return Roles(time, labels, guessed, values, variable, query_key)


def _check_has_names(labels: Sequence[ColumnRef]) -> None:
    if pd.Index([source.name for source in labels], dtype=object, tupleize_cols=False).hasnans:
        raise ColumnError("columns: a label column has no name; name it, so that the label has one")


def _sort_out(
    frame: pd.DataFrame, names: Sequence[Hashable], *, melted: bool
) -> tuple[list[Hashable], list[Hashable]]:
    """Tell columns of text from columns of numbers."""
    text: list[Hashable] = []
    numbers: list[Hashable] = []
    for name in names:
        column = frame[name]
        if melted and column.isna().all():
            text.append(name)  # says nothing of its kind, and a melted frame has its values
        elif holds_numbers(column):
            numbers.append(name)
        elif holds_strings(column):
            text.append(name)
        else:
            raise ColumnError(
                f"column {name!r}: {column.dtype} is neither a label nor a number; name the "
                "columns to use with label_columns= and value_columns="
            )
    return text, numbers


def _find_query_key(frame: pd.DataFrame, reading: ReadOptions) -> ColumnRef | None:
    name = reading.query_key_level
    if name not in frame.columns and name not in frame.index.names:
        return None
    if reading.query_key is not None:
        raise FrameError(
            f"query_key: {reading.query_key!r} is passed, and the frame has {name!r} too; leave "
            "one of them out"
        )
    return _named(frame, name, "query_key_level")


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
    is_numbering = index.nlevels == 1 and index.name is None and index.dtype.kind in "iu"
    if is_numbering or (index.nlevels == 1 and time.kind == "index level"):
        return []
    if None in index.names:
        raise ColumnError(
            "index: it has no name, so it cannot be a label; name it with frame.index.name = ..., "
            "or drop it with frame.reset_index(drop=True)"
        )
    levels = [ColumnRef("index level", name) for name in index.names]
    levels = [level for level in levels if level != time]
    for level in levels:
        if level.name not in named and holds_time(level.read(frame).dtype):
            raise ColumnError(
                f"{level}: holds times, and the time is {time}; drop it with reset_index(), or "
                "name it in label_columns="
            )
    return levels
