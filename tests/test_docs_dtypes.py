"""What docs/reference/data/dtypes.md says is stored is stored: each row of its tables is run."""

from __future__ import annotations

import datetime as dt
import enum
import json
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from tests.support.docs_pages import DOCS
from vm_df_writer import FrameError, to_import_lines
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.frames.parse import parse_frame

pa = import_module("pyarrow") if find_spec("pyarrow") else None

DOCUMENT = (DOCS / "reference" / "data" / "dtypes.md").read_text(encoding="utf-8")
MEANINGS = ("time", "label", "value")
METRIC_FORMAT = {"__name__": "$VAR"}


class Row(NamedTuple):
    """A cell of a table: what it says is stored of something that is read in some way."""

    meaning: str
    what: str
    code: str
    keywords: str
    stored: str


def cells_under(heading: str) -> Iterator[list[str]]:
    """The cells of the table under a heading, row by row."""
    section = DOCUMENT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    _, _, *lines = [line for line in section.splitlines() if line.startswith("|")]
    for line in lines:
        yield line.strip("| ").split(" | ")


def rows_at_a_glance() -> Iterator[Row]:
    for what, code, *cells in cells_under("At a glance"):
        for meaning, cell in zip(MEANINGS, cells, strict=True):
            yield Row(meaning, what, code.strip("`"), "", cell)


def rows_in_detail() -> Iterator[Row]:
    for meaning, heading in zip(MEANINGS, ("The time", "Labels", "Values"), strict=True):
        for what, given, stored in cells_under(heading):
            code, _, keywords = given.strip("`").partition("`, `")
            yield Row(meaning, what, code, keywords, stored)


def each(rows: Iterator[Row]) -> pytest.MarkDecorator:
    """Parametrise a test; rows with Arrow dtypes need pyarrow."""
    needs_arrow = pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs pyarrow")
    return pytest.mark.parametrize(
        "row",
        [
            pytest.param(
                row,
                id=f"{row.meaning}: {row.what}",
                marks=[needs_arrow] if re.search(r"pyarrow|\bpa\.", row.code) else [],
            )
            for row in rows
        ],
    )


def run(code: str) -> Any:
    """What the code of a cell makes."""
    names = {"pd": pd, "np": np, "pa": pa, "dt": dt, "enum": enum, "Decimal": Decimal}
    return eval(code, names)  # noqa: S307 - it is our own document


def times(n: int) -> pd.DatetimeIndex:
    return pd.date_range("2026-01-01", periods=n, freq="1min", tz="UTC")


def frame_with(made: Any, meaning: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A frame in which something stands for time, labels or values, and how to read it so."""
    n = len(made)
    numbered = pd.DataFrame({"y": np.arange(n, dtype=float)})
    if meaning == "value":
        return pd.DataFrame({"y": made}).set_axis(times(n)), {"value_columns": ["y"]}
    if meaning == "label":
        labels = made if isinstance(made, pd.DataFrame) else made.to_frame("x")
        named = {"time": "time", "label_columns": list(labels.columns)}
        return labels.assign(time=times(n), y=numbered["y"]), named
    if isinstance(made, pd.Index):
        return numbered.set_axis(made), {}
    return numbered.assign(time=made), {"time": "time"}


def job_identity(made: Any, meaning: str, keywords: Mapping[str, Any]) -> str:
    """Say in the words of the document what is stored."""
    frame, named = frame_with(made, meaning)
    keywords = {"layout": "wide" if meaning == "value" else "auto", **named, **keywords}
    counts: dict[str, Counter[str]] = {"dropped": Counter(), "adjusted": Counter()}
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            text = b"".join(to_import_lines(frame, metric_format=METRIC_FORMAT, **keywords))
            read = parse_frame(
                frame, metric_format=METRIC_FORMAT, reading=ReadOptions.of(**keywords)
            )
            for block in read.blocks():
                counts["dropped"].update(block.dropped)
                counts["adjusted"].update(block.adjusted)
    except FrameError as error:
        return f"`{type(error).__name__}: {error}`"
    parts = [", ".join(stored_items(text.decode(), made, meaning)) or "nothing"]
    for what, by_reason in counts.items():
        parts += [f"{n} {what}: `{reason}`" for reason, n in by_reason.items()]
    parts += [f"`{name}`" for name in sorted({warning.category.__name__ for warning in caught})]
    return "; ".join(parts)


def stored_items(text: str, made: Any, meaning: str) -> Iterator[str]:
    """The times, values or labels of import lines as they stand there."""
    lines = text.rstrip("\n").split("\n") if text else []
    if meaning != "label":
        key = "timestamps" if meaning == "time" else "values"
        for line in lines:
            numbers = re.search(rf'"{key}":\[(.*?)\]', line)
            assert numbers is not None
            yield from (f"`{number}`" for number in numbers[1].split(","))
        return
    of_row: dict[float, str] = {}
    for line in map(json.loads, lines):
        labels = {name: text for name, text in line["metric"].items() if name != "__name__"}
        shown: object = labels if isinstance(made, pd.DataFrame) else labels.get("x")
        cell = "absent" if shown is None else f"`{json.dumps(shown, ensure_ascii=False)}`"
        of_row |= dict.fromkeys(line["values"], cell)
    yield from (of_row[row] for row in sorted(of_row))


def taken_for(column: pd.Series) -> str:
    """What a column of a long frame is taken for if nobody says; empty if it is refused.

    Rows of one time need labels to be told apart; values stand at times of their own.
    """
    for time in (times(len(column)), times(1)[0]):
        frame = pd.DataFrame({"time": time, "x": column, "y": 0.5})
        try:
            read = parse_frame(frame, metric_format=METRIC_FORMAT)
        except FrameError as refusal:
            if "may each be the time" in str(refusal):
                return "time"
            continue
        return "label" if "x" in read.label_names else "value"
    return ""


@each(rows_in_detail())
def test_what_is_stored_is_what_the_table_says(row: Row) -> None:
    keywords = run(f"dict({row.keywords})")
    # Old and new orjson differ in the sign of a large exponent alone.
    stored = job_identity(run(row.code), row.meaning, keywords)
    assert stored.replace("e+", "e") == row.stored.replace("e+", "e")


@each(rows_at_a_glance())
def test_every_dtype_is_stored_as_each_of_the_three_or_refused(row: Row) -> None:
    column = run(row.code)
    stored = re.sub(r"^(`\w+Error):.*", r"\1`", job_identity(column, row.meaning, {}))
    assert (f"**{stored}**" if taken_for(column) == row.meaning else stored) == row.stored


@pytest.mark.parametrize("rows", [rows_at_a_glance, rows_in_detail])
def test_no_row_is_there_twice(rows: Callable[[], Iterator[Row]]) -> None:
    counted = Counter((row.meaning, row.code, row.keywords) for row in rows())
    assert [case for case, n in counted.items() if n > 1] == []
    assert len(counted) > 100  # a table that is not found would have no rows
