"""A series is one series in all files, parts and runs of a job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.score_files import config_for, stored
from tests.support.thorough import by_one_or_two_workers
from vm_df_writer import CopiesWarning
from vm_df_writer.jobs import JobError, JobOptions, JobReport, backfill, estimate
from vm_df_writer.local import LocalVictoriaMetrics

pytestmark = pytest.mark.filterwarnings("ignore::vm_df_writer.DroppedWarning")

pytest.importorskip("pyarrow")

T0 = pd.Timestamp("2026-03-01", tz="UTC")
Run = Callable[..., JobReport]


@pytest.fixture
def run(victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path) -> Run:
    """Write the parquet files of the test's folder, or frames."""
    config = config_for(victoria_metrics.url, name)

    def run(
        sources: Any = None, options: JobOptions | None = None, duplicates: Any = "last"
    ) -> JobReport:
        sources, state = sources or tmp_path, tmp_path / "job.sqlite"
        return backfill(sources, config, state=state, options=options, duplicates=duplicates)

    return run


def minutes(start: float, values: list[float], **labels: str) -> pd.DataFrame:
    """One sample a minute from a minute on."""
    times = [T0 + pd.Timedelta(minutes=start + i) for i in range(len(values))]
    return pd.DataFrame({"time": times, **labels, "y": values})


def ms(minute: float) -> int:
    return int((T0 + pd.Timedelta(minutes=minute)).value // 10**6)


def test_files_that_would_become_one_series_are_refused_before_anything_is_sent(
    run: Run, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    minutes(0, [250.5, 251.0]).to_parquet(tmp_path / "boiler.parquet")
    minutes(0, [1.5, 1.75]).to_parquet(tmp_path / "engine.parquet")
    match = (
        r"engine\.parquet, part 0: has other values at 2 times at which \S+boiler\.parquet, part 0 "
        r"has samples .*; tell the files apart with file_labels= .* \(nothing was sent\)$"
    )
    with pytest.raises(JobError, match=match):
        run()
    with pytest.raises(JobError, match=match):
        estimate(tmp_path, config_for(victoria_metrics.url, name))
    assert stored(victoria_metrics.url, name) == {}


def test_row_groups_of_one_series_that_contradict_each_other_are_refused(
    run: Run, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    frame = pd.concat([minutes(0, [1.0, 2.0]), minutes(0, [10.0, 20.0])])
    frame.to_parquet(tmp_path / "a.parquet", row_group_size=2, index=False)
    with pytest.raises(JobError, match=r"part 1: .* part 0 .*; name the column that tells them"):
        run()
    assert stored(victoria_metrics.url, name) == {}


@by_one_or_two_workers
def test_equal_samples_of_two_files_are_stored_once_and_counted(
    run: Run, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path, workers: int
) -> None:
    minutes(0, [1.0, 2.0, 3.0], host="a").to_parquet(tmp_path / "1.parquet")
    minutes(2, [3.0, 4.0], host="a").to_parquet(tmp_path / "2.parquet")
    minutes(2, [3.0], host="b").to_parquet(tmp_path / "3.parquet")
    minutes(0, [1.0, 2.0, 3.0], host="a").to_parquet(tmp_path / "4.parquet")
    report = run(options=JobOptions(workers=workers, verify=True))
    assert report.ok, report
    assert (report.samples, report.dropped) == (5, {"duplicate": 4})
    assert report.parts["empty"] >= 1
    assert stored(victoria_metrics.url, name) == {
        "host=a": Counter({(ms(i), i + 1.0): 1 for i in range(4)}),
        "host=b": Counter({(ms(2), 3.0): 1}),
    }


def test_samples_between_those_of_another_file_are_no_duplicates(run: Run, tmp_path: Path) -> None:
    minutes(0, [1.0, 2.0]).to_parquet(tmp_path / "1.parquet")
    minutes(0.5, [10.0, 20.0]).to_parquet(tmp_path / "2.parquet")
    report = run(options=JobOptions(verify=True))
    assert report.ok
    assert (report.samples, report.dropped) == (4, {})


def test_what_a_later_run_finds_is_compared_with_what_was_sent(
    run: Run, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    minutes(0, [1.0, 2.0]).to_parquet(tmp_path / "1.parquet")
    assert run().ok
    minutes(1, [2.0, 3.0]).to_parquet(tmp_path / "2.parquet")
    minutes(1, [7.0]).to_parquet(tmp_path / "3.parquet")
    report = run()
    assert (report.outcome, report.parts) == ("failed", {"sent": 2, "failed": 1})
    assert report.failures[0].path.endswith("3.parquet")
    assert "has other values at 1 times at which" in report.failures[0].reason
    assert stored(victoria_metrics.url, name) == {
        "": Counter({(ms(i), i + 1.0): 1 for i in range(3)})
    }


def test_the_first_of_two_values_stays_if_that_is_asked_for_and_is_verified_later(
    run: Run, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    minutes(0, [1.0, 2.0]).to_parquet(tmp_path / "1.parquet")
    minutes(1, [7.0, 3.0]).to_parquet(tmp_path / "2.parquet")
    report = run(duplicates="first")
    assert report.ok
    assert (report.samples, report.dropped) == (3, {"duplicate": 1})
    assert run(options=JobOptions(verify=True), duplicates="first").parts == {"verified": 2}
    assert stored(victoria_metrics.url, name) == {
        "": Counter({(ms(i), i + 1.0): 1 for i in range(3)})
    }


def test_duplicates_error_holds_for_all_files_of_a_job(run: Run, tmp_path: Path) -> None:
    minutes(0, [1.0, 2.0]).to_parquet(tmp_path / "1.parquet")
    minutes(1, [2.0, 3.0]).to_parquet(tmp_path / "2.parquet")
    with pytest.raises(JobError, match=r"2\.parquet, part 0: has samples at 1 times at which"):
        run(duplicates="error")


def test_duplicates_keep_stores_them_all(
    run: Run, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    minutes(0, [1.0]).to_parquet(tmp_path / "1.parquet")
    minutes(0, [7.0]).to_parquet(tmp_path / "2.parquet")
    assert run(duplicates="keep").samples == 2
    assert stored(victoria_metrics.url, name) == {"": Counter({(ms(0), 1.0): 1, (ms(0), 7.0): 1})}


def test_what_is_kept_of_all_parts_is_verified(run: Run, tmp_path: Path) -> None:
    """Other parts may have put equal and other values beside those of a part."""
    minutes(0, [1.0, 2.0]).to_parquet(tmp_path / "1.parquet")
    minutes(0, [7.0, 2.0]).to_parquet(tmp_path / "2.parquet")
    with pytest.warns(CopiesWarning, match="the server holds 1 copies"):
        report = run(duplicates="keep", options=JobOptions(verify=True))
    assert (report.outcome, report.parts, report.samples) == ("done", {"verified": 2}, 4)


def test_a_part_that_fails_leaves_its_samples_to_the_others(
    run: Run, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    """Part 1 of 2.parquet contradicts 1.parquet: what 3.parquet has in common with it is sent."""
    minutes(0, [1.0, 2.0]).to_parquet(tmp_path / "1.parquet")
    assert run().ok
    minutes(1, [7.0, 3.0, 4.0]).to_parquet(tmp_path / "2.parquet")
    minutes(2, [3.0, 4.0]).to_parquet(tmp_path / "3.parquet")
    report = run()
    assert report.parts == {"sent": 2, "failed": 1}
    assert stored(victoria_metrics.url, name) == {
        "": Counter({(ms(i), i + 1.0): 1 for i in range(4)})
    }


def test_a_part_is_not_compared_with_a_file_that_is_gone(run: Run, tmp_path: Path) -> None:
    minutes(0, [1.0, 2.0]).to_parquet(tmp_path / "1.parquet")
    assert run().ok
    (tmp_path / "1.parquet").unlink()
    minutes(1, [2.0, 3.0]).to_parquet(tmp_path / "2.parquet")
    minutes(5, [2.0, 3.0]).to_parquet(tmp_path / "3.parquet")
    report = run()
    assert report.parts == {"sent": 2, "failed": 1}
    assert "it is not known whether any are the same" in report.failures[0].reason


def test_frames_with_a_series_and_a_time_in_common_are_not_merged(run: Run) -> None:
    frames = [
        minutes(0, [1.0, 2.0], host="a"),
        minutes(0, [9.0, 8.0], host="b"),
        minutes(1, [5.0, 6.0], host="a"),
        minutes(3, [5.0, 6.0], host="b"),
    ]
    report = run(iter(frames))
    assert report.parts == {"sent": 3, "failed": 1}
    assert "frames are gone through once" in report.failures[0].reason
    assert report.failures[0].path == "frame 2"


def test_rows_that_are_scattered_over_many_files_are_refused(run: Run, tmp_path: Path) -> None:
    for file in range(40):
        minutes(file / 100, [1.0, 2.0, 3.0]).to_parquet(tmp_path / f"{file:02}.parquet")
    with pytest.raises(
        JobError, match=r"more than 32 other parts .* as one Dask or Spark frame, of"
    ):
        run()
    assert run(duplicates="keep").samples == 120


def test_a_job_of_which_nothing_could_be_stored_is_not_done(run: Run, tmp_path: Path) -> None:
    minutes(0, [float("nan")] * 3).to_parquet(tmp_path / "1.parquet")
    report = run(options=JobOptions(verify=True))
    assert not report.ok
    assert (report.outcome, report.parts) == ("dropped", {"empty": 1})
    assert report.reason == "no sample is stored of what was given (left out: 3 nan)"
