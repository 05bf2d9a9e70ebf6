"""The receipt of a job is of all its parts, however many runs it took to send them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from tests.support.command_line import run as run_command
from tests.support.fault_proxy import FaultProxy
from tests.support.faults import answer, pass_on
from tests.support.score_files import (
    GROUPS,
    ROWS,
    config_for,
    expected,
    scores,
    stored,
    write_files,
)
from tests.support.thorough import by_one_or_two_workers
from vm_df_writer import ConfigError, VmWriter
from vm_df_writer.jobs import JobError, JobOptions, JobReport, backfill
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("pyarrow")

SAMPLES = 3 * GROUPS * ROWS

Run = Callable[..., JobReport]


@pytest.fixture
def proxy(victoria_metrics: LocalVictoriaMetrics) -> Iterator[FaultProxy]:
    with FaultProxy(victoria_metrics.url).running() as proxy:
        yield proxy


@pytest.fixture
def run(proxy: FaultProxy, name: str, tmp_path: Path) -> Run:
    def run(sources: Any = None, spool: str | None = None, **options: Any) -> JobReport:
        config = config_for(proxy.url, name, retry_deadline="1s", spool_dir=spool)
        sources = tmp_path / "scores" if sources is None else sources
        state = tmp_path / "job.sqlite"
        return backfill(sources, config, state=state, options=JobOptions(**options))

    return run


@pytest.fixture
def writer(victoria_metrics: LocalVictoriaMetrics, name: str) -> VmWriter:
    return VmWriter(config=config_for(victoria_metrics.url, name))


@pytest.mark.parametrize("workers", [1, 2])
def test_the_receipt_of_a_job_is_that_of_all_its_parts(
    run: Run, writer: VmWriter, tmp_path: Path, workers: int
) -> None:
    write_files(tmp_path / "scores")
    report = run(receipt=True, workers=workers)
    receipt = report.receipt()
    assert (receipt.samples, len(receipt.series)) == (SAMPLES, 2)
    receipt.save(tmp_path / "scores.receipt.gz")
    assert writer.verify_receipt(tmp_path / "scores.receipt.gz").found == SAMPLES


@by_one_or_two_workers
def test_a_job_that_broke_off_has_a_receipt_once_it_is_done(
    run: Run, writer: VmWriter, proxy: FaultProxy, tmp_path: Path, workers: int
) -> None:
    write_files(tmp_path / "scores")
    proxy.schedule(pass_on, pass_on, pass_on, pass_on, then=answer(503))
    report = run(receipt=True, workers=workers)
    assert report.outcome == "undelivered"
    with pytest.raises(JobError, match=r"^receipt: parts are not finished \(\d pending"):
        report.receipt()
    proxy.schedule(then=pass_on)
    report = run(receipt=True, workers=workers)
    assert report.outcome == "done"
    assert writer.verify_receipt(report.receipt()).found == SAMPLES


def test_parts_that_were_sent_without_a_receipt_are_read_again_and_not_sent_again(
    run: Run, writer: VmWriter, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "scores")
    report = run()
    with pytest.raises(
        JobError, match=r"receipt: 9 parts have none \(first: .*scores-0.parquet, part 0\)"
    ):
        report.receipt()
    report = run(receipt=True)
    assert (report.repeated, report.parts) == (0, {"sent": 9})
    assert report.receipt().samples == SAMPLES
    assert stored(victoria_metrics.url, name) == expected(0, 1, 2)
    assert writer.verify_receipt(report.receipt()).found == SAMPLES


def test_what_was_spooled_and_replayed_is_in_the_receipt(
    run: Run, writer: VmWriter, proxy: FaultProxy, name: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "scores", 1)
    spool = str(tmp_path / "spool")
    proxy.schedule(pass_on, pass_on, then=answer(503))
    report = run(receipt=True, spool=spool)
    assert report.parts["spooled"] in (1, 2)  # of those in flight
    with pytest.raises(JobError, match="receipt: parts are not finished"):
        report.receipt()
    proxy.schedule(then=pass_on)
    VmWriter(config=config_for(proxy.url, name, spool_dir=spool)).replay(progress=False)
    report = run(receipt=True, spool=spool)
    assert (report.outcome, report.receipt().samples) == ("done", GROUPS * ROWS)
    assert writer.verify_receipt(report.receipt()).found == GROUPS * ROWS


def test_frames_have_a_receipt_too_also_when_they_are_passed_again(run: Run) -> None:
    frames = [scores(file) for file in range(2)]
    assert run(iter(frames), receipt=True).receipt().samples == 2 * GROUPS * ROWS
    assert run(iter(frames), receipt=True, restart=True).receipt().samples == 2 * GROUPS * ROWS
    assert run(iter(frames), restart=True).ok
    assert run(iter(frames), receipt=True).receipt().samples == 2 * GROUPS * ROWS


@pytest.mark.filterwarnings("ignore::vm_df_writer.DroppedWarning")
def test_a_sample_that_several_parts_have_is_in_the_receipt_once(
    run: Run, writer: VmWriter, tmp_path: Path
) -> None:
    for file in "ab":
        rows = scores(0)
        path = tmp_path / "scores" / f"{file}.parquet"
        path.parent.mkdir(exist_ok=True)
        rows.to_parquet(path, index=False)
    report = run()
    assert report.dropped == {"duplicate": GROUPS * ROWS}
    receipt = run(receipt=True).receipt()
    assert receipt.samples == GROUPS * ROWS
    assert run(receipt=True, restart=True).receipt().samples == GROUPS * ROWS
    assert writer.verify_receipt(receipt).copies == GROUPS * ROWS  # by the restart


def test_what_skip_left_out_is_not_in_the_receipt(
    run: Run, writer: VmWriter, tmp_path: Path
) -> None:
    write_files(tmp_path / "scores", 2)
    writer.write(scores(0).iloc[:30], verify=True)
    report = run(receipt=True, if_exists="skip")
    assert report.dropped == {"exists": 30}
    assert report.receipt().samples == 2 * GROUPS * ROWS - 30
    assert writer.verify_receipt(report.receipt()).missing == 0


def test_what_skip_cannot_tell_from_its_own_has_no_receipt(
    run: Run, proxy: FaultProxy, tmp_path: Path
) -> None:
    """A part of which an attempt stored some: what is left of it is not what it wrote."""
    write_files(tmp_path / "scores", 1)
    proxy.schedule(pass_on, then=answer(503))
    run(if_exists="skip", receipt=True)
    proxy.schedule(then=pass_on)
    report = run(if_exists="skip", receipt=True)
    assert report.outcome == "done"
    with pytest.raises(JobError, match=r"receipt: \d parts have none .* with if_exists='skip'"):
        report.receipt()
    report = run(receipt=True)
    assert report.receipt().samples == GROUPS * ROWS


@pytest.mark.parametrize(
    ("options", "reading", "error"),
    [
        ({"if_exists": "replace"}, {}, "receipt: if_exists is 'replace'"),
        ({}, {"duplicates": "keep"}, "receipt: duplicates is 'keep'"),
    ],
)
def test_what_has_no_receipt_is_refused(
    tmp_path: Path, options: dict[str, Any], reading: dict[str, Any], error: str
) -> None:
    with pytest.raises((JobError, ConfigError), match=f"^{re.escape(error)}"):
        backfill(
            tmp_path,
            config_for("http://127.0.0.1:1", "any"),
            options=JobOptions(receipt=True, **options),
            **reading,
        )


def test_the_command_keeps_a_receipt_that_the_other_verifies(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "scores")
    target = ["--url", victoria_metrics.url, "--metric-format", f"__name__={name}_$VAR"]
    job: list[str | Path] = [
        "backfill",
        tmp_path / "scores",
        *target,
        "--state",
        tmp_path / "job.sqlite",
    ]
    receipt = tmp_path / "scores.receipt.gz"
    result = run_command(*job, "--receipt", receipt)
    assert result.exit_code == 0, result.output
    result = run_command("verify", *target, "--receipt", receipt)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"{SAMPLES} of {SAMPLES} samples found" in result.stdout
    form = {"match[]": f'{{__name__=~"{name}_.*",host="a"}}'}
    url = f"{victoria_metrics.url}/api/v1/admin/tsdb/delete_series"
    requests.post(url, form, timeout=10).raise_for_status()
    result = run_command("verify", *target, "--receipt", receipt)
    assert result.exit_code == 3
    assert "1 of 2 series do not hold what the receipt tells of (450 of 900" in result.stderr
    result = run_command(*job, "--receipt", tmp_path / "no" / "r")
    assert result.exit_code == 2
    assert "is in a folder that is not there; make it" in result.stderr


def test_a_job_that_is_not_finished_leaves_no_receipt_file(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "scores", 1)
    pd.DataFrame({"time": ["2026-01-01"], "host": ["a"], "y": ["half"]}).to_parquet(
        tmp_path / "scores" / "bad.parquet"
    )
    target = ["--url", victoria_metrics.url, "--metric-format", f"__name__={name}_$VAR"]
    job: list[str | Path] = [
        "backfill",
        tmp_path / "scores",
        *target,
        "--state",
        tmp_path / "job.sqlite",
    ]
    result = run_command(*job, "--receipt", tmp_path / "r")
    assert result.exit_code == 4, result.output
    assert "Error: --receipt: parts are not finished (4 failed)" in result.stderr
    assert not (tmp_path / "r").exists()
