"""What is wrong with one part harms no other, and is told."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.nobody import as_nobody, folder_of_all, needs_root
from tests.support.score_files import (
    GROUPS,
    ROWS,
    config_for,
    expected,
    once_begun,
    scores,
    stored,
    write_files,
)
from tests.support.thorough import by_one_or_two_workers
from vm_df_writer.jobs import JobOptions, JobReport, StateError, backfill, read_report
from vm_df_writer.local import LocalVictoriaMetrics

pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def run(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> Callable[..., JobReport]:
    config = config_for(victoria_metrics.url, name)
    state = tmp_path / "job.sqlite"

    def run(*, value_columns: list[str] | None = None, **options: Any) -> JobReport:
        return backfill(
            tmp_path / "scores",
            config,
            state=state,
            options=JobOptions(**options),
            value_columns=value_columns,
        )

    return run


def damage_row_group(path: Path, number: int) -> None:
    column = pq.ParquetFile(path).metadata.row_group(number).column(2)
    content = bytearray(path.read_bytes())
    content[column.data_page_offset : column.data_page_offset + 20] = b"\xff" * 20
    path.write_bytes(content)


@by_one_or_two_workers
def test_a_corrupt_file_and_a_corrupt_row_group_fail_alone(
    run: Callable[..., JobReport],
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
    tmp_path: Path,
    workers: int,
) -> None:
    first, second, _ = write_files(tmp_path / "scores")
    first.write_bytes(first.read_bytes()[:1000])
    whole = second.read_bytes()
    damage_row_group(second, 1)
    report = run(workers=workers)
    assert report.outcome == "failed"
    assert report.parts == {"failed": 2, "sent": 5}
    torn, damaged = report.failures
    assert (torn.path, torn.reason.startswith("cannot be read (")) == (str(first), True)
    assert (damaged.path, damaged.number) == (str(second), 1)
    assert damaged.reason.startswith("cannot be read (")
    # Mended, and tried once more; the other parts of the second file are not sent again.
    scores(0).to_parquet(first, row_group_size=ROWS, index=False)
    damaged_stamp = second.stat()
    second.write_bytes(whole)
    os.utime(second, ns=(damaged_stamp.st_atime_ns, damaged_stamp.st_mtime_ns))
    assert run(workers=workers).outcome == "failed"  # not before it is asked for
    assert run(workers=workers, retry_failed=True).ok
    assert stored(victoria_metrics.url, name) == expected(0, 1, 2)


def test_a_part_whose_columns_differ_fails_with_what_differs(
    run: Callable[..., JobReport], victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    *_, last = write_files(tmp_path / "scores")
    scores(2).drop(columns="host").to_parquet(last, index=False)
    report = run()
    assert report.parts == {"sent": 6, "failed": 1}
    assert report.failures[0].reason.startswith(
        f"columns differ from those of {tmp_path}/scores/scores-0.parquet: 'host' is missing; write"
    )
    assert stored(victoria_metrics.url, name) == expected(0, 1)


def test_a_value_that_is_no_number_fails_its_part(
    run: Callable[..., JobReport], tmp_path: Path
) -> None:
    (tmp_path / "scores").mkdir()
    for number, value in enumerate(("1.5", "oops")):
        (tmp_path / "scores" / f"{number}.csv").write_text(
            f"time,host,y\n2026-01-0{number + 1},a,1\n2026-02-01,a,2\n2026-03-01,a,{value}\n"
        )
    report = run(value_columns=["y"])
    assert report.parts == {"sent": 1, "failed": 1}
    assert "column 'y', row 2: expected a number, got 'oops'" in report.failures[0].reason


@pytest.mark.parametrize("what", ["disappears", "changes"])
def test_a_file_that_disappears_or_changes_in_mid_job_fails_and_is_not_sent_twice(
    run: Callable[..., JobReport],
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
    tmp_path: Path,
    what: str,
) -> None:
    *_, last = write_files(tmp_path / "scores")
    content = last.read_bytes()
    meddle = {"disappears": last.unlink, "changes": lambda: scores(9).to_parquet(last)}[what]
    with once_begun(tmp_path / "job.sqlite", meddle):
        report = run(rate_limit=200)
    assert report.outcome == "failed"
    assert report.parts == {"sent": 6, "failed": 3}
    reason = {
        "disappears": "there is no such file any more; put it back, and run with --retry-failed",
        "changes": "it was changed after it was planned; when it is whole, run with --retry-failed",
    }[what]
    assert report.failures[0].reason.startswith(reason)
    last.write_bytes(content)
    assert run(retry_failed=True).ok
    assert stored(victoria_metrics.url, name) == expected(0, 1, 2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 KB, which only root can make."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:  # noqa: S603
        pytest.skip("a file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607


def test_a_full_disk_stops_the_job_and_what_was_sent_is_not_sent_again(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path, small_disk: Path
) -> None:
    write_files(tmp_path / "scores")
    config = config_for(victoria_metrics.url, name)
    state, ballast = small_disk / "job.sqlite", small_disk / "ballast"

    def fill() -> None:
        with pytest.raises(OSError, match="No space left"):
            ballast.write_bytes(bytes(400_000))

    message = (
        r"job\.sqlite: cannot be written \(.+\); free some space, and run again to go on; what"
    )
    with once_begun(state, fill), pytest.raises(StateError, match=message):
        backfill(tmp_path / "scores", config, state=state, options=JobOptions(rate_limit=200))
    ballast.unlink()
    assert 0 < read_report(state).parts["sent"] < 9
    assert backfill(tmp_path / "scores", config, state=state).ok
    found = stored(victoria_metrics.url, name)
    assert {host: set(samples) for host, samples in found.items()} == {
        host: set(samples) for host, samples in expected(0, 1, 2).items()
    }
    # At most the one part that could not be marked is there twice.
    assert sum(samples.total() for samples in found.values()) - 3 * GROUPS * ROWS in (0, ROWS)


def test_a_state_file_that_is_held_torn_or_foreign_sends_nothing(
    run: Callable[..., JobReport], victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "scores", 1)
    (tmp_path / "job.sqlite").write_text("mine")
    with pytest.raises(StateError, match="is no state file of a job"):
        run()
    assert stored(victoria_metrics.url, name) == {}


@needs_root
def test_a_file_that_may_not_be_read_fails_alone(
    victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    with folder_of_all() as folder:
        first, second = write_files(folder / "scores", 2)
        folder.joinpath("scores").chmod(0o777)
        first.chmod(0o600)
        second.chmod(0o644)
        config, state = config_for(victoria_metrics.url, name), folder / "job.sqlite"
        # Imports what nobody may not read here.
        backfill(write_files(folder / "others", 1), config, state=folder / "others.sqlite")
        with as_nobody():
            report = backfill(folder / "scores", config, state=state)
        assert report.parts == {"failed": 1, "sent": 3}
        assert report.failures[0].reason == (
            "cannot be opened (Permission denied); see to it that it may be read"
        )
        assert read_report(state).outcome == "failed"


def test_the_reason_of_a_frame_names_what_helps_with_a_frame(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    frames = [
        pd.DataFrame({"time": [time] * 2, "host": ["a", "b"], "y": [1.5, 2.5]})
        for time in ("2026-01-01 10:00", "31/01/2026 10:00")
    ]
    config = config_for(victoria_metrics.url, name)
    report = backfill(frames, config, state=tmp_path / "job.sqlite")
    assert report.parts == {"sent": 1, "failed": 1}
    assert "= pd.to_datetime(" in report.failures[0].reason
