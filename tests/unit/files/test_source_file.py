"""Files are read whole or in parts, the same each time, and known again."""

from __future__ import annotations

import gzip
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import SourceError
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.formats import SUFFIXES, find_format
from vm_df_writer.files.source_file import (
    SourceFile,
    frame_source,
    has_changed,
    plan_source,
    read_file,
    read_parts,
)
from vm_df_writer.files.text_stream import COMPRESSIONS

pa = pytest.importorskip("pyarrow")

N_ROWS = 100
READING = ReadOptions()
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


def write_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(scores().to_csv(index=False).encode()))


def write_zstd(path: Path) -> None:
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(scores().to_csv(index=False).encode())


FORMATS: dict[str, Callable[[Path], None]] = {
    "scores.parquet": write_parquet,
    "scores.feather": write_feather,
    "scores.csv": lambda path: scores().to_csv(path, index=False),
    "scores.tsv": lambda path: scores().to_csv(path, index=False, sep="\t"),
    "scores.csv.gz": write_gzip,
    "scores.csv.zst": write_zstd,
}


def kind_of(name: str) -> tuple[str, bool]:
    return type(find_format(name, io.BytesIO(b"x"))).__name__, name.endswith(tuple(COMPRESSIONS))


def test_every_format_is_among_them_and_packed_if_it_may_be() -> None:
    assert set(map(kind_of, FORMATS)) == {kind_of(f"scores{suffix}") for suffix in SUFFIXES}


each_format = pytest.mark.parametrize("name", FORMATS)


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        path = tmp_path / name
        FORMATS[name](path)
        return path

    return make


def plan(path: Path | str, **options: Any) -> SourceFile:
    return plan_source(str(path), ReadOptions(), FileOptions(**options, chunk_bytes=1000))


def frames_of(source: SourceFile) -> list[pd.DataFrame]:
    return [frame for _, frame in read_parts(source, source.parts, ReadOptions())]


@each_format
def test_parts_are_the_file_cut_into_pieces(name: str, make: Callable[[str], Path]) -> None:
    source = plan(make(name))
    assert source.error is None
    assert len(source.parts) > 3
    assert [part.number for part in source.parts] == list(range(len(source.parts)))
    assert sum(part.rows for part in source.parts) == N_ROWS
    frames = frames_of(source)
    assert [len(frame) for frame in frames] == [part.rows for part in source.parts]
    whole = pd.concat(frames, ignore_index=True)
    pd.testing.assert_frame_equal(whole, read_file(source.path, ReadOptions()))
    assert whole["y"].tolist() == scores()["y"].tolist()
    assert whole["host"].tolist() == scores()["host"].tolist()
    assert pd.to_datetime(whole["time"], format="ISO8601").tolist() == scores()["time"].tolist()


@each_format
def test_a_part_alone_is_the_one_among_the_others(name: str, make: Callable[[str], Path]) -> None:
    source = plan(make(name))
    together = {part.number: frame for part, frame in read_parts(source, source.parts, READING)}
    for chosen in ([source.parts[2]], [source.parts[0], source.parts[3]]):
        for part, frame in read_parts(source, chosen, READING):
            pd.testing.assert_frame_equal(frame, together[part.number])


def test_times_in_a_form_that_is_named_are_read_whole_and_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("time,y\n" + "31/12/2026 06:00,1.5\n" * 200)
    options = FileOptions(time_format="%d/%m/%Y %H:%M", chunk_bytes=1000)
    whole = read_file(str(path), READING, options)
    assert set(whole["time"]) == {pd.Timestamp("2026-12-31 06:00")}
    source = plan_source(str(path), READING, options)
    assert len(source.parts) > 2
    (last,) = read_parts(source, source.parts[-1:], READING, options)
    assert set(last[1]["time"]) == set(whole["time"])


def test_standard_input_is_read_by_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = io.BytesIO()
    scores().to_parquet(parquet)
    for data in (scores().to_csv(index=False).encode(), parquet.getvalue()):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert read_file("-", READING)["host"].tolist() == scores()["host"].tolist()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"PAR1 and nothing else", "cannot be read (Parquet magic bytes not found"),
        ("a.feather", b"ARROW1 and nothing else", "cannot be read ("),
        ("a.feather", b"FEA1 and so on FEA1", "is a Feather file of version 1, which cannot be"),
        ("a.csv.gz", CUT_GZIP, "cannot be read (Compressed file"),
        ("a.csv.zst", b"\x28\xb5\x2f\xfd and no more", "cannot be read ("),
        ("a.csv", b"", "is empty; a CSV begins with the names of its columns"),
        ("a.csv", b"y,y\n1,2\n", "column 'y' stands twice in the header; rename one of them"),
        ("a.csv", b'x\n"a\n', "cannot be read (EOF inside string"),
        ("a.txt", b"y\n1\n", "the name does not say a known format; name it .parquet, "),
    ],
)
def test_what_is_wrong_with_a_file_is_told_whole_and_in_parts(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    source = plan(path)
    assert source.error is not None
    assert source.error.startswith(message)
    assert len(source.parts) == 1
    with pytest.raises(SourceError) as caught:
        read_file(str(path), READING)
    assert str(caught.value).startswith(message)


def test_a_new_time_of_change_alone_is_no_change(make: Callable[[str], Path]) -> None:
    path = make("scores.parquet")
    source = plan(path)
    os.utime(path, ns=(1, 1))
    assert not has_changed(source)
    assert len(frames_of(source)) == len(source.parts)


def test_a_correction_in_the_middle_of_a_large_file_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes(b"y\n" + b"1.25\n" * 2**20)
    source = plan(path)
    with path.open("r+b") as file:
        file.seek(2 + 5 * (2**19 + 7777))
        file.write(b"9.99\n")
    assert path.stat().st_size == source.stamp.size
    assert has_changed(source)


def test_another_file_in_its_place_is_a_change_though_size_and_time_are_the_same(
    make: Callable[[str], Path],
) -> None:
    path = make("scores.csv")
    source = plan(path)
    other = path.with_name("other.csv")
    other.write_bytes(path.read_bytes().replace(b"000,", b"999,", 1))
    status = path.stat()
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)
    assert has_changed(source)


def test_a_file_that_changes_after_it_was_planned_is_not_read_on(
    make: Callable[[str], Path],
) -> None:
    path = make("scores.csv")
    source = plan(path)
    frames = read_parts(source, source.parts, READING)
    next(frames)
    with path.open("a") as file:
        file.write("2026-02-01T00:00:00Z,001,5,5\n")
    with pytest.raises(SourceError, match=r"^it was changed after it was planned; when it is"):
        next(frames)


@pytest.fixture
def store() -> Iterator[Any]:
    fsspec = pytest.importorskip("fsspec")
    memory = pytest.importorskip("fsspec.implementations.memory")

    class Breaking(memory.MemoryFileSystem):  # type: ignore[misc, name-defined]
        protocol = "breaking"
        reads_left = 10**9

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return str(super()._strip_protocol(path.replace("breaking://", "memory://")))

        def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
            content = super()._open(path, mode, **options)
            if mode != "rb":
                return content

            class File(io.BytesIO):
                def read(self, size: int | None = -1) -> bytes:
                    Breaking.reads_left -= 1
                    if Breaking.reads_left < 0:
                        raise ConnectionResetError("the store broke")
                    return super().read(size)

            return File(content.getvalue())

    fsspec.register_implementation("breaking", Breaking, clobber=True)
    files = fsspec.filesystem("breaking")
    files.pipe("/a.csv", scores().to_csv(index=False).encode())
    yield Breaking
    files.rm("/a.csv")


def test_a_store_that_breaks_is_an_error_of_the_file(store: Any) -> None:
    source = plan("breaking://a.csv")
    assert source.error is None
    n_reads = 10**9 - store.reads_left
    assert n_reads > 3
    for reads_left in range(n_reads):
        store.reads_left = reads_left
        assert plan("breaking://a.csv").error == (
            "cannot be read (the store broke); check the file"
        )
    store.reads_left = 0
    with pytest.raises(SourceError, match=r"^cannot be read \(the store broke\); check the file$"):
        next(read_parts(source, source.parts, READING))


@pytest.mark.usefixtures("store")
def test_a_remote_file_is_known_again() -> None:
    source = plan("breaking://a.csv")
    assert not has_changed(source)
    assert sum(map(len, frames_of(source))) == N_ROWS


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_no_source(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    os.mkfifo(path)
    message = "is a pipe, a socket or a device; pass its data on standard input, as '-'"
    assert plan(path).error == message
    with pytest.raises(SourceError, match=rf"^{message}$"):
        read_file(str(path), READING)


def test_frames_are_known_by_their_content() -> None:
    frame = pd.DataFrame({"n": [1], "flag": [True], "y": [1.0]}, index=pd.Index(["a"], name="host"))
    source = frame_source(0, frame)
    kinds = {"n": "integers", "flag": "booleans", "y": "floats", "host": ""}
    assert source.schema.columns == kinds
    assert frame_source(0, frame.rename(index={"a": "b"})).fingerprint != source.fingerprint
