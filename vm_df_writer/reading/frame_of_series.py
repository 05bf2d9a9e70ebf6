"""Series -> a frame of a given shape, which `write` takes again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from vm_df_writer.errors import FrameError
from vm_df_writer.reading.backends import rows_frame, wide_frame
from vm_df_writer.reading.frame_shape import FrameShape
from vm_df_writer.reading.label_table import LabelTable
from vm_df_writer.reading.layout.rows import RowSamples, lay_out_long, lay_out_melted
from vm_df_writer.reading.layout.wide import lay_out_wide
from vm_df_writer.verification.export.series_collector import SeriesSamples

__all__ = ["frame_of_series"]

_DEFAULT_NAMES = {"var_level": "var", "query_key_level": "query_key"}


def frame_of_series(
    series: list[SeriesSamples], metric_format: Mapping[str, str], shape: FrameShape
) -> Any:
    """Lay series out as a frame; the list is emptied, so that memory holds the samples once.

    Parameters
    ----------
    series : list of SeriesSamples
        Those that have samples.
    metric_format : mapping of str to str
        What labels the writer makes of variables and query keys.
    shape : FrameShape
        The layout, the library, and the names of columns.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or pyarrow.Table
        The attribute ``attrs["reading"]`` of a pandas frame holds the reading keywords with which
        `write` stores the same series. It is not there if they are not of the metric format, or
        columns have names that `write` would change.

    Raises
    ------
    FrameError
        If a label is called as another column is, or a wide frame would be huge and empty.

    Examples
    --------
    >>> import numpy as np
    >>> y = SeriesSamples(
    ...     {"__name__": "vm_y", "host": "a"}, np.array([1767225600000]), np.array([1.0])
    ... )
    >>> frame = frame_of_series([y], {"__name__": "vm_$VAR"}, FrameShape())
    >>> frame.columns.tolist(), frame.attrs["reading"]
    (['y'], {'layout': 'wide', 'labels': {'host': 'a'}})
    """
    table = LabelTable.of([each.labels for each in series], metric_format, shape.names)
    if shape.is_sorted:
        order = table.order()
        table = table.take(order)
        series[:] = [series[s] for s in order]
    if shape.layout == "wide":
        frame, reading = _wide(series, table, shape)
    else:
        frame, reading = _rows(series, table, shape)
    if shape.backend == "pandas" and table.is_of_format and _are_plain(_column_names(frame)):
        names = {"var_level": shape.names.var, "query_key_level": shape.names.query_key}
        changed = {key: name for key, name in names.items() if name != _DEFAULT_NAMES[key]}
        frame.attrs["reading"] = {"layout": shape.layout, **reading, **changed}
    return frame


def _wide(
    series: list[SeriesSamples], table: LabelTable, shape: FrameShape
) -> tuple[Any, dict[str, Any]]:
    columns, left_out = _wide_columns(table, shape)
    reading = _constants(table, left_out, shape)
    if columns.name is not None and not isinstance(columns, pd.MultiIndex):
        reading["column_label"] = columns.name
    if shape.backend != "pandas":
        shape.names.check([str(name) for name in columns], "time")
    frame = wide_frame(lay_out_wide(series), columns, shape.names.time, shape.backend)
    if shape.backend == "pandas":
        frame.index.name = shape.time_name
        if shape.zone is not None:
            frame.index = frame.index.tz_convert(shape.zone)
    return frame, reading


def _wide_columns(table: LabelTable, shape: FrameShape) -> tuple[pd.Index, list[str]]:
    """Return the columns of a wide frame, and the names that are in none of their levels."""
    given = [name for name in table.names if name in shape.given]
    rest = table.without(given)
    if not rest.rows:
        return pd.Index([], dtype=object), []
    if shape.levels is None:
        varying = rest.varying()
        by = varying[0] if varying else shape.column_label or table.names[0]
        if len(varying) <= 1 and by in table.names and by != shape.names.query_key:
            texts = table.texts(by)
            if texts == [None] and not table.is_of_format:
                texts = ["value"]  # of an expression that leaves no label
            if None not in texts and (_are_plain(texts) or not table.is_of_format):
                name = None if by == table.names[0] else by
                left_out = [each for each in table.names if each != by]
                return pd.Index(texts, dtype=object, name=name), left_out
    levels = [name for name in shape.levels or () if name not in given]
    levels += [name for name in rest.names if name not in levels]
    held = [rest.texts(name) if name in rest.names else [None] * len(rest.rows) for name in levels]
    texts_of_levels = [[text or "" for text in texts] for texts in held]
    return pd.MultiIndex.from_arrays(texts_of_levels, names=levels), given


def _column_names(frame: pd.DataFrame) -> Iterable[object]:
    return [] if isinstance(frame.columns, pd.MultiIndex) else frame.columns.tolist()


def _are_plain(names: Iterable[object]) -> bool:
    """Say whether `write` takes names as they are: it strips blanks, and reads braces."""
    return not any(text != text.strip() or "{" in text for text in map(str, names))


def _rows(
    series: list[SeriesSamples], table: LabelTable, shape: FrameShape
) -> tuple[Any, dict[str, Any]]:
    names = shape.names
    given = [name for name in table.labels if name in shape.given]
    reading = _constants(table, given, shape)
    table = table.without(given)
    reading["time"] = names.time
    reading["label_columns"] = [n for n in table.labels if n != names.query_key]
    samples: RowSamples
    if shape.layout == "long":
        names.check(table.labels, "time")
        variables = [text or "" for text in dict.fromkeys(table.texts(table.names[0]))]
        both = [name for name in variables if name in (names.time, *table.labels)]
        if both:
            raise FrameError(
                f"layout: {both[0]!r} is a variable, and so would be the name of two columns",
                hint="pass layout='melted'",
                keyword="layout",
            )
        reading["value_columns"] = variables
        samples = lay_out_long(series, table)
        if variables == [""]:  # of an expression that leaves no name
            samples = replace(samples, value_columns={names.value: samples.value_columns[""]})
    else:
        names.check(table.labels, "time", "variable", "value")
        reading |= {"variable_column": names.variable, "value_column": names.value}
        samples = lay_out_melted(series, table, names.variable, names.value)
    frame = rows_frame(samples, names.time, shape.backend)
    if shape.backend == "pandas":
        if shape.zone is not None:
            frame[names.time] = frame[names.time].dt.tz_convert(shape.zone)
        index = [name for name in shape.index if name in frame.columns]
        if index:
            frame = frame.set_index(index)
    return frame, reading


def _constants(table: LabelTable, left_out: list[str], shape: FrameShape) -> dict[str, Any]:
    """Return the keywords that give all series what no column of the frame holds."""
    if not table.rows:
        return {}
    first = dict(zip(table.names, table.rows[0], strict=True))
    constants = {name: text for name in left_out if (text := first[name]) is not None}
    keywords: dict[str, Any] = {}
    for keyword, name in (("var", shape.names.var), ("query_key", shape.names.query_key)):
        if name in constants:
            keywords[keyword] = constants.pop(name)
    if constants:
        keywords["labels"] = constants
    return keywords
