"""A column has one role in all parts of a job, whatever a part looks like by itself."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from tests.support.score_files import config_for, stored
from tests.support.thorough import by_one_or_two_workers
from vm_df_writer import FrameError, to_import_lines
from vm_df_writer.jobs import JobError, JobOptions, backfill, estimate
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("pyarrow")

T0 = pd.Timestamp("2026-03-01", tz="UTC")


def rows(start: int, kinds: str, *, together: int) -> pd.DataFrame:
    """One row for each letter, so many of them at a time."""
    times = [T0 + pd.Timedelta(minutes=start + i // together) for i in range(len(kinds))]
    values = [float(start + i) for i in range(len(kinds))]
    return pd.DataFrame({"time": times, "kind": list(kinds), "y": values})


WHOLE = pd.concat([rows(0, "abab", together=2), rows(10, "abba", together=1)], ignore_index=True)
STORED = {
    f"kind={kind}": Counter((int(t.value // 10**6), y) for t, k, y in WHOLE.to_numpy() if k == kind)
    for kind in "ab"
}


def test_the_second_half_alone_would_be_a_question() -> None:
    with pytest.raises(FrameError, match=r"column 'kind': text that no rows of one time need"):
        list(to_import_lines(WHOLE[4:], metric_format={"__name__": "$VAR"}))


@by_one_or_two_workers
def test_a_part_is_read_as_all_of_them(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path, workers: int
) -> None:
    WHOLE.to_parquet(tmp_path / "a.parquet", row_group_size=4, index=False)
    config, said = config_for(victoria_metrics.url, name), list[str]()
    foreseen = estimate(tmp_path / "a.parquet", config)
    assert foreseen.reading == "time=time (UTC), values=[y], labels=[kind]"
    assert not foreseen.unreadable
    state, options = tmp_path / "job.sqlite", JobOptions(workers=workers)
    report = backfill(
        tmp_path / "a.parquet",
        config,
        state=state,
        options=options,
        progress=False,
        say=said.append,
    )
    assert report.ok, report
    assert said[0] == f"read as {foreseen.reading}"
    assert stored(victoria_metrics.url, name) == STORED


def test_what_comes_in_a_later_run_is_read_as_in_the_first(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    config, state = config_for(victoria_metrics.url, name), tmp_path / "job.sqlite"
    WHOLE[:4].to_csv(tmp_path / "1.csv", index=False)
    assert backfill(str(tmp_path / "*.csv"), config, state=state).ok
    WHOLE[4:].to_csv(tmp_path / "2.csv", index=False)
    assert backfill(str(tmp_path / "*.csv"), config, state=state).ok
    assert stored(victoria_metrics.url, name) == STORED


def test_frames_are_read_as_the_first_one_also_in_a_later_run(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    config, state = config_for(victoria_metrics.url, name), tmp_path / "job.sqlite"
    assert backfill([WHOLE[:4]], config, state=state).ok
    assert backfill([WHOLE[:4], WHOLE[4:]], config, state=state).ok
    assert stored(victoria_metrics.url, name) == STORED


def test_a_job_is_refused_if_its_parts_are_a_question_only_together(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    """One value of a state in each row group: only together it is seen to change."""
    times = pd.date_range(T0, periods=8, freq="1min")
    state = pd.DataFrame({"time": times, "mode": ["eco"] * 4 + ["full"] * 4, "y": 0.5})
    state.to_parquet(tmp_path / "a.parquet", row_group_size=4, index=False)
    with pytest.raises(JobError, match=r"a\.parquet: column 'mode': .* \(nothing was sent\)$"):
        backfill(
            tmp_path / "a.parquet",
            config_for(victoria_metrics.url, name),
            state=tmp_path / "job.sqlite",
        )
    assert stored(victoria_metrics.url, name) == {}


def test_wide_files_may_have_other_series(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    times = pd.date_range(T0, periods=2, freq="1min")
    for number, columns in enumerate((["a"], ["a", "b"])):
        index = times + pd.Timedelta(hours=number)
        frame = pd.DataFrame({column: [1.0, 2.0] for column in columns}, index=index)
        frame.to_parquet(tmp_path / f"{number}.parquet")
    report = backfill(
        str(tmp_path / "*.parquet"),
        config_for(victoria_metrics.url, name),
        state=tmp_path / "job.sqlite",
        layout="wide",
    )
    assert (report.ok, report.samples) == (True, 6)


def test_numbers_that_tell_parts_apart_are_a_label_in_each(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    """Row groups sorted by an integer label: alone, each has one number, which tells nothing."""
    times = pd.date_range(T0, periods=50, freq="1min")
    frame = pd.concat(
        [pd.DataFrame({"time": times, "shard": k, "y": 1.0 * k}) for k in (1, 2)],
        ignore_index=True,
    )
    frame.to_parquet(tmp_path / "a.parquet", row_group_size=50, index=False)
    report = backfill(
        tmp_path / "a.parquet",
        config_for(victoria_metrics.url, name),
        state=tmp_path / "job.sqlite",
        options=JobOptions(verify=True),
        progress=False,
    )
    assert report.ok, report
    assert {
        series: sum(counts.values())
        for series, counts in stored(victoria_metrics.url, name).items()
    } == {
        "shard=1": 50,
        "shard=2": 50,
    }


def test_files_that_write_one_thing_in_two_ways_are_read_by_themselves(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("time,y\n2026-03-01T00:00:00Z,1.5\n")
    (tmp_path / "b.csv").write_text("time,y\n2026-03-01 00:01:00,2.5\n")
    report = backfill(
        tmp_path,
        config_for(victoria_metrics.url, name),
        state=tmp_path / "job.sqlite",
        options=JobOptions(verify=True),
        progress=False,
    )
    assert report.ok, report
    ms = int(T0.value // 10**6)
    assert stored(victoria_metrics.url, name) == {
        "": Counter({(ms, 1.5): 1, (ms + 60_000, 2.5): 1})
    }
