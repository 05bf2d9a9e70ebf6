from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.frames.grouping import group_rows
from vm_df_writer.frames.labels.label_column import label_from_column
from vm_df_writer.frames.roles.label_need import LabelNeed, judge_need, share_of_shared_times


def need_of(time: Sequence[int], definite: Any = (), **columns: Sequence[object]) -> LabelNeed:
    ms = np.array(time, dtype=np.int64)
    labels = [label_from_column(n, pd.Series(held, dtype=object), n) for n, held in columns.items()]
    grouped = group_rows([*definite, *labels], ms, None)
    return judge_need(definite, labels, grouped, ms)


def test_what_tells_rows_of_one_time_apart_is_needed() -> None:
    assert need_of([1, 1, 2, 2], host=list("abab")).standings == ["needed"]
    both = need_of([1, 1, 1, 1], site=list("eeww"), node=list("abab"))
    assert (both.standings, both.n_series, both.rows_per_series) == (["needed", "needed"], 4, 1.0)


def test_what_is_the_same_in_a_series_is_an_attribute() -> None:
    found = need_of([1, 1, 2, 2], host=list("abab"), model=list("xyxy"), unit=list("uuuu"))
    assert found.standings == ["attribute", "needed", "attribute"]
    assert need_of([1, 2], unit=["%", "%"]).standings == ["attribute"]


def test_what_changes_in_a_series_varies() -> None:
    found = need_of([1, 1, 2, 2], host=list("abab"), state=list("xxxy"), id=list("pqrs"))
    assert found.standings == ["needed", "varying", "varying"]
    assert need_of([1, 2, 3], state=list("xyx"), code=list("pqp")).standings == ["varying"] * 2


def test_a_few_shared_times_are_no_need() -> None:
    assert need_of([1, 2, 3, 4, 5, 2], note=[None, None, None, None, None, "b"]).standings == [
        "varying"
    ]


def test_a_certain_label_may_be_all_that_is_needed() -> None:
    host = label_from_column("host", pd.Series(list("abab"), dtype=object), "host")
    assert need_of([1, 1, 2, 2], [host], role=list("pssp")).standings == ["varying"]


def test_rows_without_a_time_need_nothing() -> None:
    ms = np.zeros(2, dtype=np.int64)
    host = label_from_column("host", pd.Series(["a", "b"]), "host")
    grouped = group_rows([host], ms, np.array([False, False]))
    assert judge_need([], [host], grouped, ms).standings == ["attribute"]


@pytest.mark.parametrize("n_hosts", [2, 40])
@pytest.mark.parametrize("n_sites", [1, 30])
def test_many_rows_are_judged_by_some_of_them_as_by_all(n_hosts: int, n_sites: int) -> None:
    n_times = 50
    frame = pd.MultiIndex.from_product(
        [range(n_times), map(str, range(n_sites)), map(str, range(n_hosts))]
    ).to_frame(name=["time", "site", "host"])
    found = need_of([*frame["time"]], site=[*frame["site"]], host=[*frame["host"]])
    assert found.standings == ["needed" if n_sites > 1 else "attribute", "needed"]
    assert found.rows_per_series == n_times


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=40
    )
)
def test_the_share_of_shared_times_is_that_of_a_plain_count(
    rows: list[tuple[int, int, int]],
) -> None:
    times, series, parts = (np.array(column) for column in zip(*rows, strict=True))
    labels = [label_from_column(n, pd.Series(held), n) for n, held in (("s", series), ("p", parts))]
    grouped = group_rows(labels, times, None)
    together, of_part = series[grouped.first_rows], parts[grouped.first_rows]
    apart = together * 10 + of_part
    pairs = set(zip(series.tolist(), parts.tolist(), strict=True))
    is_cut = {s for s, p in pairs if any((s, other) in pairs for other in range(4) if other != p)}
    shared = [
        any(row[:2] == other[:2] and row[2] != other[2] for other in rows)
        for row in rows
        if row[1] in is_cut
    ]
    if shared and np.mean(shared) <= 0.5:
        found = share_of_shared_times(grouped, times, together, apart)
        assert found == pytest.approx(np.mean(shared)) or found > 0.5
