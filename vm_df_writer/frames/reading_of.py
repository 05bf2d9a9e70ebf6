"""How a frame was read: for people, and as keywords that read others like it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.frames.long import LongFrame
from vm_df_writer.frames.wide import WideFrame
from vm_df_writer.model.reading import LazyNames, Reading

__all__ = ["explicit_options", "reading_of"]


def reading_of(body: WideFrame | LongFrame, columns: pd.Index, layout: str) -> Reading:
    """Return the role of each column of a frame that was read."""
    reading, time = body.reading, body.time
    facts: dict[str, Any] = {"layout": layout, "time": time.name, "unit": reading.time_unit}
    facts["zone"] = body.timestamps.zone
    if isinstance(body, LongFrame):
        roles = body.roles
        facts["labels"] = tuple(source.name for source in roles.labels)
        values: Sequence[Hashable] = tuple(map(attrgetter("name"), body.values))
        others = [name for name in columns if name not in values]
        facts["variable"] = roles.variable and roles.variable.name
        facts["query_key"] = roles.query_key and roles.query_key.name
    else:
        is_whole = len(body.positions) == len(columns)
        values = LazyNames(columns if is_whole else columns[body.positions])
        others = [] if is_whole else columns.delete(body.positions).tolist()
        if isinstance(columns, pd.MultiIndex):
            facts["labels"] = tuple(n for n in columns.names if n != reading.var_level)
        elif reading.column_label is not None:
            facts["labels"] = (reading.column_label,)
    used = {*facts.get("labels", ()), facts.get("variable"), facts.get("query_key")}
    used.add(time.name)
    left_out: tuple[Hashable, ...] = ()
    if reading.provide_series is None:  # else the caller left out what is not there
        left_out = tuple(name for name in others if name not in used)
    return Reading(**facts, values=values, left_out=left_out)


def explicit_options(body: WideFrame | LongFrame, columns: pd.Index) -> ReadOptions:
    """Return keywords that name what was guessed, so that other frames are read alike.

    An index without a name has no keyword; it is the time of those frames, too.
    """
    named: dict[str, Any] = {"layout": "wide", "time": body.time.name}
    if isinstance(body, LongFrame):
        is_melted = body.roles.variable is not None
        named["layout"] = "melted" if is_melted else "long"
        named["label_columns"] = [source.name for source in body.roles.labels]
        named["value_columns"] = None if is_melted else list(body.roles.values)
    elif not isinstance(columns, pd.MultiIndex):
        named["value_columns"] = columns[body.positions].tolist()
    return replace(body.reading, **named)
