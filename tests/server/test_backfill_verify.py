"""A job proves what it sent, also what it sent before anybody asked for a proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from tests.support.score_files import (
    GROUPS,
    ROWS,
    config_for,
    expected,
    scores,
    stored,
    write_files,
)
from tests.support.writers import impatient
from vm_df_writer import CopiesWarning
from vm_df_writer.jobs import JobOptions, JobReport, backfill
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("pyarrow")

Run = Callable[..., JobReport]


@pytest.fixture
def run(victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path) -> Run:
    def run(sources: Any = None, query_url: str | None = None, **options: Any) -> JobReport:
        config = config_for(victoria_metrics.url, name, query_url=query_url)
        sources = tmp_path / "scores" if sources is None else sources
        state = tmp_path / "job.sqlite"
        return backfill(sources, impatient(config), state=state, options=JobOptions(**options))

    return run


@pytest.fixture
def lose(victoria_metrics: LocalVictoriaMetrics, name: str) -> Callable[[], None]:
    """Make the server forget the samples of host a."""

    def lose() -> None:
        stored(victoria_metrics.url, name)  # only what can be seen can be deleted
        form = {"match[]": f'{{__name__=~"{name}_.*",host="a"}}'}
        url = f"{victoria_metrics.url}/api/v1/admin/tsdb/delete_series"
        requests.post(url, form, timeout=10).raise_for_status()

    return lose


def as_sets(samples: dict[str, Counter[tuple[int, float]]]) -> dict[str, set[tuple[int, float]]]:
    return {labels: set(counts) for labels, counts in samples.items()}


def test_parts_are_verified_as_they_are_written(run: Run, tmp_path: Path) -> None:
    write_files(tmp_path / "scores", 1)
    report = run(verify=True)
    assert (report.outcome, report.parts, report.missing) == ("done", {"verified": 3}, 0)


@pytest.mark.parametrize(("verify", "workers"), [(True, 1), (True, 2), ("count", 1), ("repair", 2)])
def test_parts_that_were_sent_before_are_verified_and_not_sent_again(
    run: Run,
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
    tmp_path: Path,
    verify: bool | str,
    workers: int,
) -> None:
    write_files(tmp_path / "scores")
    assert run().parts == {"sent": 9}
    report = run(verify=verify, workers=workers)
    assert (report.outcome, report.parts, report.repeated) == ("done", {"verified": 9}, 0)
    assert stored(victoria_metrics.url, name) == expected(0, 1, 2)


def test_frames_that_were_sent_before_are_verified_too(
    run: Run, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    def frames() -> Iterator[pd.DataFrame]:
        return (scores(file) for file in range(2))

    run(frames())
    assert run(frames(), verify=True).parts == {"verified": 2}
    assert stored(victoria_metrics.url, name) == expected(0, 1)


def test_what_is_lost_later_fails_its_part_and_is_sent_again_when_asked(
    run: Run,
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
    tmp_path: Path,
    lose: Callable[[], None],
) -> None:
    write_files(tmp_path / "scores", 1)
    run()
    lose()
    report = run(verify=True)
    assert (report.outcome, report.parts) == ("unverified", {"failed": 3})
    assert report.missing == GROUPS * ROWS // 2
    assert report.failures[0].reason.startswith("verify: ")
    assert run().outcome == "unverified"  # it stays so
    with pytest.warns(CopiesWarning):  # a part is sent again as a whole
        report = run(verify=True, retry_failed=True)
    assert (report.outcome, report.parts) == ("done", {"verified": 3})
    assert report.repeated == GROUPS * ROWS
    assert as_sets(stored(victoria_metrics.url, name)) == as_sets(expected(0))


def test_a_repair_sends_what_was_lost_later_by_itself(
    run: Run,
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
    tmp_path: Path,
    lose: Callable[[], None],
) -> None:
    write_files(tmp_path / "scores", 1)
    run()
    lose()
    with pytest.warns(CopiesWarning):
        report = run(verify="repair")
    assert (report.outcome, report.parts, report.missing) == ("done", {"verified": 3}, 0)
    assert as_sets(stored(victoria_metrics.url, name)) == as_sets(expected(0))


def test_what_cannot_be_read_back_is_sent_all_the_same_and_verified_later(
    run: Run, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "scores")
    report = run(query_url="http://127.0.0.1:1", verify=True)
    assert (report.outcome, report.parts) == ("unverified", {"sent": 9})
    assert report.reason == "parts that are sent, and could not be verified: 9"
    first, *_, last = (failure.reason for failure in report.failures)
    assert "every sample is acknowledged, and only reading them back failed" in first
    assert last.startswith("not read back, since another part could not be: http://127.0.0.1:1")
    report = run(query_url="http://127.0.0.1:1", verify=True)
    assert (report.outcome, report.parts) == ("unverified", {"sent": 9})
    assert run(verify=True).parts == {"verified": 9}
    assert stored(victoria_metrics.url, name) == expected(0, 1, 2)


def test_a_part_whose_file_is_gone_stays_sent_and_the_job_unverified(
    run: Run, tmp_path: Path
) -> None:
    first, _ = write_files(tmp_path / "scores", 2)
    run()
    first.unlink()
    report = run(verify=True)
    assert (report.outcome, report.parts) == ("unverified", {"sent": 3, "verified": 3})
    assert report.reason == "parts that are sent, and could not be verified: 3"
    assert report.failures[0].reason.startswith("cannot be verified: there is no such file any")
    assert run().ok  # nobody asks for a proof


def test_samples_that_the_server_does_not_keep_fail_their_part(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], name: str, tmp_path: Path
) -> None:
    relabel = tmp_path / "relabel.yaml"
    relabel.write_text("- action: drop\n  source_labels: [host]\n  regex: a\n")
    server = start_victoria_metrics(f"-relabelConfig={relabel}")
    write_files(tmp_path / "scores", 1)
    report = backfill(
        tmp_path / "scores",
        impatient(config_for(server.url, name)),
        state=tmp_path / "job.sqlite",
        options=JobOptions(verify=True),
    )
    assert (report.outcome, report.parts) == ("unverified", {"failed": 3})
    assert report.missing == GROUPS * ROWS // 2
    assert report.failures[0].reason.startswith("verify: ")
    assert (report.samples, report.undelivered, report.requests) == (GROUPS * ROWS, 0, 3)
