"""Which layout a frame has, and who reads it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from vm_df_writer.config.field_types import check_metric_format
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import ConfigError, FrameError
from vm_df_writer.frames.column_names import (
    check_column_names,
    with_named_values,
    without_blanks,
)
from vm_df_writer.frames.given_frame import FrameLike, as_frame
from vm_df_writer.frames.labels.cache import LabelSetCache
from vm_df_writer.frames.labels.label_set_renderer import LabelSetRenderer
from vm_df_writer.frames.labels.limits import LabelLimits
from vm_df_writer.frames.long import LongFrame, read_long
from vm_df_writer.frames.reading_of import explicit_options, reading_of
from vm_df_writer.frames.roles.assign_roles import refuse_odd_columns
from vm_df_writer.frames.roles.column_ref import ColumnRef
from vm_df_writer.frames.roles.column_survey import ColumnSurvey, survey_columns
from vm_df_writer.frames.roles.number_labels import check_no_things, proposal_of
from vm_df_writer.frames.roles.row_numbers import numbers_rows
from vm_df_writer.frames.roles.time_candidates import find_time
from vm_df_writer.frames.samples.cleaning import PrecisionCheck
from vm_df_writer.frames.samples.contents import holds_strings
from vm_df_writer.frames.wide import WideFrame, read_wide
from vm_df_writer.model.label_sets import LabelSets
from vm_df_writer.model.reading import Reading
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
    reading : Reading
        The role of each column.
    name_roles : callable
        Returns the keywords that name these roles.
    """

    layout: str
    reason: str
    rows: int
    n_samples: int
    label_sets: LabelSets
    label_names: frozenset[str]
    blocks: Callable[[], Iterator[SeriesBlock]]
    reading: Reading
    name_roles: Callable[[], ReadOptions]

    @property
    def options(self) -> ReadOptions:
        """Keywords that name these roles: with them, frames of the same columns are read alike."""
        return self.name_roles()


def parse_frame(
    frame: FrameLike,
    *,
    metric_format: Mapping[str, str] | None = None,
    reading: ReadOptions | None = None,
    limits: LabelLimits | None = None,
    cache: LabelSetCache | None = None,
    is_exact: bool = False,
) -> ParsedFrame:
    """Find out how a frame is laid out, render its label sets and prepare its blocks.

    Everything that can be refused is refused here, before anything is sent. Without a
    `metric_format` the usual one holds, and a frame without a query key gets no label ``for``.
    Where the server `is_exact`, no digits are counted that others would not keep.

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
    >>> str(read.reading)
    'time=index (UTC), values=[y]'
    >>> next(read.blocks()).timestamps_ms.tolist()
    [1767225600000, 1767312000000]
    """
    try:
        if metric_format is not None:
            metric_format = check_metric_format(metric_format)
    except ValueError as refusal:
        raise ConfigError(f"metric_format: {refusal}") from None
    reading = reading or ReadOptions()
    given = as_frame(frame)
    survey = survey_columns(given)
    frame, reading = without_blanks(given, reading, survey)
    if frame is not given:
        survey = survey_columns(frame)
    frame = with_named_values(frame, reading)
    check_column_names(frame)
    layout, reason, time = _choose(frame, reading, survey)
    _check_keywords(layout, reading)
    if frame.empty:
        return ParsedFrame(
            layout,
            "the frame is empty",
            len(frame),
            0,
            LabelSets.of([]),
            frozenset(),
            lambda: iter(()),
            Reading(layout=layout),
            lambda: reading,
        )
    time = time or find_time(frame, reading, survey)
    renderer = LabelSetRenderer(
        metric_format, reading, limits or LabelLimits(), cache or LabelSetCache(0)
    )
    digit_loss = PrecisionCheck(is_exact=is_exact)
    body: WideFrame | LongFrame
    if layout == "wide":
        body = _read_wide_or_long(frame, reading, renderer, time, survey, digit_loss)
        if isinstance(body, LongFrame):
            layout, reason = "long", "whole numbers tell rows of one time apart: they are labels"
    else:
        body = read_long(frame, reading, renderer, time, digit_loss, melted=layout == "melted")
    if "error" in (reading.duplicates, reading.inf):
        for _ in body.blocks():  # a refusal must come before the first request
            pass
    columns = frame.columns  # these stay as they are, though the caller may change the frame
    return ParsedFrame(
        layout,
        reason,
        len(frame),
        body.n_cells,
        body.label_sets,
        renderer.label_names,
        body.blocks,
        reading_of(body, columns, layout),
        lambda: explicit_options(body, columns),
    )


def _read_wide_or_long(
    frame: pd.DataFrame,
    reading: ReadOptions,
    renderer: LabelSetRenderer,
    time: ColumnRef,
    survey: ColumnSurvey,
    digit_loss: PrecisionCheck,
) -> WideFrame | LongFrame:
    """Read a wide frame, unless whole numbers in it are labels for sure."""
    flat = not isinstance(frame.columns, pd.MultiIndex)
    left_out: Collection[Hashable] = ()
    if flat and reading.value_columns is None:
        neither = [name for _, name, kind in survey.beside_floats if kind in ("time", "other")]
        if neither := [name for name in neither if name != time.name]:
            refuse_odd_columns(frame, neither)
        left_out = [
            name
            for position, name, kind in survey.beside_floats
            if kind == "integer" and numbers_rows(frame.iloc[:, position])
        ]
    wide = read_wide(frame, reading, renderer, time, digit_loss, left_out)
    if not flat or reading.layout != "auto" or reading.var is not None:
        return wide
    if wide.shares_times:
        long = read_long(frame, reading, renderer, time, digit_loss, melted=False)
        return long if long.roles.labels else wide
    whole = [name for name in survey.whole_numbers if name not in left_out]
    if whole:
        values = frame.columns[wide.positions].tolist()
        known = proposal_of(frame, [], values, whole)
        check_no_things(frame, whole, [], wide.timestamps.ms, known, values)
    return wide


def _choose(
    frame: pd.DataFrame, reading: ReadOptions, survey: ColumnSurvey
) -> tuple[str, str, ColumnRef | None]:
    """Return the layout, the reason, and the time if it was asked for."""
    if reading.layout != "auto":
        return reading.layout, f"layout={reading.layout!r} is given", None
    if isinstance(frame.columns, pd.MultiIndex):
        return "wide", "the columns are a MultiIndex", None
    if reading.var is not None or reading.column_label is not None:
        return "wide", "var= and column_label= are given", None
    if reading.variable_column in frame.columns and reading.value_column in frame.columns:
        reason = f"there are the columns {reading.variable_column!r} and {reading.value_column!r}"
        return "melted", reason, None
    if reading.label_columns is not None:
        return "long", "label_columns= is given", None
    if frame.empty:
        return "wide", "the frame is empty", None
    time = find_time(frame, reading, survey)
    return *_choose_by_content(frame, reading, time, survey), time


def _check_keywords(layout: str, reading: ReadOptions) -> None:
    """Refuse what the caller named and the layout would not look at."""
    for keyword, remedy in _UNKNOWN_TO[layout].items():
        if getattr(reading, keyword) is not None:
            raise FrameError(f"{keyword}: a {layout} frame has no such thing; {remedy}")


def _choose_by_content(
    frame: pd.DataFrame, reading: ReadOptions, time: ColumnRef, survey: ColumnSurvey
) -> tuple[str, str]:
    if time.kind == "column":
        return "long", f"the time is in {time}"
    if frame.index.nlevels > 1:
        return "long", "the index has levels beside the time"
    if reading.query_key_level in frame.columns:
        return "long", f"there is a column {reading.query_key_level!r}"
    values = set(reading.value_columns or ())
    for position, name, kind in survey.beside_floats:
        if kind not in ("text", "object") or name in values:
            continue
        if holds_strings(frame.iloc[:, position]):
            return "long", f"column {name!r} holds text: it is a label"
    return "wide", f"the {time} is time and every column holds numbers"
