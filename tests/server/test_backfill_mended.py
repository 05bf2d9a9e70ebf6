"""What is wrong with one part is mended, and only that part is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import answer, pass_on
from tests.support.score_files import ROWS, config_for, expected, scores, stored, write_files
from vm_df_writer.jobs import JobOptions, JobReport, backfill, estimate
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("pyarrow")


@pytest.fixture
def run(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> Callable[..., JobReport]:
    def run(sources: Any = None, url: str = victoria_metrics.url, **options: Any) -> JobReport:
        sources = tmp_path / "scores" if sources is None else sources
        config, state = config_for(url, name), tmp_path / "job.sqlite"
        return backfill(sources, config, state=state, options=JobOptions(**options))

    return run


def test_a_file_that_nothing_was_sent_of_may_be_mended(
    run: Callable[..., JobReport], victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "scores"
    folder.mkdir()
    for number in range(2):
        scores(number).to_csv(folder / f"{number}.csv", index=False)
    good = (folder / "1.csv").read_text()
    (folder / "1.csv").write_text(good.replace("2026-01-01 02:30:00+00:00", "half past two"))
    report = run()
    assert report.parts == {"sent": 1, "failed": 1}
    assert "expected an ISO 8601 time, got 'half past two'" in report.failures[0].reason
    (folder / "1.csv").write_text(good)
    assert run(retry_failed=True).ok
    assert stored(victoria_metrics.url, name) == expected(0, 1)


def test_a_body_that_the_server_refuses_fails_its_part_and_the_others_go_on(
    run: Callable[..., JobReport], victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "scores", 1)
    with FaultProxy(victoria_metrics.url).running() as proxy:
        # The first one is empty: it asks whether the server is there.
        proxy.schedule(pass_on, pass_on, answer(400, text=b"too long line"))
        report = run(url=proxy.url)
        assert (report.outcome, report.parts) == ("failed", {"sent": 2, "failed": 1})
        assert "answered 400 Bad Request ('too long line')" in report.failures[0].reason
        assert (report.samples, report.undelivered) == (2 * ROWS, ROWS)
        assert run(url=proxy.url, retry_failed=True).ok
    assert stored(victoria_metrics.url, name) == expected(0)


def test_an_attempt_that_comes_less_far_leaves_the_numbers_of_the_one_before(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], name: str, tmp_path: Path
) -> None:
    relabel = tmp_path / "relabel.yaml"
    relabel.write_text("- action: drop\n  source_labels: [host]\n  regex: a\n")
    server = start_victoria_metrics(f"-relabelConfig={relabel}")
    write_files(tmp_path / "scores", 1)
    with FaultProxy(server.url).running() as proxy:
        config = config_for(proxy.url, name, retry_deadline="100ms")

        def run(**options: Any) -> JobReport:
            chosen, state = JobOptions(verify="count", **options), tmp_path / "job.sqlite"
            return backfill(tmp_path / "scores", config, state=state, options=chosen)

        assert run().samples == 3 * ROWS
        proxy.schedule(pass_on, then=answer(503))  # all but the question whether it is there
        report = run(retry_failed=True)
    assert (report.outcome, report.samples, report.undelivered) == ("undelivered", 3 * ROWS, 0)


def test_a_job_that_was_refused_before_it_sent_anything_may_be_corrected(
    run: Callable[..., JobReport], tmp_path: Path
) -> None:
    write_files(tmp_path / "scores", 1)
    with pytest.raises(Exception, match="connection refused"):
        run(url="http://127.0.0.1:1")
    assert run(since="2026-01-01T01:00Z").samples == 180


def test_a_frame_whose_columns_differ_from_those_of_the_first_fails(
    run: Callable[..., JobReport], victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    frames = [scores(0), scores(1).drop(columns="host"), scores(2)]
    report = run(iter(frames))
    assert report.parts == {"sent": 2, "failed": 1}
    assert report.failures[0].reason.startswith(
        "columns differ from those of frame 0: 'host' is missing; write it in a job of its own"
    )
    assert stored(victoria_metrics.url, name) == expected(0, 2)


def test_frames_that_are_wide_may_have_other_columns(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    frames = (scores(0).pivot_table("y", "time", "host")[[host]] for host in "ab")
    report = backfill(
        frames,
        config_for(victoria_metrics.url, name),
        state=tmp_path / "job.sqlite",
        var="y",
        column_label="host",
    )
    assert report.ok
    assert {
        labels.split(",")[-1]: samples
        for labels, samples in stored(victoria_metrics.url, name).items()
    } == expected(0)


def test_a_frame_that_was_begun_and_is_not_passed_again_is_told(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], name: str, tmp_path: Path
) -> None:
    server = start_victoria_metrics()
    config, state = config_for(server.url, name, retry_deadline="100ms"), tmp_path / "job.sqlite"

    def frames() -> Any:
        yield scores(0)
        server.stop()
        yield scores(1)

    assert backfill(frames(), config, state=state).outcome == "undelivered"
    server.start()
    report = backfill([scores(0)], config, state=state)
    assert (report.outcome, report.parts) == ("undelivered", {"sent": 1, "pending": 1})
    assert report.reason == "frames that were begun, and not passed again: 1"
    assert backfill([scores(0), scores(1)], config, state=state).ok


def test_whatever_a_file_system_raises_fails_the_part_alone(
    run: Callable[..., JobReport], victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = pytest.importorskip("fsspec.implementations.memory")

    class Moody(memory.MemoryFileSystem):  # type: ignore[misc, name-defined]
        """Fails in its own way."""

        protocol = "moody"
        store: dict[str, Any] = {}  # noqa: RUF012 - so it is in fsspec
        pseudo_dirs = [""]  # noqa: RUF012

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return str(super()._strip_protocol(path.removeprefix("moody:/")))

        def _open(self, path: str, mode: str = "rb", **keywords: Any) -> Any:
            if path.endswith("1.parquet") and mode == "rb":
                raise RuntimeError("no credentials")
            return super()._open(path, mode, **keywords)

    fsspec.register_implementation("moody", Moody, clobber=True)
    files = {f"/scores/{p.name}": p.read_bytes() for p in write_files(tmp_path / "scores", 2)}
    fsspec.filesystem("moody").pipe(files)
    report = run("moody://scores")
    assert report.parts == {"sent": 3, "failed": 1}
    assert report.failures[0].reason.startswith("cannot be opened (no credentials); see to it")
    assert stored(victoria_metrics.url, name) == expected(0)


def test_an_estimate_tells_what_would_fail(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    first, second, third = write_files(tmp_path / "scores")
    first.write_bytes(first.read_bytes()[:1000])
    scores(1).drop(columns="host").to_parquet(second, index=False)
    pd.concat([scores(2), scores(2)]).assign(y="text").to_csv(
        third.with_suffix(".csv"), index=False
    )
    found = estimate(tmp_path / "scores", config_for(victoria_metrics.url, name))
    reasons = {Path(path).name: reason for path, reason in found.unreadable.items()}
    assert reasons["scores-0.parquet"].startswith("cannot be read (")
    assert "'host' is missing" in reasons["scores-1.parquet"]
    assert "WOULD FAIL: cannot be read (" in str(found)


def test_an_estimate_keeps_to_the_bytes_per_second(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "scores", 1)
    options = JobOptions(max_bytes_per_second=100)
    plain, packed = (
        estimate(
            tmp_path / "scores",
            config_for(victoria_metrics.url, name, compression=compression),
            options=options,
        )
        for compression in ("none", "gzip")
    )
    assert plain.seconds == plain.bytes_raw / 100
    assert packed.seconds < plain.seconds / 2
    assert plain.samples == 3 * ROWS
