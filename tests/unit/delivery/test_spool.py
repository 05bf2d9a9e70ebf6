from __future__ import annotations

import gzip
import json
import os
import re
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.full_disk import no_larger_files_than
from tests.support.http_servers import NOBODY
from tests.support.spool_folders import body_of, keep, names_in
from vm_df_writer import VmWriter
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.delivery.spooled_file import was_delivered
from vm_df_writer.errors import ConfigError

pytest.importorskip("resource")  # not on Windows, and neither are the locks


def test_a_file_is_gzipped_import_lines_and_its_sidecar_tells_what_it_holds(tmp_path: Path) -> None:
    body = body_of()
    file = keep(tmp_path, body, tenant="5:7")
    assert gzip.decompress(file.path.read_bytes()) == body.data
    sidecar, data = sorted(path.name for path in tmp_path.iterdir())
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}\.jsonl\.gz", data)
    assert sidecar == data.replace(".jsonl.gz", ".json")
    facts = json.loads((tmp_path / sidecar).read_text())
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", facts.pop("created"))
    assert facts == {
        "protocol": "import",
        "receiver": "victoria_metrics",
        "sha256": sha256(file.path.read_bytes()).hexdigest(),
        "tenant": "5:7",
        "samples": 6,
        "bytes": len(body.data),
        "series": 2,
        "first": "2026-01-01T00:00:00Z",
        "last": "2026-01-01T00:00:02Z",
        "in_doubt": False,
        "reason": "nobody answers",
    }
    assert file.facts["samples"] == file.samples == 6


def test_files_come_oldest_first(tmp_path: Path) -> None:
    kept = [keep(tmp_path).path for _ in range(5)]
    assert [file.path for file in Spool(tmp_path).files()] == kept


def test_there_is_no_moment_without_a_whole_file_and_its_sidecar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the disk would be found after a crash at each flush and each rename."""
    seen: list[list[str]] = []

    def look() -> None:
        names = sorted(path.name for path in tmp_path.iterdir())
        seen.append([re.sub(r"^[^.]*\.[^.]*", "", name) for name in names])
        for file in Spool(tmp_path).files():
            assert file.read().data == body_of().data

    flush, rename = os.fsync, Path.rename

    def look_and_flush(descriptor: int) -> None:
        look()
        flush(descriptor)

    def rename_and_look(self: Path, target: Path) -> Path:
        look()
        renamed = rename(self, target)
        look()
        return renamed

    monkeypatch.setattr(os, "fsync", look_and_flush)
    monkeypatch.setattr(Path, "rename", rename_and_look)
    keep(tmp_path)
    assert seen == [
        *[[".json.part"], [".json.part"], [".json"]],
        *[[".json", ".jsonl.gz.part"], [".json", ".jsonl.gz.part"], [".json", ".jsonl.gz"]],
        [".json", ".jsonl.gz"],
    ]


def test_what_finds_no_room_leaves_nothing_behind(tmp_path: Path) -> None:
    with no_larger_files_than(4096), pytest.raises(OSError, match="File too large"):
        Spool(tmp_path).keep(body_of(20_000), tenant=None, reason="nobody answers")
    assert list(tmp_path.iterdir()) == []


NAME = "20260101T000000.000000Z-0123abcd"


def test_litter_of_killed_processes_is_removed_once_it_is_old(tmp_path: Path) -> None:
    keep(tmp_path)
    wanted = names_in(tmp_path) | {NAME.replace("0123", "ffff") + ".jsonl.gz.part"}
    litter = {f"{NAME}.jsonl.gz.part", f"{NAME}.json.part", f"{NAME}.json"}
    for name in litter | wanted:
        (tmp_path / name).touch()
        if "ffff" not in name:
            os.utime(tmp_path / name, (1, 1))
    Spool(tmp_path).sweep()
    assert names_in(tmp_path) == wanted


@pytest.mark.parametrize(
    "name",
    [
        *("package.json", "credentials.json", "movie.mkv.part", "2026-01.json", "x.delivered"),
        *(f"{NAME}.json.bak", f"my-{NAME}.json", f"{NAME}.jsonl.gz.part.part", f"{NAME}.part"),
    ],
)
def test_no_file_of_somebody_else_is_swept_however_old_it_is(tmp_path: Path, name: str) -> None:
    keep(tmp_path)
    (tmp_path / name).write_text("irreplaceable")
    os.utime(tmp_path / name, (1, 1))
    Spool(tmp_path).sweep()
    assert (tmp_path / name).read_text() == "irreplaceable"


@pytest.mark.parametrize("name", [f"{NAME}.json", f"{NAME}.jsonl.gz.part", f"{NAME}.delivered"])
@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_is_no_file_is_not_swept_under_a_name_of_ours(
    tmp_path: Path, name: str, kind: str
) -> None:
    there = tmp_path / name
    if kind == "folder":
        there.mkdir()
    else:
        there.symlink_to("elsewhere")
    os.utime(there, (1, 1), follow_symlinks=False)
    Spool(tmp_path).sweep()
    assert names_in(tmp_path) == {name}


def test_all_that_a_spool_makes_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    spool = Spool(folder, leaves_receipts=True)
    spool.prepare()
    spool.keep(body_of(), tenant=None, reason="nobody answers")
    spool.keep(body_of(), tenant=None, reason="nobody answers")
    spool.files()[0].remove()
    assert {Path(name).suffix for name in names_in(folder)} == {".gz", ".json", ".delivered"}
    assert oct(folder.stat().st_mode)[-3:] == "700"
    assert {oct(path.stat().st_mode)[-3:] for path in folder.iterdir()} == {"600"}


def test_a_folder_that_was_never_a_spool_is_refused(tmp_path: Path) -> None:
    for name in ("c.txt", "a.json", "b.part", "d", ".hidden"):
        (tmp_path / name).touch()
    with pytest.raises(
        ConfigError,
        match=r"^replay: '.*' was never a spool: there is no spooled file in it, but 'a.json', "
        r"'b.part', 'c.txt' and 1 more; name the folder that undelivered samples were kept in$",
    ):
        VmWriter(NOBODY).replay(tmp_path)
    assert len(list(tmp_path.iterdir())) == 5


@pytest.mark.parametrize("was", ["prepared", "filled", "empty"])
def test_an_emptied_spool_is_known_though_other_files_are_in_it(tmp_path: Path, was: str) -> None:
    if was == "prepared":
        Spool(tmp_path).prepare()
    if was == "filled":  # by an earlier version, which left no mark
        keep(tmp_path)
        Spool(tmp_path).require_spool()
        for path in tmp_path.glob("2*"):
            path.unlink()
    if was != "empty":
        (tmp_path / "README.txt").touch()
    Spool(tmp_path).require_spool()


def test_the_folder_is_made(tmp_path: Path) -> None:
    Spool(tmp_path / "a" / "b").prepare()
    Spool(tmp_path / "a" / "b").prepare()
    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_that_can_be_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        ConfigError,
        match=r"^spool_dir: '.*/file' cannot be used as a folder for files \(File exists\); name "
        r"another one$",
    ):
        Spool(tmp_path / "file").prepare()


def test_a_folder_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # as for anybody but root
    with pytest.raises(ConfigError, match=r"\(no permission to write\)"):
        Spool(tmp_path).prepare()


def test_a_writer_refuses_a_folder_before_the_bad_day(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"spool_dir: '.*/file' cannot be used"):
        VmWriter("http://localhost:8428", spool_dir=tmp_path / "file")


def test_a_replay_needs_a_folder() -> None:
    with pytest.raises(
        ConfigError, match=r"^spool_dir: not set; set it, or name the folder to replay$"
    ):
        VmWriter("http://localhost:8428").replay()


def test_a_receipt_is_left_for_who_asked_and_swept_when_nobody_came(tmp_path: Path) -> None:
    spool = Spool(tmp_path, leaves_receipts=True)
    path = spool.keep(body_of(), tenant=None, reason="nobody answers")
    [file] = spool.files()
    assert file.facts["receipt"] is True
    assert not was_delivered(path)
    file.remove()
    assert was_delivered(path)
    spool.sweep()
    [receipt] = tmp_path.iterdir()
    assert receipt.name == path.name.replace(".jsonl.gz", ".delivered")
    os.utime(receipt, (0, 0))
    spool.sweep()
    assert not was_delivered(path)
