"""A job writes everything once, and goes on where it ended."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests
from pytest_httpserver import HTTPServer

from tests.support.score_files import FIRST, GROUPS, ROWS, config_for, expected, scores, stored
from tests.support.score_files import write_files as write_parquet
from tests.support.thorough import by_one_or_two_workers
from vm_df_writer import SamplesExistError, WriterConfig
from vm_df_writer.jobs import JobError, JobOptions, JobReport, backfill, estimate, read_report
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("pyarrow")

N_SAMPLES = 3 * GROUPS * ROWS


@pytest.fixture
def run(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> Callable[..., JobReport]:
    """Write the files in the folder ``scores``, or other sources."""
    config = config_for(victoria_metrics.url, name)

    def run(sources: Any = None, options: JobOptions | None = None, **reading: Any) -> JobReport:
        sources = tmp_path / "scores" if sources is None else sources
        return backfill(sources, config, state=tmp_path / "job.sqlite", options=options, **reading)

    return run


@pytest.mark.parametrize("workers", [1, 2])
def test_every_sample_is_written_once_and_not_again(
    run: Callable[..., JobReport],
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
    tmp_path: Path,
    workers: int,
) -> None:
    write_parquet(tmp_path / "scores")
    options = JobOptions(workers=workers)
    report = run(options=options)
    assert report.ok
    assert (report.samples, report.parts) == (N_SAMPLES, {"sent": 9})
    assert (report.first_ms, report.rows_left) == (FIRST.value // 10**6, 0)
    again = run(options=options)
    assert again.ok
    assert (again.samples, again.run_samples) == (N_SAMPLES, 0)
    assert stored(victoria_metrics.url, name) == expected(0, 1, 2)


def test_new_files_are_written_when_it_runs_again(
    run: Callable[..., JobReport], victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_parquet(tmp_path / "scores", 1)
    run()
    write_parquet(tmp_path / "scores", 2)
    (tmp_path / "scores" / "scores-0.parquet").unlink()  # what is done may go
    assert run().run_samples == GROUPS * ROWS
    assert stored(victoria_metrics.url, name) == expected(0, 1)


@pytest.mark.parametrize("name_of_file", ["s.csv", "s.csv.gz", "s.csv.zst", "s.feather"])
def test_other_formats_store_the_same(
    run: Callable[..., JobReport],
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
    tmp_path: Path,
    name_of_file: str,
) -> None:
    path = tmp_path / name_of_file
    text = scores().to_csv(index=False).encode()
    match path.suffix:
        case ".feather":
            scores().to_feather(path)
        case ".gz":
            path.write_bytes(gzip.compress(text))
        case ".zst":
            import pyarrow as pa

            with pa.CompressedOutputStream(str(path), "zstd") as stream:
                stream.write(text)
        case _:
            path.write_bytes(text)
    assert run(path).ok
    assert stored(victoria_metrics.url, name) == expected(0)


def test_urls_are_read_through_fsspec(
    run: Callable[..., JobReport], victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    fsspec = pytest.importorskip("fsspec")
    (path,) = write_parquet(tmp_path / "scores", 1)
    fsspec.filesystem("memory").pipe("/backfill/scores.parquet", path.read_bytes())
    assert run("memory://backfill").samples == GROUPS * ROWS
    assert run("memory://backfill").run_samples == 0
    assert stored(victoria_metrics.url, name) == expected(0)


def test_frames_are_known_again_by_their_content(
    run: Callable[..., JobReport], victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    def frames(n: int) -> Iterator[pd.DataFrame]:
        return (scores(file) for file in range(n))

    assert run(frames(1)).samples == GROUPS * ROWS
    assert run(frames(2)).run_samples == GROUPS * ROWS
    assert stored(victoria_metrics.url, name) == expected(0, 1)
    with pytest.raises(JobError, match=r"frame 0 is not the one that was sent; pass the same"):
        run(scores(file) for file in (1, 0))
    with pytest.raises(JobError, match=r"^workers: 2 is for files alone, since frames are gone"):
        run(frames(1), JobOptions(workers=2))


def test_since_and_until_cut_by_time_and_leave_row_groups_unread(
    run: Callable[..., JobReport], victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_parquet(tmp_path / "scores")
    since, until = FIRST + pd.Timedelta(minutes=140), FIRST + pd.Timedelta(minutes=160)
    report = run(options=JobOptions(since=since, until=until))
    assert (report.parts, report.samples) == ({"skipped": 7, "sent": 2}, 40)
    times = {ms for ms, _ in stored(victoria_metrics.url, name)["host=a"]}
    assert (min(times), max(times)) == (
        since.value // 10**6,
        (until - pd.Timedelta(minutes=1)).value // 10**6,
    )


def test_hive_folders_become_labels_and_the_query_key(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_parquet(tmp_path / "scores" / "region=eu%20west" / "query_key=cpu", 1)
    config = WriterConfig(
        datasource_url=victoria_metrics.url,
        metric_format={"__name__": f"{name}_$VAR", "for": "$QUERY_KEY"},
    )
    options = JobOptions(hive=True)
    assert backfill(tmp_path / "scores", config, state=tmp_path / "job.sqlite", options=options).ok
    assert set(stored(victoria_metrics.url, name)) == {
        f"for=cpu,host={host},region=eu west" for host in "ab"
    }


@by_one_or_two_workers
def test_what_exists_is_skipped_or_fails_the_job_before_anything_is_sent(
    run: Callable[..., JobReport],
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
    tmp_path: Path,
    workers: int,
) -> None:
    config = config_for(victoria_metrics.url, name)
    write_parquet(tmp_path / "other", 1)
    backfill(tmp_path / "other", config, state=tmp_path / "other.sqlite")
    write_parquet(tmp_path / "scores")
    with pytest.raises(
        SamplesExistError,
        match=r'^if_exists: the server has a sample of {"__name__":".*","host":"[ab]"} at .*, and '
        r"so has .*scores-0\.parquet; nothing was sent: write to other labels",
    ):
        run(options=JobOptions(if_exists="fail", workers=workers))
    assert stored(victoria_metrics.url, name) == expected(0)
    assert read_report(tmp_path / "job.sqlite").outcome == "refused"
    report = run(options=JobOptions(if_exists="skip", workers=workers))
    assert report.ok
    assert report.parts == {"skipped": 3, "sent": 6}
    assert stored(victoria_metrics.url, name) == expected(0, 1, 2)


def test_samples_of_the_job_itself_are_no_reason_to_skip(
    run: Callable[..., JobReport], victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    """Parts whose ranges of time overlap, of the same series."""
    (tmp_path / "scores").mkdir()
    for remainder in (0, 1):
        rows = scores()[scores()["time"].dt.minute % 2 == remainder]
        rows.to_parquet(tmp_path / "scores" / f"{remainder}.parquet", index=False)
    assert run(options=JobOptions(if_exists="skip")).parts == {"sent": 2}
    assert stored(victoria_metrics.url, name) == expected(0)


def test_a_series_beside_ours_with_a_label_that_was_cut_within_a_character_is_no_reason_to_skip(
    run: Callable[..., JobReport], victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    """An old server cuts long values, and exports what is no UTF-8 then."""
    write_parquet(tmp_path / "scores", 1)
    (ms, _), *_ = expected(0)["host=a"]
    labels = f'{{"__name__":"{name}_y","host":"a","note":"x{"é" * 9000}"}}'
    line = f'{{"metric":{labels},"values":[1],"timestamps":[{ms}]}}\n'
    requests.post(f"{victoria_metrics.url}/api/v1/import", line.encode(), timeout=10)
    assert run(options=JobOptions(if_exists="skip")).parts == {"sent": 3}


def test_an_error_in_the_middle_of_an_answer_ends_the_search_for_samples(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    write_parquet(tmp_path / "scores", 1)
    httpserver.expect_request("/api/v1/import").respond_with_data(status=204)
    httpserver.expect_request("/api/v1/export").respond_with_data("cannot read the index\n")
    config, options = config_for(httpserver.url_for(""), "y"), JobOptions(if_exists="skip")
    report = backfill(tmp_path / "scores", config, state=tmp_path / "state", options=options)
    assert (report.outcome, report.parts) == ("undelivered", {"pending": 3})
    assert "expected lines of samples, got 'cannot read the index'" in str(report.reason)


def test_the_cache_is_reset_when_asked(run: Callable[..., JobReport], tmp_path: Path) -> None:
    write_parquet(tmp_path / "scores", 1)
    assert run(options=JobOptions(reset_cache=True)).cache_reset is True
    assert run().cache_reset is None


def test_changed_files_and_options_are_refused_and_restart_begins_anew(
    run: Callable[..., JobReport], tmp_path: Path
) -> None:
    first, *_ = write_parquet(tmp_path / "scores", 2)
    run()
    with pytest.raises(JobError, match=r"its job has other options: reading\.labels was not set"):
        run(labels={"job": "node"})
    assert read_report(tmp_path / "job.sqlite").outcome == "done"
    scores(5).iloc[:50].to_parquet(first)
    with pytest.raises(
        JobError,
        match=r"job\.sqlite: files changed after some of them was sent: .*scores-0\.parquet was "
        r"[\d,]+ bytes and is [\d,]+; put back what they were, or begin anew with restart=, which",
    ):
        run()
    report = read_report(tmp_path / "job.sqlite")
    assert (report.outcome, report.reason) == ("done", None)
    assert run(options=JobOptions(restart=True)).samples == 50 + GROUPS * ROWS


def test_an_estimate_is_exact_for_a_small_job_and_sends_nothing(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_parquet(tmp_path / "scores", 1)
    config = config_for(victoria_metrics.url, name)
    found = estimate(tmp_path / "scores", config, options=JobOptions(rate_limit=10))
    assert (found.files, found.parts, found.rows, found.is_exact) == (1, 3, 300, True)
    assert (found.series, found.samples, found.seconds) == (2, 300, 30.0)
    write_parquet(tmp_path / "scores", 3)
    found = estimate(tmp_path / "scores", config)
    assert (found.samples, found.is_exact, found.parts_read) == (900, False, 5)
    assert stored(victoria_metrics.url, name) == {}
