"""hypothesis strategies: frames in every layout, with what they mean beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from tests.support.column_strategies import (
    NUMBER_KINDS,
    NumberColumn,
    TextColumn,
    TimeColumn,
    number_columns,
    other_labels,
    text_columns,
    texts,
    time_columns,
)
from tests.support.reference import Cell, Ledger, expected_account
from vm_df_writer.frames.roles.name_words import is_time_name

Times = Callable[[int], st.SearchStrategy[TimeColumn]]

FORMATS = (
    {"__name__": "$VAR", "for": "$QUERY_KEY"},
    {"__name__": "vm_$VAR", "for": "$QUERY_KEY"},
    {"__name__": "$VAR:$QUERY_KEY", "for": "q-$QUERY_KEY", 'é"$': "$VAR$VAR \\ \n{}"},
)
_RESERVED = {
    *("__name__", "for", 'é"$', "var", "query_key", "variable", "value", "run"),
    *("timestamp", "time", "ts", "datetime", "date", "ds"),
}


@dataclass(frozen=True)
class Case:
    """A frame, how it is read, and what it means cell by cell."""

    frame: pd.DataFrame
    reading: dict[str, Any]
    metric_format: dict[str, str]
    cells: Sequence[Cell]

    @property
    def expected(self) -> Ledger:
        """What the naive reference makes of it."""
        return expected_account(
            self.cells,
            self.metric_format,
            duplicates=self.reading.get("duplicates", "last"),
            inf=self.reading.get("inf", "drop"),
        )

    def with_label(self, name: str, value: str) -> Case:
        """Return the same with one label more, through labels=."""
        labels = {**self.reading.get("labels", {}), name: value}
        cells = [replace(cell, labels={**cell.labels, name: value}) for cell in self.cells]
        return replace(self, reading={**self.reading, "labels": labels}, cells=cells)

    def __repr__(self) -> str:
        """Show what is needed to build the frame by hand."""
        return (
            f"Case(dtypes={self.frame.dtypes.tolist()}, index={self.frame.index!r}, "
            f"frame={self.frame.to_dict('split')['data']}, columns={self.frame.columns!r}, "
            f"reading={self.reading}, metric_format={self.metric_format})"
        )


@st.composite
def names(draw: st.DrawFn, most: int, *, least: int = 0) -> list[str]:
    """Draw names of columns or labels: any text that no other role has taken."""
    plain = st.sampled_from(["host", "y", "yhat", "anomaly_score", "ns/ä", 'say "hi"', "a b"])
    # Blanks around names are stripped, and braces may hold labels.
    name = (
        (plain | texts())
        .map(str.strip)
        .filter(lambda text: text and text.lower() not in _RESERVED and "{" not in text)
        .filter(lambda text: not is_time_name(text))
    )
    return draw(st.lists(name, min_size=least, max_size=most, unique=True))


@st.composite
def _policies(draw: st.DrawFn) -> dict[str, Any]:
    reading: dict[str, Any] = {}
    duplicates = draw(st.sampled_from([None, "last", "first", "max", "keep"]))
    inf = draw(st.sampled_from([None, "drop", "keep"]))
    if duplicates is not None:
        reading["duplicates"] = duplicates
    if inf is not None:
        reading["inf"] = inf
    if draw(st.booleans()):
        reading["labels"] = {"run": draw(texts())}
    return reading


def _cells(
    time: TimeColumn,
    labels: dict[str, TextColumn],
    query_key: Sequence[str],
    var: Sequence[str],
    values: NumberColumn,
    reading: dict[str, Any],
) -> list[Cell]:
    constants = reading.get("labels", {})
    return [
        Cell(
            ns,
            var[row],
            query_key[row],
            {name: column.meant[row] for name, column in labels.items()} | constants,
            values.meant[row],
        )
        for row, ns in enumerate(time.meant_ns)
    ]


@st.composite
def long_cases(draw: st.DrawFn, times: Times = time_columns) -> Case:
    """Draw a long frame: the time in a column, the index or a level of it."""
    n_rows = draw(st.integers(1, 12))
    reading = draw(_policies())
    time = draw(times(n_rows))
    reading |= time.reading
    metric_format = draw(st.sampled_from(FORMATS))
    label_names = draw(names(3))
    labels = {name: draw(text_columns(n_rows) | other_labels(n_rows)) for name in label_names}
    var_names = draw(names(3, least=1).filter(lambda chosen: not set(chosen) & set(label_names)))
    values = {name: draw(number_columns(n_rows)) for name in var_names}
    held = {name: column.held for name, column in labels.items()}
    frame = pd.DataFrame(held | {name: column.held for name, column in values.items()})
    if draw(st.booleans()):
        query_key = draw(st.lists(texts().filter(bool), min_size=n_rows, max_size=n_rows))
        frame["query_key"] = pd.Series(query_key, dtype=object)
    else:
        query_key = [draw(texts().filter(bool))] * n_rows
        reading["query_key"] = query_key[0]
    cells = [
        cell
        for name, column in values.items()
        for cell in _cells(time, labels, query_key, [name] * n_rows, column, reading)
    ]
    reading["label_columns"] = list(labels)
    if draw(st.booleans()):
        reading["value_columns"] = list(values)
    frame, reading = draw(_placed_time(frame, time, list(labels), reading))
    frame = frame[draw(st.permutations(list(frame.columns)))]
    return Case(frame, reading, metric_format, cells)


@st.composite
def _placed_time(
    draw: st.DrawFn,
    frame: pd.DataFrame,
    time: TimeColumn,
    labels: list[str],
    reading: dict[str, Any],
) -> tuple[pd.DataFrame, dict[str, Any]]:
    # pandas 2 makes datetimes of objects that become an index, with a warning of its own.
    places = ["column", "index", "level"] if time.held.dtype != object else ["column"]
    place = draw(st.sampled_from(places))
    frame["timestamp"] = time.held
    if place == "column":
        if draw(st.booleans()):
            reading = {**reading, "time": "timestamp"}
        return frame, reading
    if place == "index":
        return frame.set_index("timestamp"), {**reading, "time": "timestamp"}
    levels = [name for name in labels if frame[name].dtype != object and "\0" not in repr(name)]
    levels = [name for name in levels if isinstance(frame[name].dtype, pd.StringDtype)]
    return frame.set_index(["timestamp", *levels]), {**reading, "time": "timestamp"}


@st.composite
def melted_cases(draw: st.DrawFn, times: Times = time_columns) -> Case:
    """Draw a melted frame: a variable and a value in each row."""
    n_rows = draw(st.integers(1, 12))
    reading = draw(_policies())
    time = draw(times(n_rows))
    reading |= time.reading
    label_names = draw(names(2))
    labels = {name: draw(text_columns(n_rows)) for name in label_names}
    some = draw(st.lists(texts().filter(bool), min_size=1, max_size=3))
    var = draw(st.lists(st.sampled_from(some), min_size=n_rows, max_size=n_rows))
    values = draw(number_columns(n_rows))
    reading |= {"query_key": draw(texts().filter(bool)), "label_columns": label_names}
    frame = pd.DataFrame({name: column.held for name, column in labels.items()})
    frame["variable"] = pd.Series(var, dtype=object)
    frame["value"] = values.held
    frame["timestamp"] = time.held
    cells = _cells(time, labels, [reading["query_key"]] * n_rows, var, values, reading)
    return Case(frame, reading, draw(st.sampled_from(FORMATS)), cells)


@st.composite
def wide_cases(draw: st.DrawFn, times: Times = time_columns) -> Case:
    """Draw a wide frame: variables, or series of one variable, as columns."""
    n_rows = draw(st.integers(1, 8))
    reading = draw(_policies())
    time = draw(times(n_rows))
    reading |= time.reading
    reading["query_key"] = draw(texts().filter(bool))
    columns = draw(names(5, least=1))
    kind = draw(st.none() | st.sampled_from(NUMBER_KINDS))  # of one kind, or of several
    values = [draw(number_columns(n_rows, kind)) for _ in columns]
    frame = _put_side_by_side(values)
    frame.columns = pd.Index(columns, dtype=object)
    frame.index = time.as_index().rename(draw(st.sampled_from([None, "timestamp"])))
    reading["layout"] = "wide"
    is_one_variable = draw(st.booleans())
    if is_one_variable:
        reading |= {"var": "anomaly_score", "column_label": "column"}
    cells = [
        cell
        for name, column in zip(columns, values, strict=True)
        for cell in _cells(
            time,
            {"column": TextColumn(column.held, [name] * n_rows)} if is_one_variable else {},
            [reading["query_key"]] * n_rows,
            ["anomaly_score" if is_one_variable else name] * n_rows,
            column,
            reading,
        )
    ]
    return Case(frame, reading, draw(st.sampled_from(FORMATS)), cells)


@st.composite
def wide_level_cases(draw: st.DrawFn, times: Times = time_columns) -> Case:
    """Draw a wide frame whose columns are a MultiIndex of labels."""
    n_rows = draw(st.integers(1, 8))
    n_columns = draw(st.integers(1, 6))
    reading = draw(_policies())
    time = draw(times(n_rows))
    reading |= time.reading
    levels = {name: draw(text_columns(n_columns, is_level=True)) for name in draw(names(2))}
    has_query_key = draw(st.booleans())
    texts_of = texts().filter(lambda text: text and "\0" not in text)
    var = draw(st.lists(texts_of, min_size=n_columns, max_size=n_columns))
    keys = draw(st.lists(texts_of, min_size=n_columns, max_size=n_columns))
    if not has_query_key:
        reading["query_key"] = keys[0]
        keys = [keys[0]] * n_columns
    meant = list(zip(var, keys, *(column.meant for column in levels.values()), strict=True))
    chosen = [meant.index(labels) for labels in dict.fromkeys(meant)]
    values = [draw(number_columns(n_rows)) for _ in chosen]
    frame = _put_side_by_side(values)
    arrays: dict[str, Any] = {"var": var} | ({"query_key": keys} if has_query_key else {})
    arrays |= {name: column.held for name, column in levels.items()}
    order = draw(st.permutations(list(arrays)))
    every = pd.MultiIndex.from_arrays([arrays[name] for name in order], names=order)
    frame.columns = every[chosen]  # levels may hold more values than the columns use
    frame.index = time.as_index()
    reading["layout"] = draw(st.sampled_from(["auto", "wide"]))
    cells = [
        Cell(
            ns,
            var[position],
            keys[position],
            {name: column.meant[position] for name, column in levels.items()}
            | reading.get("labels", {}),
            value,
        )
        for position, column in zip(chosen, values, strict=True)
        for ns, value in zip(time.meant_ns, column.meant, strict=True)
    ]
    return Case(frame, reading, draw(st.sampled_from(FORMATS)), cells)


def _put_side_by_side(values: Sequence[NumberColumn]) -> pd.DataFrame:
    columns = [column.held for column in values]
    if len({column.dtype for column in columns}) == 1 and isinstance(columns[0].dtype, np.dtype):
        return pd.DataFrame(np.column_stack([column.to_numpy() for column in columns]))
    return pd.DataFrame(dict(enumerate(columns)))


def cases(times: Times = time_columns) -> st.SearchStrategy[Case]:
    """Draw a frame of any layout."""
    return st.one_of(
        long_cases(times), melted_cases(times), wide_cases(times), wide_level_cases(times)
    )
