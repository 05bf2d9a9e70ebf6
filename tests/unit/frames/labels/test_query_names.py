from __future__ import annotations

import warnings

import pandas as pd
import pytest

from vm_df_writer import NameWarning
from vm_df_writer.frames.parse import parse_frame


def warned(*columns: str, **labels: str) -> str | None:
    """Return what is said of a frame of such columns."""
    index = pd.DatetimeIndex(["2026-01-01"], name="time")
    frame = pd.DataFrame([[1.0] * len(columns)], index=index, columns=list(columns))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        parse_frame(frame.assign(**labels))
    return str(heard[0].message) if heard else None


@pytest.mark.parametrize("name", ["y", "cpu:usage", "cpu.p99", "température", "_total", "値"])
def test_names_that_a_query_takes_are_stored_without_a_word(name: str) -> None:
    assert warned(name) is None


@pytest.mark.parametrize("name", ["score(%)", "a-b", "p99/ms", "5xx", "ok?"])
def test_a_metric_that_a_query_must_quote_is_named(name: str) -> None:
    assert warned(name) == (
        f"names: {name!r} cannot stand in a query without quotes; rename the columns, such as "
        f"frame.rename(columns=...), or quote them: {{__name__={name!r}}}"
    )


def test_a_label_that_a_query_must_quote_is_named() -> None:
    said = warned("y", **{"data-center": "eu"})
    assert said is not None
    assert said.startswith("names: 'data-center' cannot stand in a query")
    assert said.endswith('or quote them: {"data-center"="..."}')


def test_of_many_names_three_are_shown() -> None:
    said = warned(*(f"a-{number}" for number in range(9)))
    assert said is not None
    assert said.startswith("names: 'a-0', 'a-1', 'a-2' and 6 more cannot")


def test_the_warning_is_one_that_can_be_silenced_by_its_class() -> None:
    index = pd.DatetimeIndex(["2026-01-01"], name="time")
    with pytest.warns(NameWarning):
        parse_frame(pd.DataFrame({"a-b": [1.0]}, index=index))
