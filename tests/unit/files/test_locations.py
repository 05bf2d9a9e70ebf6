"""Which files a path stands for, and what tells that one has changed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.nobody import as_nobody, needs_root
from vm_df_writer.files.locations import (
    expand_paths,
    find_files,
    hive_labels,
    open_file,
    stamp_of,
)
from vm_df_writer.jobs import JobError, SourceError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        *("b.parquet", "a.csv", "deep/er/c.csv.gz", "d.feather", "notes.txt"),
        *(".hidden.parquet", "_tmp/e.parquet", "_SUCCESS"),
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return tmp_path


def test_a_folder_stands_for_its_data_files_however_deep(folder: Path) -> None:
    names = [str(Path(path).relative_to(folder)) for path in find_files([folder])]
    assert names == ["a.csv", "b.parquet", "d.feather", "deep/er/c.csv.gz"]


def test_globs_and_files_are_taken_once(folder: Path) -> None:
    found = find_files([folder / "*.csv", folder / "a.csv", str(folder / "**" / "*.gz")])
    assert [Path(path).name for path in found] == ["a.csv", "c.csv.gz"]


def test_a_file_with_magic_characters_in_its_name_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a[1].csv"
    file.touch()
    assert find_files([file]) == [str(file)]


def test_what_stands_for_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(JobError, match=r"nowhere: there is no such file or folder; check the path"):
        find_files([folder / "nowhere"])
    with pytest.raises(JobError, match=r"\*\.orc: there is no file of a known format \(\.parquet,"):
        find_files([folder / "*.orc"])
    with pytest.raises(JobError, match=r"^-: standard input can be read once only, and not togeth"):
        find_files(["-"])


def test_the_files_of_a_command_keep_the_names_and_the_order_that_they_were_given(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert expand_paths(["deep", "d.feather", "*.csv"]) == [
        "deep/er/c.csv.gz",
        "d.feather",
        "a.csv",
    ]


def test_links_to_one_file_are_one_file(folder: Path) -> None:
    (folder / "0-latest.csv").symlink_to("a.csv")
    (folder / "copy.csv").hardlink_to(folder / "a.csv")
    (folder / "linked").symlink_to("deep")
    assert [Path(path).name for path in find_files([folder / "*.csv"])] == ["a.csv"]
    assert [Path(path).name for path in find_files([folder / "0-latest.csv"])] == ["0-latest.csv"]
    both = find_files([folder / "linked" / "er", folder / "deep" / "er"])
    assert len(both) == 1


def test_a_link_in_another_key_value_folder_is_another_series(folder: Path) -> None:
    for host in ("a", "b"):
        (folder / f"host={host}").mkdir()
        (folder / f"host={host}" / "x.csv").hardlink_to(folder / "a.csv")
    assert len(find_files([folder / "host=*"])) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_pipes_are_no_files(folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    assert "pipe.csv" not in " ".join(find_files([folder]))
    with pytest.raises(
        JobError, match=r"pipe\.csv: is a pipe, a socket or a device; pass its data"
    ):
        find_files([folder / "pipe.csv"])


def test_a_link_that_leads_nowhere_is_refused(folder: Path) -> None:
    (folder / "loop.csv").symlink_to("loop.csv")
    with pytest.raises(JobError, match=r"loop\.csv: there is no such file or folder; check"):
        find_files([folder / "loop.csv"])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are no such names")
def test_a_name_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.csv")).write_text("y\n1\n")
    with pytest.raises(JobError, match=r"caf\\udce9\.csv': its name is no UTF-8, and cannot be"):
        find_files([tmp_path])


def test_a_url_needs_fsspec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(JobError, match=r"^s3://bucket/x: URLs are opened by fsspec, which is not"):
        find_files(["s3://bucket/x"])


def test_an_unknown_kind_of_url_is_refused() -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(JobError, match=r"^nope://bucket/x: Protocol not known: nope"):
        find_files(["nope://bucket/x"])


def test_urls_are_found_read_and_stamped() -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe({"/jobs/a.csv": b"one", "/jobs/_x/b.csv": b"two", "/jobs/day=1/c.csv": b"three"})
    assert find_files(["memory://jobs"]) == ["memory:///jobs/a.csv", "memory:///jobs/day=1/c.csv"]
    assert find_files(["memory://jobs/*.csv"]) == ["memory:///jobs/a.csv"]
    with open_file("memory:///jobs/a.csv") as file:
        assert file.read() == b"one"
    before = stamp_of("memory:///jobs/a.csv")
    assert before == stamp_of("memory:///jobs/a.csv")
    memory.pipe("/jobs/a.csv", b"uno")
    assert stamp_of("memory:///jobs/a.csv") != before


def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    for look in (stamp_of, lambda path: open_file(path).__enter__()):
        with pytest.raises(SourceError, match=r"^there is no such file any more; put it back"):
            look(str(tmp_path / "gone.csv"))


@needs_root
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.touch(mode=0o600)
    with (
        as_nobody(),
        pytest.raises(SourceError, match=r"^cannot be opened \(Permission denied\); see to it"),
        open_file(str(file)),
    ):
        pass


def test_hive_folders_are_labels_and_the_null_folder_is_none() -> None:
    assert hive_labels("x/region=eu%2Fwest/zone=__HIVE_DEFAULT_PARTITION__/=1/a=b=c/f.parquet") == {
        "region": "eu/west",
        "a": "b=c",
    }
    assert hive_labels("x/y/day=1.parquet") == {}
