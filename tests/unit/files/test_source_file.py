"""Files are cut into parts, and parts are read, the same each time."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.files import csv_parts
from vm_df_writer.files.schema_check import odd_columns
from vm_df_writer.files.source_file import (
    SourceFile,
    has_changed,
    plan_source,
    read_parts,
    reads_in_one_go,
)
from vm_df_writer.jobs import SourceError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

N_ROWS = 100
CUT_GZIP = gzip.compress(b"y\n1\n2\n" * 999, mtime=0)[:-9]


def scores() -> pd.DataFrame:
    times = pd.date_range("2026-01-01", periods=N_ROWS, freq="1min", tz="UTC").as_unit("ms")
    return pd.DataFrame(
        {
            "time": times,
            "host": [f"00{i % 3}" for i in range(N_ROWS)],
            "y": np.arange(N_ROWS, dtype=float),
            "count": pd.array([None, *range(1, N_ROWS)], dtype="Int64"),
        }
    )


def write_parquet(path: Path) -> None:
    scores().to_parquet(path, row_group_size=30)


def write_feather(path: Path) -> None:
    table = pa.Table.from_pandas(scores())
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=30)


def write_csv(path: Path) -> None:
    scores().to_csv(path, index=False)


def write_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(scores().to_csv(index=False).encode()))


def write_zstd(path: Path) -> None:
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(scores().to_csv(index=False).encode())


FORMATS = {
    "scores.parquet": write_parquet,
    "scores.feather": write_feather,
    "scores.csv": write_csv,
    "scores.csv.gz": write_gzip,
    "scores.csv.zst": write_zstd,
}

each_format = pytest.mark.parametrize("name", FORMATS)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_parts, "CHUNK_BYTES", 1000)


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        path = tmp_path / name
        FORMATS[name](path)
        return path

    return make


def plan(path: Path, reading: ReadOptions | None = None) -> SourceFile:
    return plan_source(str(path), reading or ReadOptions())


@each_format
def test_parts_are_the_file_cut_into_pieces(name: str, make: Callable[[str], Path]) -> None:
    source = plan(make(name))
    assert source.error is None
    assert len(source.parts) > 3
    assert [part.number for part in source.parts] == list(range(len(source.parts)))
    assert sum(part.rows for part in source.parts) == N_ROWS
    frames = [frame for _, frame in read_parts(source, source.parts, ReadOptions())]
    assert [len(frame) for frame in frames] == [part.rows for part in source.parts]
    whole = pd.concat(frames)
    assert whole["y"].tolist() == scores()["y"].tolist()
    assert whole["host"].tolist() == scores()["host"].tolist()
    assert pd.to_datetime(whole["time"], format="ISO8601").tolist() == scores()["time"].tolist()


@each_format
def test_a_part_alone_is_the_one_among_the_others(name: str, make: Callable[[str], Path]) -> None:
    source = plan(make(name))
    together = {
        part.number: frame for part, frame in read_parts(source, source.parts, ReadOptions())
    }
    for chosen in ([source.parts[2]], [source.parts[0], source.parts[3]]):
        for part, frame in read_parts(source, chosen, ReadOptions()):
            pd.testing.assert_frame_equal(frame, together[part.number])


def test_the_index_of_a_frame_survives(tmp_path: Path) -> None:
    path = tmp_path / "indexed.parquet"
    frame = scores()[["time", "y"]].set_index("time")
    frame.to_parquet(path)
    source = plan(path)
    ((_, read),) = read_parts(source, source.parts, ReadOptions())
    pd.testing.assert_frame_equal(read, frame, check_freq=False)


def test_parquet_tells_the_times_of_its_row_groups(make: Callable[[str], Path]) -> None:
    first_ms = 1767225600000
    times = [(part.first_ms, part.last_ms) for part in plan(make("scores.parquet")).parts]
    assert times[0] == (first_ms, first_ms + 29 * 60_000)
    assert times[3] == (first_ms + 90 * 60_000, first_ms + 99 * 60_000)


def test_times_as_text_do_not_tell_from_when_to_when_they_are(tmp_path: Path) -> None:
    # The hour that comes twice where summer time ends: the last one of the alphabet is the second.
    times = [f"2026-10-25T02:{text}" for text in ("00+02:00", "30+02:00", "15+01:00")]
    pd.DataFrame({"time": times, "y": range(3)}).to_parquet(tmp_path / "text.parquet")
    (part,) = plan(tmp_path / "text.parquet").parts
    assert (part.first_ms, part.last_ms) == (None, None)


def test_only_named_columns_are_read(make: Callable[[str], Path]) -> None:
    reading = ReadOptions(time="time", label_columns=["host"], value_columns=["y"])
    source = plan(make("scores.parquet"), reading)
    assert list(source.schema) == ["time", "host", "y"]
    _, frame = next(read_parts(source, source.parts, reading))
    assert list(frame.columns) == ["time", "host", "y"]


def test_integers_beside_missing_ones_keep_their_digits(tmp_path: Path) -> None:
    path = tmp_path / "ints.parquet"
    pq.write_table(pa.table({"n": pa.array([2**60 + 1, None])}), path)
    source = plan(path)
    ((_, frame),) = read_parts(source, source.parts, ReadOptions())
    assert frame["n"].iloc[0] == 2**60 + 1


def test_chunks_of_a_csv_end_with_lines_and_not_within_quotes(tmp_path: Path) -> None:
    path = tmp_path / "quoted.csv"
    lines = [f'{i},"a\nb""{i}"\n' for i in range(500)]
    path.write_text("y,text\n" + "".join(lines))
    source = plan(path)
    assert len(source.parts) > 3
    whole = pd.concat([frame for _, frame in read_parts(source, source.parts, ReadOptions())])
    assert whole["text"].tolist() == [f'a\nb"{i}' for i in range(500)]


def test_a_column_of_a_csv_is_what_its_first_lines_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_parts, "_SAMPLE_BYTES", 100)
    path = tmp_path / "late.csv"
    path.write_text("host,y\n" + "007,1.5\n" * 200 + "8,2.5\n" * 300)
    source = plan(path)
    last = list(read_parts(source, source.parts, ReadOptions()))[-1][1]
    assert set(last["host"]) == {"8"}  # still text
    path.write_text("host,y\n" + "a,1.5\n" * 400 + "a,oops\n")
    source = plan(path)
    frames = read_parts(source, source.parts[-1:], ReadOptions())
    with pytest.raises(SourceError, match=r"^column 'y', row \d+: expected a number, got 'oops'"):
        next(frames)


def test_missing_numbers_alone_are_numbers_where_the_labels_are_named(tmp_path: Path) -> None:
    path = tmp_path / "missing.csv"
    path.write_text("host,y,yhat\n" + "a,1.5,NA\n" * 9)
    reading = ReadOptions(label_columns=["host"])
    source = plan(path, reading)
    ((_, frame),) = read_parts(source, source.parts, reading)
    assert frame["yhat"].isna().all()


def test_a_quote_that_is_never_closed_is_found_while_planning(tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    path.write_text('y,text\n1,"a\n' + "2,b\n" * 2000)
    message = r"^no line ends within [\d,]+ bytes; check the file for a double quote that is not"
    with pytest.raises(SourceError, match=message):
        raise SourceError(str(plan(path).error))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"PAR1 and nothing else", "cannot be read (Parquet magic bytes not found"),
        ("a.feather", b"ARROW1 and nothing else", "cannot be read ("),
        ("a.feather", b"FEA1 and so on FEA1", "is a Feather file of version 1, which cannot be"),
        ("a.csv.gz", b"no gzip", "cannot be read (Not a gzipped file"),
        ("a.csv.gz", CUT_GZIP, "cannot be read (Compressed file"),
        ("a.csv.zst", b"no zstd at all", "cannot be read ("),
        ("a.csv", b"", "is empty; a CSV begins with the names of its columns"),
        ("a.csv", b"y,y\n1,2\n", "column 'y' stands twice in the header; rename one of them"),
        ("a.csv", b"y,z\r1,2\r3,4\r", "its lines end with a carriage return alone, where no part"),
        ("a.csv", b"y,z\r1,2\n3,4\n", "its lines end with a carriage return alone, where no part"),
        ("a.txt", b"y\n1\n", "the name does not say a known format; name it .parquet, .csv,"),
    ],
)
def test_what_is_wrong_with_a_file_stands_in_its_plan(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    source = plan(path)
    assert source.error is not None
    assert source.error.startswith(message)
    assert len(source.parts) == 1


def test_a_damaged_row_group_leaves_the_others_readable(make: Callable[[str], Path]) -> None:
    path = make("scores.parquet")
    chunk = pq.ParquetFile(path).metadata.row_group(1).column(2)
    damaged = bytearray(path.read_bytes())
    start = chunk.data_page_offset
    damaged[start : start + 20] = b"\xff" * 20
    path.write_bytes(damaged)
    source = plan(path)
    with pytest.raises(SourceError, match=r"^cannot be read \(.+\); check the file$"):
        next(read_parts(source, [source.parts[1]], ReadOptions()))
    _, frame = next(read_parts(source, [source.parts[2]], ReadOptions()))
    assert len(frame) == 30


def test_a_new_time_of_change_alone_is_no_change(make: Callable[[str], Path]) -> None:
    path = make("scores.parquet")
    source = plan(path)
    os.utime(path, ns=(1, 1))
    assert not has_changed(source)
    path.write_bytes(path.read_bytes().replace(b"000", b"999", 1))
    assert has_changed(source)


def test_a_file_that_changes_after_it_was_planned_is_not_read_on(
    make: Callable[[str], Path],
) -> None:
    path = make("scores.csv")
    source = plan(path)
    frames = read_parts(source, source.parts, ReadOptions())
    next(frames)
    with path.open("a") as file:
        file.write("2026-02-01T00:00:00Z,001,5,5\n")
    with pytest.raises(SourceError, match=r"^it was changed after it was planned; when it is"):
        next(frames)


def test_odd_columns_are_named_beside_those_of_most_files(tmp_path: Path) -> None:
    for name, frame in {
        "a": scores().drop(columns="host"),
        "b": scores(),
        "c": scores(),
        "d": scores().assign(host=1, hots="x"),
    }.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    odd = odd_columns([plan(path) for path in sorted(tmp_path.iterdir())], ReadOptions())
    assert {Path(path).name: reason.split(": ", 1)[1] for path, reason in odd.items()} == {
        "a.parquet": "'host' is missing; write it in a job of its own, or name the columns with "
        "label_columns= and value_columns=",
        "d.parquet": "'hots' is new, 'host' holds numbers, not text; write it in a job of its own, "
        "or name the columns with label_columns= and value_columns=",
    }


def test_only_compressed_csv_must_be_read_from_its_start() -> None:
    assert [reads_in_one_go(name) for name in ("A.CSV.GZ", "a.csv.zst", "a.csv", "a.parquet")] == [
        *(True, True, False, False)
    ]
