"""What becomes of text that nobody named: beside the corpus."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tests.support.frame_samples import minutes, read, stored
from vm_df_writer.errors import ColumnError, TimestampError

TIMES = minutes(0, 0, 1, 1, 2, 2, 3, 3)


def frame_with(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"time": TIMES, "host": ["a", "b"] * 4, "y": 0.5, **columns})


def refusal(frame: pd.DataFrame, **reading: Any) -> str:
    with pytest.raises(ColumnError) as caught:
        read(frame, **reading)
    return str(caught.value)


@pytest.mark.parametrize("reading", [{}, {"value_columns": ["y"]}])
def test_text_that_changes_within_a_series_is_refused(reading: dict[str, Any]) -> None:
    state = ["up", "up", "up", "down", "up", "up", "down", "up"]
    assert refusal(frame_with(state=state), **reading) == (
        "column 'state': text that no rows of one time need to be told apart (found 'up', 'down'): "
        "as a label it would cut a series wherever it changes; leave it out with "
        "label_columns=['host'], value_columns=['y'], or make it a label with "
        "label_columns=['host', 'state'], value_columns=['y']"
    )


def test_an_id_of_each_row_is_refused_though_rows_need_it() -> None:
    frame = frame_with(trace=[f"t-{i}" for i in range(8)]).drop(columns="host")
    assert refusal(frame).startswith(
        "column 'trace': as a label it would make 8 series of 8 rows (found 't-0', 't-1', 't-2', "
    )


NUMBERS = "numbers as text (found"
CONVERT = "convert it with frame['x'] = frame['x']"


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["1,024", "2,048"], [NUMBERS, f"{CONVERT}.str.replace(',', '').astype(float) if it is"]),
        (["0,5", "2,25"], [NUMBERS, f"{CONVERT}.str.replace(',', '.').astype(float) if it is"]),
        (["yes", "no"], ["yes or no as text", f"{CONVERT}.map({{'yes': 1, 'no': 0}}) if it is"]),
        (["50 %", "60 %"], [NUMBERS, f"{CONVERT}.str.rstrip('% ').astype(float) if it is"]),
        (["8 GiB", "9 GiB"], [NUMBERS, f"{CONVERT}.str.removesuffix(' GiB').astype(float) if"]),
        (["1 °C", "9 °F"], ["numbers as text (found '1 °C', '9 °F'); convert it to numbers if"]),
        (["50 %"], [f"{NUMBERS} '50 %');"]),
        (["-"], ["holds nothing but '-', which may stand for missing numbers or be a label"]),
    ],
)
def test_values_that_were_written_as_text_are_refused(texts: list[str], said: list[str]) -> None:
    frame = frame_with(host="a", time=minutes(*range(8)), x=texts * (8 // len(texts)))
    text = refusal(frame)
    assert text.startswith("column 'x': holds ")
    assert [part for part in said if part not in text] == []
    assert (
        "or leave it out with label_columns=['host'], value_columns=['y']" in text or "-" in texts
    )


def test_text_that_looks_like_numbers_is_a_label_where_rows_need_it() -> None:
    for texts in (["50%", "99%"], ["113", "205"], ["yes", "no"], ["4 TB", "8 TB"]):
        frame = frame_with(host=texts * 4)
        assert set(stored(frame)) == {f"y{{host={text}}}" for text in texts}


def test_text_that_describes_a_thing_is_a_label() -> None:
    assert set(
        stored(frame_with(size=["4 TB", "8 TB"] * 4, since=["2025-01-01", "2026-01-01"] * 4))
    ) == {
        "y{host=a,since=2025-01-01,size=4 TB}",
        "y{host=b,since=2026-01-01,size=8 TB}",
    }


def test_a_second_time_is_refused_as_such() -> None:
    seen = [f"2026-01-01 00:0{i}:07" for i in range(8)]
    assert refusal(frame_with(seen=seen)).startswith(
        "column 'seen': times that no rows of one time need to be told apart"
    )


def test_times_of_day_are_a_part_of_the_time() -> None:
    days = pd.DataFrame({"day": ["2026-01-01"] * 2, "hour": ["10:00", "11:00"], "y": 0.5})
    with pytest.raises(TimestampError, match=r"^timestamps: column 'day' holds dates and column"):
        read(days, time="day")


@pytest.mark.parametrize("column", [["B-1", "B-2"] * 4, ["north", "south"] * 4])
def test_things_that_report_at_odd_times_are_labels(column: list[str]) -> None:
    frame = frame_with(time=minutes(*range(8)), host="a").assign(station=column)
    assert len(stored(frame)) == 2
    batch = ["B-1"] * 4 + ["B-2"] * 4
    assert "column 'batch'" in refusal(frame.drop(columns="station").assign(batch=batch))


def test_several_metrics_in_one_column_are_refused_with_the_layout_that_reads_them() -> None:
    frame = frame_with(__name__=["up", "load"] * 4).drop(columns="host")
    text = refusal(frame)
    assert text.endswith("pass layout='melted', variable_column='__name__', value_column='y'")
    melted = stored(frame, layout="melted", variable_column="__name__", value_column="y")
    assert set(melted) == {"up", "load"}


def test_whole_numbers_beside_the_values_of_a_melted_frame_are_labels_that_do_not_change() -> None:
    frame = frame_with(rack=[1, 2] * 4, z=1.5).melt(["time", "host", "rack"])
    assert set(stored(frame)) == {
        f"{var}{{host={host},rack={rack}}}" for var in "yz" for host, rack in (("a", 1), ("b", 2))
    }
    changing = frame_with(n=[1, 2, 2, 2] * 2).melt(["time", "host", "n"])
    assert refusal(changing).startswith(
        "column 'n': holds numbers (found '1', '2') beside the values of a melted frame, and they "
        "change within a series; leave it out with "
    )


def test_who_passes_a_thing_is_a_condition_of_it() -> None:
    frame = frame_with(time=minutes(*range(8)), host="a")
    for name, held in (
        ("operator", ["ann"] * 5 + ["bob"] * 3),
        ("product", ["tin"] * 4 + ["jar"] * 4),
    ):
        assert f"column {name!r}: text that no rows" in refusal(frame.assign(**{name: held}))


@pytest.mark.parametrize(("n_hosts", "is_label"), [(10, True), (15, False)])
def test_names_of_things_at_odd_times_are_labels_where_they_come_back(
    n_hosts: int, is_label: bool
) -> None:
    times = minutes(*(row + row // 3 for row in range(20)))
    hosts = [f"machine {row % n_hosts}" for row in range(20)]
    frame = pd.DataFrame({"time": times, "host": hosts, "y": 0.5})
    if is_label:
        assert len(stored(frame)) == n_hosts
    else:
        assert "as a label it would cut a series wherever it changes" in refusal(frame)
