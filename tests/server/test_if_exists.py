"""What becomes of a sample at whose time the server has one: the same wherever it is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.score_files import config_for
from tests.support.stored_seconds import frame, stored
from tests.support.writers import writer_with
from vm_df_writer import SamplesExistError, VerificationError, VmWriter, WriteReport
from vm_df_writer.cli import main
from vm_df_writer.jobs import JobOptions, JobReport, backfill
from vm_df_writer.local import LocalVictoriaMetrics

StartServer = Callable[..., LocalVictoriaMetrics]

pytestmark = [
    pytest.mark.filterwarnings("ignore::vm_df_writer.DroppedWarning"),
    pytest.mark.filterwarnings("ignore::vm_df_writer.CopiesWarning"),
]


OLD, NEW = frame([1, 2, 3, 4]), frame([30, 40, 50, 60], start=2)


@pytest.fixture
def writer(victoria_metrics: LocalVictoriaMetrics, name: str) -> VmWriter:
    return writer_with(victoria_metrics.url, metric_format={"__name__": f"{name}_$VAR"})


def test_without_a_word_a_sample_is_appended_and_verification_tells_of_the_other_value(
    writer: VmWriter, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    writer.write(OLD)
    with pytest.raises(VerificationError, match="2 samples with another value stand at the times"):
        writer.write(NEW, verify=True)
    assert stored(victoria_metrics, name) == {
        0: [1], 1: [2], 2: [3, 30], 3: [4, 40], 4: [50], 5: [60]
    }  # fmt: skip


def test_append_in_words_accepts_the_other_value(writer: VmWriter) -> None:
    writer.write(OLD)
    report = writer.write(NEW, if_exists="append", verify=True)
    assert report.verification is not None
    assert (report.samples, report.verification.ok) == (4, True)
    assert report.verification.conflicting == report.verification.accepted == 2


@pytest.mark.parametrize("verify", [True, "count", "repair"])
def test_skip_leaves_out_what_exists_and_verifies_the_rest(
    writer: VmWriter, victoria_metrics: LocalVictoriaMetrics, name: str, verify: bool | str
) -> None:
    writer.write(OLD)
    report = writer.write(NEW, if_exists="skip", verify=verify)  # type: ignore[arg-type]
    assert (report.samples, dict(report.dropped), report.undelivered) == (2, {"exists": 2}, 0)
    assert report.verification is not None
    assert (report.verification.expected, report.verification.ok) == (2, True)
    kept = {0: [1], 1: [2], 2: [3], 3: [4], 4: [50], 5: [60]}
    assert stored(victoria_metrics, name) == kept
    again = writer.write(NEW, if_exists="skip")
    assert (again.samples, dict(again.dropped), again.requests) == (0, {"exists": 4}, 0)
    assert stored(victoria_metrics, name) == kept


def test_fail_sends_nothing_if_there_is_one_and_all_if_there_is_none(
    writer: VmWriter, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    writer.write(OLD, if_exists="fail")
    with pytest.raises(
        SamplesExistError,
        match=r'^if_exists: the server has a sample of {"__name__":".*_y","host":"a"} at 2026-01-'
        r"01 00:00:02 UTC, and so has what is to be written; nothing was sent: write to other",
    ) as refused:
        writer.write(NEW, if_exists="fail")
    assert refused.value.report is None
    assert stored(victoria_metrics, name) == {0: [1], 1: [2], 2: [3], 3: [4]}


def test_a_dry_run_foretells_what_is_left_out_or_refused(writer: VmWriter) -> None:
    writer.write(OLD)
    report = writer.write(NEW, if_exists="skip", dry_run=True)
    assert (dict(report.dropped), report.undelivered) == ({"exists": 2}, 2)
    with pytest.raises(SamplesExistError):
        writer.write(NEW, if_exists="fail", dry_run=True)


def test_another_series_at_the_same_times_is_no_reason(
    writer: VmWriter, victoria_metrics: LocalVictoriaMetrics
) -> None:
    del victoria_metrics
    writer.write(OLD.assign(zone="z"))
    assert writer.write(OLD, if_exists="skip").samples == 4
    assert writer.write(OLD.assign(host="b"), if_exists="fail").samples == 4


def test_skip_holds_where_the_server_deduplicates(
    start_victoria_metrics: StartServer, name: str
) -> None:
    server = start_victoria_metrics("-dedup.minScrapeInterval=1ms")
    writer = writer_with(server.url, metric_format={"__name__": f"{name}_$VAR"})
    writer.write(OLD)
    assert writer.write(NEW, if_exists="skip", verify=True).samples == 2
    assert stored(server, name) == {0: [1], 1: [2], 2: [3], 3: [4], 4: [50], 5: [60]}


def write_files(folder: Path) -> None:
    """Write two files: new rows alone, and rows of which two exist."""
    pytest.importorskip("pyarrow")
    folder.mkdir()
    frame([70, 80], start=6).to_parquet(folder / "a.parquet")
    NEW.to_parquet(folder / "b.parquet")


Writing = Callable[[Path, LocalVictoriaMetrics, str, str], WriteReport | JobReport | int]


def by_job(folder: Path, server: LocalVictoriaMetrics, name: str, if_exists: str) -> JobReport:
    options = JobOptions(if_exists=if_exists)  # type: ignore[arg-type]
    state = folder.with_suffix(".state")
    return backfill(folder, config_for(server.url, name), state=state, options=options)


def by_command(folder: Path, server: LocalVictoriaMetrics, name: str, if_exists: str) -> int:
    format_ = f"--metric-format=__name__={name}_$VAR"
    command = ["write", str(folder), f"--url={server.url}", format_, f"--if-exists={if_exists}"]
    result = CliRunner().invoke(main, [*command, "--fail-on-drop"])
    if result.exit_code:
        raise SystemExit(result.output + result.stderr)
    return result.exit_code


def by_dask(folder: Path, server: LocalVictoriaMetrics, name: str, if_exists: str) -> WriteReport:
    dd = pytest.importorskip("dask.dataframe")
    from vm_df_writer.jobs.dask import to_victoriametrics

    ddf = dd.read_parquet(folder, split_row_groups=True)
    kwargs = {"scheduler": "synchronous"}
    report = to_victoriametrics(
        ddf,
        config_for(server.url, name),
        if_exists=if_exists,  # type: ignore[arg-type]
        compute_kwargs=kwargs,
    )
    assert isinstance(report, WriteReport)
    return report


@pytest.mark.parametrize("write", [by_job, by_command, by_dask])
def test_it_means_the_same_for_files_and_partitions(
    write: Writing,
    writer: VmWriter,
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
    tmp_path: Path,
) -> None:
    writer.write(OLD)
    write_files(tmp_path / "scores")
    before = {0: [1], 1: [2], 2: [3], 3: [4]}
    with pytest.raises((SamplesExistError, SystemExit), match="the server has a sample of"):
        write(tmp_path / "scores", victoria_metrics, name, "fail")
    assert stored(victoria_metrics, name) == before  # though the first file has only new rows
    (tmp_path / "scores.state").unlink(missing_ok=True)
    write(tmp_path / "scores", victoria_metrics, name, "skip")
    added = before | {4: [50], 5: [60], 6: [70], 7: [80]}
    assert stored(victoria_metrics, name) == added
    (tmp_path / "scores.state").unlink(missing_ok=True)
    write(tmp_path / "scores", victoria_metrics, name, "skip")
    assert stored(victoria_metrics, name) == added
    (tmp_path / "scores.state").unlink(missing_ok=True)
    write(tmp_path / "scores", victoria_metrics, name, "append")
    assert stored(victoria_metrics, name) == before | {
        2: [3, 30], 3: [4, 40], 4: [50, 50], 5: [60, 60], 6: [70, 70], 7: [80, 80]
    }  # fmt: skip


def test_a_part_that_left_out_what_exists_is_not_failed_by_a_later_verification(
    writer: VmWriter, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    writer.write(OLD)
    write_files(tmp_path / "scores")
    assert by_job(tmp_path / "scores", victoria_metrics, name, "skip").parts == {"sent": 2}
    config = config_for(victoria_metrics.url, name)
    options = JobOptions(if_exists="skip", verify=True)
    state = tmp_path / "scores.state"
    report = backfill(tmp_path / "scores", config, state=state, options=options)
    assert report.parts == {"verified": 1, "sent": 1}
    (failure,) = report.failures
    assert "cannot be verified, since it left out samples that the server had" in failure.reason
