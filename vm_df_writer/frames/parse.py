"""Which layout a frame has, and who reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from vm_df_writer.config.field_types import check_metric_format
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import ConfigError, FrameError
from vm_df_writer.frames.arrow import frame_from_arrow
from vm_df_writer.frames.column_roles import check_column_names, find_time
from vm_df_writer.frames.labels.cache import LabelSetCache
from vm_df_writer.frames.labels.label_sets import LabelSetRenderer
from vm_df_writer.frames.labels.limits import LabelLimits
from vm_df_writer.frames.labels.metric_format import DEFAULT_METRIC_FORMAT
from vm_df_writer.frames.long import LongFrame, read_long
from vm_df_writer.frames.samples.values import holds_strings
from vm_df_writer.frames.wide import WideFrame, read_wide
from vm_df_writer.model.labels import LabelSets
from vm_df_writer.model.series import SeriesBlock

_ONLY_WIDE = {
    "var": "leave it out, or pass layout='wide'",
    "column_label": "leave it out, or pass layout='wide'",
}
_UNKNOWN_TO = {
    "wide": {"label_columns": "leave it out, or pass layout='long'"},
    "long": _ONLY_WIDE,
    "melted": _ONLY_WIDE | {"value_columns": "name its one value column with value_column="},
}

__all__ = ["ParsedFrame", "as_frame", "parse_frame"]


@dataclass(frozen=True, eq=False)
class ParsedFrame:
    """A frame, and how it is read.

    Attributes
    ----------
    layout : str
        ``wide``, ``long`` or ``melted``.
    reason : str
        Why this layout was chosen.
    rows : int
        Rows of the frame.
    n_samples : int
        Cells that are read as samples: rows times value columns.
    label_sets : LabelSets
        The label set of each series.
    label_names : frozenset of str
        The labels that a series of the frame can have.
    blocks : callable
        Yields the series; each call reads the frame anew.
    """

    layout: str
    reason: str
    rows: int
    n_samples: int
    label_sets: LabelSets
    label_names: frozenset[str]
    blocks: Callable[[], Iterator[SeriesBlock]]


def parse_frame(
    frame: pd.DataFrame | pd.Series,
    *,
    metric_format: Mapping[str, str] = DEFAULT_METRIC_FORMAT,
    reading: ReadOptions | None = None,
    limits: LabelLimits | None = None,
    cache: LabelSetCache | None = None,
) -> ParsedFrame:
    """Find out how a frame is laid out, render its label sets and prepare its blocks.

    Everything that can be refused is refused here, before anything is sent.

    Raises
    ------
    ConfigError
        If the metric format gives no names to series.
    FrameError
        Or one of its children, if the frame cannot be read.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [1.0, 2.0]}, index=pd.date_range("2026", periods=2, tz="UTC"))
    >>> read = parse_frame(frame, metric_format={"__name__": "vm_$VAR"})
    >>> read.layout, read.reason, list(read.label_sets)
    ('wide', 'the index is time and every column holds numbers', [b'{"__name__":"vm_y"}'])
    >>> next(read.blocks()).timestamps_ms.tolist()
    [1767225600000, 1767312000000]
    """
    try:
        metric_format = check_metric_format(metric_format)
    except ValueError as refusal:
        raise ConfigError(f"metric_format: {refusal}") from None
    reading = reading or ReadOptions()
    frame = as_frame(frame)
    check_column_names(frame)
    layout, reason = _choose(frame, reading)
    _check_keywords(layout, reading)
    if frame.empty:
        reason = "the frame is empty"
        return ParsedFrame(
            layout, reason, len(frame), 0, LabelSets.of([]), frozenset(), lambda: iter(())
        )
    renderer = LabelSetRenderer(
        metric_format, reading, limits or LabelLimits(), cache or LabelSetCache(0)
    )
    body: WideFrame | LongFrame
    if layout == "wide":
        body = read_wide(frame, reading, renderer)
    else:
        body = read_long(frame, reading, renderer, melted=layout == "melted")
    if "error" in (reading.duplicates, reading.inf):
        for _ in body.blocks():  # a refusal must come before the first request
            pass
    return ParsedFrame(
        layout,
        reason,
        len(frame),
        body.n_cells,
        body.label_sets,
        renderer.label_names,
        body.blocks,
    )


def as_frame(frame: object) -> pd.DataFrame:
    """Return what is given for a frame as one.

    Raises
    ------
    FrameError
        If it is none.

    Examples
    --------
    >>> as_frame(pd.Series([1.0], name="y")).columns.tolist()
    ['y']
    """
    if isinstance(frame, pd.Series):
        if frame.name is None:
            raise FrameError("frame: the Series has no name to stand for $VAR; .rename('y') it")
        return frame.to_frame()
    if isinstance(frame, pd.DataFrame):
        return frame
    if hasattr(frame, "__arrow_c_stream__"):
        return frame_from_arrow(frame)
    raise FrameError(
        f"frame: expected a DataFrame, a named Series or an Arrow table, got "
        f"{type(frame).__name__}; convert it with pd.DataFrame(...)"
    )


def _choose(frame: pd.DataFrame, reading: ReadOptions) -> tuple[str, str]:
    if reading.layout != "auto":
        return reading.layout, f"layout={reading.layout!r} is given"
    if isinstance(frame.columns, pd.MultiIndex):
        return "wide", "the columns are a MultiIndex"
    if reading.var is not None or reading.column_label is not None:
        return "wide", "var= and column_label= are given"
    if reading.variable_column in frame.columns and reading.value_column in frame.columns:
        return "melted", (
            f"there are the columns {reading.variable_column!r} and {reading.value_column!r}"
        )
    if reading.label_columns is not None:
        return "long", "label_columns= is given"
    if frame.empty:
        return "wide", "the frame is empty"
    return _choose_by_content(frame, reading)


def _check_keywords(layout: str, reading: ReadOptions) -> None:
    """Refuse what the caller named and the layout would not look at."""
    for keyword, remedy in _UNKNOWN_TO[layout].items():
        if getattr(reading, keyword) is not None:
            raise FrameError(f"{keyword}: a {layout} frame has no such thing; {remedy}")


def _choose_by_content(frame: pd.DataFrame, reading: ReadOptions) -> tuple[str, str]:
    time = find_time(frame, reading)
    if time.kind == "column":
        return "long", f"the time is in {time}"
    if frame.index.nlevels > 1:
        return "long", "the index has levels beside the time"
    if reading.query_key_level in frame.columns:
        return "long", f"there is a column {reading.query_key_level!r}"
    values = set(reading.value_columns or ())
    dtypes = frame.dtypes.tolist()
    # By identity: a million columns may be alike, and hashing a category hashes all its values.
    distinct = {id(dtype): dtype for dtype in dtypes}
    odd = {key for key, dtype in distinct.items() if not pd.api.types.is_numeric_dtype(dtype)}
    for position, dtype in enumerate(dtypes if odd else ()):
        name = frame.columns[position]
        if id(dtype) in odd and name not in values and holds_strings(frame.iloc[:, position]):
            return "long", f"column {name!r} holds text: it is a label"
    return "wide", f"the {time} is time and every column holds numbers"
