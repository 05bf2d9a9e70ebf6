"""The names of columns: cleaned, checked, and read where they are names of series."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import ColumnError, LabelError
from vm_df_writer.frames.labels.label_column import (
    LabelColumn,
    label_from_codes,
    label_from_column,
)
from vm_df_writer.frames.roles.column_survey import ColumnSurvey
from vm_df_writer.frames.samples.contents import kind_of_dtype

__all__ = [
    "check_column_names",
    "labels_of_names",
    "names_of_columns",
    "with_named_values",
    "without_blanks",
]

# What Prometheus and VictoriaMetrics call a series.
_SERIES = re.compile(r"(?P<name>[a-zA-Z_:][\w:.]*)\{(?P<labels>.*)\}")
_LABEL = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*("(?:[^"\\]|\\.)*")\s*(?:,|$)')
_BLANK_AT_AN_END = re.compile(r"(?m)^[^\S\n]|[^\S\n]$")
# Python's dict finds the distinct ones of few names sooner than pandas; many stay with Arrow.
_FEW_NAMES = 1000
_LOOKS_LIKE_SERIES = re.compile(r"[^{}]*\{[^{}]*=.*\}")


def without_blanks(
    frame: pd.DataFrame, reading: ReadOptions, survey: ColumnSurvey
) -> tuple[pd.DataFrame, ReadOptions]:
    r"""Strip blanks around the names of columns and index levels, and around those in keywords.

    Raises
    ------
    ColumnError
        If two columns then have one name.

    Examples
    --------
    >>> frame = pd.DataFrame({"time": [], " y": []})
    >>> survey = ColumnSurvey(["time", " y"], "time\n y", [])
    >>> without_blanks(frame, ReadOptions(), survey)[0].columns.tolist()
    ['time', 'y']
    """
    is_flat = not isinstance(frame.columns, pd.MultiIndex)
    index = "\n".join(name for name in frame.index.names if isinstance(name, str))
    if not _BLANK_AT_AN_END.search(f"{survey.text}\n{index}"):
        return frame, reading
    if is_flat:
        stripped = [_stripped(name) for name in frame.columns]
        for name, other in zip(frame.columns, stripped, strict=True):
            if name != other and stripped.count(other) > 1:
                raise ColumnError(
                    f"columns: {name!r} and another column are both named {other!r} without "
                    "blanks; rename one of them"
                )
        frame = frame.set_axis(pd.Index(stripped, dtype=frame.columns.dtype), axis="columns")
    frame = frame.rename_axis(index=[_stripped(name) for name in frame.index.names])
    changes: dict[str, Any] = {}
    for keyword in ("time", "variable_column", "value_column", "query_key_level"):
        changes[keyword] = _stripped(getattr(reading, keyword))
    for keyword in ("label_columns", "value_columns"):
        given: Sequence[Hashable] | None = getattr(reading, keyword)
        changes[keyword] = None if given is None else [_stripped(name) for name in given]
    return frame, replace(reading, **changes)


def _stripped(name: Any) -> Any:
    return name.strip() if isinstance(name, str) else name


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
        names = [
            name
            for name, level in zip(index.names, index.levels, strict=True)
            # A level of row numbers, as groupby().apply() leaves it, is no label.
            if not (where == "index" and name is None and kind_of_dtype(level.dtype) == "integer")
        ]
        if None in names:
            raise ColumnError(
                f"{where}: a level has no name (levels: {list(index.names)}), so it cannot be a "
                f"label; name all levels with frame.{where}.names = [...]"
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


def with_named_values(frame: pd.DataFrame, reading: ReadOptions) -> pd.DataFrame:
    """Name the level of MultiIndex columns in which pivot_table() and unstack() keep the values.

    It is the first one, and the only one without a name.

    Examples
    --------
    >>> columns = pd.MultiIndex.from_tuples([("y", "a")], names=[None, "host"])
    >>> with_named_values(pd.DataFrame([[1.0]], columns=columns), ReadOptions()).columns.names
    FrozenList(['var', 'host'])
    """
    names = list(frame.columns.names)
    is_unnamed = isinstance(frame.columns, pd.MultiIndex) and names[0] is None
    if not is_unnamed or None in names[1:] or reading.var is not None:
        return frame
    if reading.var_level in names:
        return frame
    return frame.set_axis(frame.columns.set_names([reading.var_level, *names[1:]]), axis="columns")


def labels_of_names(
    names: pd.Index | Sequence[Hashable],
) -> tuple[LabelColumn, list[LabelColumn]]:
    """Return the variable of each column, and the labels that its name holds in braces.

    Raises
    ------
    LabelError
        If a column has no name, or one that looks like a series and is none.

    Examples
    --------
    >>> var, labels = labels_of_names(pd.Index(['node_cpu{cpu="0"}', "up"]))
    >>> [*var.texts], labels[0].name, [*labels[0].texts], labels[0].codes.tolist()
    (['node_cpu', 'up'], 'cpu', ['0'], [0, -1])
    """
    whole = names_of_columns(names)
    if whole.codes is None or not any("{" in text for text in whole.texts):
        return whole, []
    read = [_read_series(text) for text in whole.texts]
    label_names = dict.fromkeys(label for _, labels in read for label in labels)
    columns = {"var": [name for name, _ in read]} | {
        label: [labels.get(label) for _, labels in read] for label in label_names
    }
    var, *labels = (
        label_from_column(name, pd.Index(np.array(texts, dtype=object)[whole.codes]), "columns")
        for name, texts in columns.items()
    )
    return var, labels


def names_of_columns(names: pd.Index | Sequence[Hashable]) -> LabelColumn:
    """Return the name of each column as a label.

    Raises
    ------
    LabelError
        If a column has no name.
    """
    listed: Sequence[Any] = names.tolist() if isinstance(names, pd.Index) else names
    if len(listed) <= _FEW_NAMES and set(map(type, listed)) == {str}:
        code_of = {text: code for code, text in enumerate(dict.fromkeys(listed))}
        codes = np.array([code_of[text] for text in listed])
        whole = label_from_codes("var", codes, np.array([*code_of], dtype=object), "columns")
    else:
        column = names if isinstance(names, pd.Index) else pd.Index(listed, dtype=object)
        whole = label_from_column("var", column, "columns")
    if whole.codes is not None and (whole.codes < 0).any():
        raise LabelError(
            f"columns: column {int((whole.codes < 0).argmax())} has no name; name every column"
        )
    return whole


def _read_series(text: str) -> tuple[str, dict[str, str]]:
    match = _SERIES.fullmatch(text)
    labels: dict[str, str] = {}
    rest = match["labels"].rstrip() if match else ""
    while match and rest:
        found = _LABEL.match(rest)
        if found is None or found[1] in labels or found[1] == "__name__":
            match = None
        else:
            labels[found[1]] = orjson.loads(found[2])
            rest = rest[found.end() :]
    if match and labels:
        return match["name"], labels
    if _LOOKS_LIKE_SERIES.fullmatch(text):
        raise LabelError(
            f'columns: {text!r} looks like a series, and cannot be read as name{{label="value"}}; '
            "rename the column"
        )
    return text, {}
