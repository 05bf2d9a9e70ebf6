"""Parquet files tell what they hold and from when to when; pandas' own types come back."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer import to_import_lines
from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.errors import SourceError
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.parquet import ParquetFormat
from vm_df_writer.files.part import Part, Schema

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

PARQUET = ParquetFormat()
FIRST_MS = 1767225600000
MINUTES = pd.date_range("2026-01-01", periods=6, freq="1min", tz="UTC")


def written(frame: pd.DataFrame, **options: Any) -> BytesIO:
    file = BytesIO()
    frame.to_parquet(file, row_group_size=3, **options)
    file.seek(0)
    return file


def plan(file: BytesIO, **reading: Any) -> tuple[Schema, list[Part]]:
    return PARQUET.plan(file, ReadOptions(**reading), FileOptions())


def times_of(file: BytesIO, **reading: Any) -> list[tuple[int | None, int | None]]:
    _, parts = plan(file, **reading)
    return [(part.first_ms, part.last_ms) for part in parts]


def read(file: BytesIO, **reading: Any) -> pd.DataFrame:
    schema, parts = plan(file, **reading)
    in_parts = pd.concat([*PARQUET.read(file, schema, parts, ReadOptions(**reading))])
    whole = PARQUET.read_whole(file, ReadOptions(**reading), FileOptions())
    if isinstance(whole.index, pd.RangeIndex):
        in_parts = in_parts.reset_index(drop=True)
    pd.testing.assert_frame_equal(in_parts, whole, check_freq=False)
    return whole


TOLD = [(FIRST_MS, FIRST_MS + 120_000), (FIRST_MS + 180_000, FIRST_MS + 300_000)]


def test_row_groups_tell_their_times() -> None:
    assert times_of(written(pd.DataFrame({"time": MINUTES, "y": 1.0}))) == TOLD
    assert times_of(written(pd.DataFrame({"y": 1.0}, index=MINUTES))) == TOLD
    epochs = MINUTES.as_unit("s").astype("int64")
    assert times_of(written(pd.DataFrame({"time": epochs, "y": 1.0})), time_unit="s") == TOLD


def test_dates_tell_their_times() -> None:
    days = pd.date_range("2026-01-01", periods=3).date
    assert times_of(written(pd.DataFrame({"date": days, "y": 1.0})), time="date") == [
        (FIRST_MS, FIRST_MS + 2 * 86_400_000)
    ]


@pytest.mark.parametrize(
    ("times", "reading"),
    [
        # The hour that comes twice where summer time ends: the last of the alphabet is the second.
        (["2026-10-25T02:00+02:00", "2026-10-25T02:30+02:00", "2026-10-25T02:15+01:00"], {}),
        (pd.period_range("2026-01", periods=3, freq="M"), {"time_unit": "s"}),
        (pd.array([None] * 3, dtype="datetime64[ns]"), {}),
        (np.array(["1650-01-01"] * 3, dtype="datetime64[s]"), {}),
        ([1, 2, 3], {}),
    ],
    ids=["text", "periods", "nothing", "before all", "integers"],
)
def test_what_does_not_tell_times_is_planned_without(times: Any, reading: dict[str, Any]) -> None:
    assert times_of(written(pd.DataFrame({"time": times, "y": 1.0})), **reading) == [(None, None)]


def test_a_file_without_statistics_is_planned_without_times() -> None:
    file = BytesIO()
    table = pa.Table.from_pandas(pd.DataFrame({"time": MINUTES, "y": 1.0}))
    pq.write_table(table, file, write_statistics=False)
    assert times_of(file) == [(None, None)]


def test_a_file_without_a_time_is_planned_and_a_part_will_tell() -> None:
    schema, parts = plan(written(pd.DataFrame({"a": [1.0], "b": [1.0]})))
    assert [*schema.columns] == ["a", "b"]
    assert [(part.first_ms, part.last_ms) for part in parts] == [(None, None)]


def test_a_nested_column_of_the_same_name_is_not_the_time() -> None:
    table = pa.table(
        {"a": [{"time": 1}], "time": pa.array([FIRST_MS], pa.timestamp("ms")), "y": [1.0]}
    )
    file = BytesIO()
    pq.write_table(table, file)
    assert times_of(file) == [(FIRST_MS, FIRST_MS)]


def test_only_named_columns_are_read_and_the_index_of_the_file() -> None:
    frame = pd.DataFrame(
        {"time": MINUTES, "host": "a", "note": "x", "y": 1.0, "rack": [*"aabbcc"]}
    ).set_index("rack")
    reading = {"time": "time", "label_columns": ["host"], "value_columns": ["y"]}
    schema, _ = plan(written(frame), **reading)
    assert [*schema.columns] == ["time", "host", "y"]
    found = read(written(frame), **reading)
    assert [*found.columns] == ["time", "host", "y"]
    assert found.index.tolist() == [*"aabbcc"]


@pytest.mark.parametrize(
    "column",
    [
        pd.period_range("2026-01", periods=6, freq="M"),
        pd.Categorical([*"ababab"]),
        pd.Categorical([1, 2, 1, 2, 1, None]),
        pd.array([2**60 + 1, None, 3, 4, 5, 6], dtype="Int64"),
        pd.array([True, None, True, False, False, True], dtype="boolean"),
        np.arange(6, dtype=np.float32),
        MINUTES.tz_convert("Europe/Berlin"),
        ["007", "NA", "a", "b", "c", "d"],
    ],
    ids=lambda column: str(getattr(column, "dtype", "text")),
)
def test_dtypes_come_back_whole_and_in_parts(column: Any) -> None:
    frame = pd.DataFrame({"x": column, "y": 1.0})
    found = read(written(frame))["x"]
    if str(frame["x"].dtype) in ("str", "object"):
        assert found.tolist() == frame["x"].tolist()
    else:
        pd.testing.assert_series_equal(found, frame["x"], check_categorical=False)


@pytest.mark.parametrize("freq", ["M", "h"])
def test_an_index_of_periods_comes_back(freq: str) -> None:
    index = pd.period_range("2026-01", periods=6, freq=freq, name="when")
    found = read(written(pd.DataFrame({"y": 1.0}, index=index))).index
    pd.testing.assert_index_equal(found, index)


def test_index_levels_come_back() -> None:
    index = pd.MultiIndex.from_product([MINUTES[:3], ["a", "b"]], names=["time", "host"])
    frame = pd.DataFrame({"y": np.arange(6.0)}, index=index)
    pd.testing.assert_index_equal(read(written(frame)).index, index)


def labelled(n: int = 600) -> pd.DataFrame:
    """Return rows with labels of few texts, one of them often missing, and one of many."""
    return pd.DataFrame(
        {
            "time": pd.date_range("2026-01-01", periods=n, freq="1min", tz="UTC"),
            "host": ["ab"[i % 2] * 9 for i in range(n)],
            "rack": [[None, "", "r1", "r2"][i % 4] for i in range(n)],
            "instance": [f"instance-{i:06d}" for i in range(n)],
            "y": np.arange(float(n)),
        }
    )


def parts_of(frame: pd.DataFrame, **reading: Any) -> list[pd.DataFrame]:
    file = BytesIO()
    frame.to_parquet(file, row_group_size=400)
    schema, parts = plan(file, **reading)
    return [*PARQUET.read(file, schema, parts, ReadOptions(**reading))]


def test_named_labels_of_few_texts_are_read_as_categories() -> None:
    roles = {"time": "time", "label_columns": ["host", "rack", "instance", "gone"]}
    for part in parts_of(labelled(), **roles):
        are_categories = [isinstance(dtype, pd.CategoricalDtype) for dtype in part.dtypes]
        assert are_categories == [False, True, True, False, False]
    for part in parts_of(labelled(), label_columns=["instance"]):
        assert not any(isinstance(dtype, pd.CategoricalDtype) for dtype in part.dtypes)


@pytest.mark.parametrize("index", [None, "host", ["time", "host", "rack"]])
def test_what_is_read_as_categories_is_stored_as_what_it_is(index: Any) -> None:
    frame = labelled() if index is None else labelled().set_index(index)
    roles: ReadingKeywords = {
        "time": "time",
        "label_columns": ["host", "rack", "instance"],
        "value_columns": ["y"],
    }
    read_as_they_are = parts_of(frame)
    read_by_roles = parts_of(frame, **roles)
    assert [len(part) for part in read_by_roles] == [400, 200]
    for part, other in zip(read_by_roles, read_as_they_are, strict=True):
        lines = [b"".join(to_import_lines(each, **roles)) for each in (part, other)]
        assert lines[0] == lines[1]
        assert lines[0].count(b'"rack":"r1"') == len(part) // 4


def test_a_time_that_repeats_stays_text_though_it_is_a_label_too() -> None:
    frame = labelled().assign(time="2026-01-01 00:00:00")
    (part, _) = parts_of(frame, time="time", label_columns=["time", "host"])
    assert not isinstance(part["time"].dtype, pd.CategoricalDtype)
    assert isinstance(part["host"].dtype, pd.CategoricalDtype)


def test_the_kinds_of_columns_are_told() -> None:
    frame = pd.DataFrame(
        {
            "time": MINUTES,
            "host": "a",
            "n": 1,
            "y": 1.0,
            "flag": True,
            "kind": pd.Categorical([*"ababab"]),
            "nothing": None,
        }
    )
    assert plan(written(frame))[0].columns == {
        "time": "times",
        "host": "text",
        "n": "integers",
        "y": "floats",
        "flag": "booleans",
        "kind": "text",
        "nothing": "",
    }


def test_planning_needs_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(pd.DataFrame({"y": [1.0]}))
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(SourceError, match=r"^this format needs pyarrow, which is not installed;"):
        plan(file)


def test_a_damaged_row_group_leaves_the_others_readable() -> None:
    file = written(pd.DataFrame({"time": MINUTES, "y": np.arange(6.0)}))
    schema, parts = plan(file)
    start = pq.ParquetFile(file).metadata.row_group(0).column(1).data_page_offset
    damaged = bytearray(file.getvalue())
    damaged[start : start + 20] = b"\xff" * 20
    broken = BytesIO(bytes(damaged))
    with pytest.raises((OSError, pa.ArrowException)):
        next(PARQUET.read(broken, schema, parts[:1], ReadOptions()))
    (frame,) = PARQUET.read(broken, schema, parts[1:], ReadOptions())
    assert frame["y"].tolist() == [3.0, 4.0, 5.0]
