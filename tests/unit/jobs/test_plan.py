"""What there is to do, and in which order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.locations import find_files, stamp_of
from vm_df_writer.jobs import JobError, JobOptions
from vm_df_writer.jobs.plan import make_plan, plan_tasks
from vm_df_writer.jobs.state.records import PartState
from vm_df_writer.jobs.state.store import StateStore

pytest.importorskip("pyarrow")


def write_days(folder: Path, suffix: str) -> None:
    """Write files of two parts each, whose names say nothing of their times."""
    folder.mkdir()
    for name, day in (("b", 1), ("a", 2), ("c", 3)):
        times = pd.date_range(f"2026-01-0{day}", periods=20, freq="1min", tz="UTC")
        frame = pd.DataFrame({"y": np.arange(20.0)}, index=times)
        if suffix == ".parquet":
            frame.to_parquet(folder / f"{name}.parquet", row_group_size=10)
        else:
            frame.to_csv(folder / f"{name}.csv", index_label="time")


def plan(store: StateStore, folder: Path, **options: Any) -> list[str]:
    """Return the parts in the order in which they are to be written."""
    chosen = JobOptions(**options)
    make_plan(store, find_files([folder]), ReadOptions(), chosen, lambda: False)
    tasks = plan_tasks(store, store.parts(PartState.PENDING), chosen)
    return [
        f"{Path(record.path).stem}{record.part.number}" for task in tasks for record in task.records
    ]


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    return StateStore(tmp_path / "job.sqlite")


def test_parquet_files_are_written_newest_first_though_the_index_has_no_name(
    store: StateStore, tmp_path: Path
) -> None:
    write_days(tmp_path / "scores", ".parquet")
    with store:
        newest_first = plan(store, tmp_path / "scores", newest_first=True)
        assert newest_first == ["c1", "c0", "a1", "a0", "b1", "b0"]
        assert plan(store, tmp_path / "scores") == ["a0", "a1", "b0", "b1", "c0", "c1"]


def test_files_that_do_not_tell_their_times_are_taken_from_their_end(
    store: StateStore, tmp_path: Path
) -> None:
    write_days(tmp_path / "scores", ".csv")
    small = FileOptions(chunk_bytes=400)
    with store:
        newest_first = plan(store, tmp_path / "scores", newest_first=True, file_options=small)
        assert newest_first == ["c1", "c0", "b1", "b0", "a1", "a0"]


def test_row_groups_outside_the_range_are_skipped_unread(store: StateStore, tmp_path: Path) -> None:
    write_days(tmp_path / "scores", ".parquet")
    since = "2026-01-02T00:10Z"
    with store:
        assert plan(store, tmp_path / "scores", since=since) == ["a1", "c0", "c1"]
        assert store.counts()[PartState.SKIPPED] == 3


def test_a_file_is_the_same_however_it_is_named(
    store: StateStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_days(tmp_path / "scores", ".parquet")
    monkeypatch.chdir(tmp_path)
    with store:
        names = [tmp_path / "scores", Path("scores"), Path("scores/../scores/a.parquet")]
        assert all(len(plan(store, name)) == 6 for name in names)


def test_a_changed_file_is_planned_anew_until_some_of_it_was_sent(
    store: StateStore, tmp_path: Path
) -> None:
    write_days(tmp_path / "scores", ".parquet")
    path = tmp_path / "scores" / "a.parquet"
    with store:
        plan(store, tmp_path / "scores")
        pd.read_parquet(path).iloc[:5].to_parquet(path)
        assert plan(store, tmp_path / "scores") == ["a0", "b0", "b1", "c0", "c1"]
        (record,) = store.parts(path=str(path))
        store.begin(record.id)
        os.utime(path, ns=(1, 1))
        plan(store, tmp_path / "scores")  # has the same content
        pd.read_parquet(path).iloc[:4].to_parquet(path)
        with pytest.raises(
            JobError,
            match=r"job\.sqlite: files changed after some of them was sent: .*a\.parquet (was|has)",
        ):
            plan(store, tmp_path / "scores")


def test_a_file_that_is_gone_after_some_of_it_was_sent_is_named(
    store: StateStore, tmp_path: Path
) -> None:
    write_days(tmp_path / "scores", ".parquet")
    paths = find_files([tmp_path / "scores"])
    with store:
        make_plan(store, paths, ReadOptions(), JobOptions(), lambda: False)
        store.begin(store.parts(path=paths[0])[0].id)
        Path(paths[0]).unlink()
        with pytest.raises(JobError, match=r"files changed after some of them was sent: .*a\.parq"):
            make_plan(store, paths, ReadOptions(), JobOptions(), lambda: False)


def test_of_many_changed_files_the_first_five_are_named(store: StateStore, tmp_path: Path) -> None:
    folder = tmp_path / "scores"
    folder.mkdir()
    frame = pd.DataFrame({"y": [1.0, 2.0]}, index=pd.date_range("2026-01-01", periods=2, freq="1h"))
    for number in range(7):
        frame.to_parquet(folder / f"{number}.parquet")
    with store:
        plan(store, folder)
        for record in store.parts():
            store.begin(record.id)
        for number in range(7):
            frame.iloc[:1].to_parquet(folder / f"{number}.parquet")
        with pytest.raises(
            JobError, match=r"0\.parquet .*4\.parquet .* is [\d,]+, and 2 more; put back"
        ) as caught:
            plan(store, folder)
    assert "5.parquet" not in str(caught.value)


def test_a_new_time_of_change_alone_is_noted(store: StateStore, tmp_path: Path) -> None:
    write_days(tmp_path / "scores", ".parquet")
    path = tmp_path / "scores" / "a.parquet"
    with store:
        plan(store, tmp_path / "scores")
        os.utime(path, ns=(1, 1))
        plan(store, tmp_path / "scores")
        stamps = {source.path: source.stamp for source in store.sources()}
    assert stamps[str(path)] == stamp_of(str(path))


def test_files_whose_columns_are_not_those_of_most_fail(store: StateStore, tmp_path: Path) -> None:
    write_days(tmp_path / "scores", ".parquet")
    path = tmp_path / "scores" / "a.parquet"
    pd.read_parquet(path).assign(z=1.0).to_parquet(path)
    with store:
        assert plan(store, tmp_path / "scores") == ["b0", "b1", "c0", "c1"]
        (failed,) = store.parts(PartState.FAILED)
    assert failed.reason is not None
    assert "'z' is new" in failed.reason


def test_a_file_that_cannot_be_compared_now_ends_its_own_parts_and_not_the_job(
    store: StateStore,
) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = pytest.importorskip("fsspec.implementations.memory")

    class Moody(memory.MemoryFileSystem):  # type: ignore[misc, name-defined]
        """Is listed, and sometimes fails when it is read."""

        protocol = "sulky"
        store: dict[str, Any] = {}  # noqa: RUF012 - so it is in fsspec
        pseudo_dirs = [""]  # noqa: RUF012
        fails = False

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return str(super()._strip_protocol(path.removeprefix("sulky:/")))

        def _open(self, path: str, mode: str = "rb", **keywords: Any) -> Any:
            if self.fails and mode == "rb":
                raise RuntimeError("no credentials")
            return super()._open(path, mode, **keywords)

    fsspec.register_implementation("sulky", Moody, clobber=True)
    files = fsspec.filesystem("sulky")
    with store:
        for _ in range(2):  # anew, with the same content
            files.pipe("/a.csv", b"time,y\n2026-01-01,1\n")
            make_plan(store, ["sulky:///a.csv"], ReadOptions(), JobOptions(), lambda: False)
            (record,) = store.parts()
            store.begin(record.id)
            Moody.fails = True
        assert record.state is PartState.PENDING
