from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from vm_df_writer import VmWriter
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.delivery.spooled_file import SpooledFile
from vm_df_writer.errors import ConfigError, SpoolError
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.wire.packing import Body, pack_bodies

resource = pytest.importorskip("resource")  # not on Windows, and neither are the locks

NEW_YEAR_MS = 1_767_225_600_000
LABEL_SETS = [b'{"__name__":"y","odd":"\\",\\"values\\":["}', b'{"__name__":"yhat"}']


def body_of(n_samples: int = 3) -> Body:
    block = SeriesBlock(
        LABEL_SETS,
        np.array([0, n_samples]),
        NEW_YEAR_MS + 1000 * np.arange(n_samples),
        np.array([[np.inf, *range(1, n_samples)], np.random.default_rng(0).random(n_samples)]),
        has_infinities=True,
    )
    [body] = pack_bodies([block], max_bytes=2**24, max_series=9)
    return body


def keep(folder: Path, body: Body | None = None, *, tenant: str | None = None) -> SpooledFile:
    """Put a body into a spool, and return the file as a replay sees it."""
    path = Spool(folder).keep(body or body_of(), tenant=tenant, reason="nobody answers")
    [file] = [file for file in Spool(folder).files() if file.path == path]
    return file


@contextmanager
def no_larger_files_than(n_bytes: int) -> Iterator[None]:
    """Let the kernel refuse more, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_body_comes_back_as_it_was(tmp_path: Path) -> None:
    body = body_of()
    read = keep(tmp_path, body).read()
    assert read.data == body.data
    assert read.counts.label_sets == LABEL_SETS
    assert read.counts.samples.tolist() == [3, 3]
    assert read.counts.first_ms.tolist() == [NEW_YEAR_MS] * 2
    assert read.counts.last_ms.tolist() == [NEW_YEAR_MS + 2000] * 2


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
        "tenant": "5:7",
        "samples": 6,
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


def test_a_claimed_file_is_nobody_elses(tmp_path: Path) -> None:
    file = keep(tmp_path)
    [other] = Spool(tmp_path).files()
    assert file.claim()
    assert not other.claim()
    file.release()
    assert other.claim()
    other.remove()
    assert not file.claim()


def test_a_file_that_is_removed_while_it_is_claimed_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened before the other process removed it, and locked after."""
    import fcntl

    file = keep(tmp_path)
    lock = fcntl.flock

    def remove_and_lock(*arguments: object) -> None:
        file.path.unlink()
        lock(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(fcntl, "flock", remove_and_lock)
    assert not file.claim()


def test_a_removed_file_leaves_no_sidecar(tmp_path: Path) -> None:
    file = keep(tmp_path)
    file.claim()
    file.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], r"^it is damaged \(Compressed file ended before"),
        (lambda data: data[:-4], r"^it is damaged \(Compressed file ended before"),
        (lambda data: data[:-8] + bytes(8), r"^it is damaged \(CRC check failed"),
        (lambda _: b"plain", r"^it is damaged \(Not a gzipped file"),
        (lambda _: gzip.compress(b"no import line"), r"^it is damaged \("),
        (
            lambda data: gzip.compress(gzip.decompress(data).split(b"\n")[0]),
            r"^it holds 3 samples, where the sidecar tells of 6$",
        ),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, damage: object, message: str) -> None:
    assert callable(damage)
    file = keep(tmp_path)
    file.path.write_bytes(damage(file.path.read_bytes()))
    with pytest.raises(SpoolError, match=message):
        file.read()


@pytest.mark.parametrize("content", [None, b"", b"[1]", b'{"samples": "many"}'])
def test_a_damaged_sidecar_tells_of_no_samples(tmp_path: Path, content: bytes | None) -> None:
    file = keep(tmp_path)
    [sidecar] = tmp_path.glob("*.json")
    if content is None:
        sidecar.unlink()
    else:
        sidecar.write_bytes(content)
    assert file.samples == 0


def test_litter_of_killed_processes_is_removed_once_it_is_old(tmp_path: Path) -> None:
    keep(tmp_path)
    wanted = {path.name for path in tmp_path.iterdir()} | {"notes.txt", "new.jsonl.gz.part"}
    for name in ("notes.txt", "new.jsonl.gz.part", "old.jsonl.gz.part", "orphan.json"):
        (tmp_path / name).touch()
    for path in tmp_path.iterdir():
        if path.name != "new.jsonl.gz.part":
            os.utime(path, (1, 1))
    Spool(tmp_path).sweep()
    assert {path.name for path in tmp_path.iterdir()} == wanted


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
