"""Spark writes each partition by the task that holds it. Needs Java."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.score_files import GROUPS, ROWS, config_for, expected, scores, stored
from tests.support.thorough import thorough
from vm_df_writer import FrameError, SamplesExistError, VmWriter
from vm_df_writer.jobs.spark import to_victoriametrics
from vm_df_writer.local import LocalVictoriaMetrics

pyspark = pytest.importorskip("pyspark")
pytest.importorskip("pyarrow", minversion="18")  # what Spark asks for

pytestmark = [
    thorough,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
    # Said of Spark's own use of pandas, when a session or a frame is made.
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """Two tasks at a time, each tried up to four times, in a zone that has wall times twice."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings: dict[str, bool | float | int | str | None] = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "Europe/Berlin",
        "spark.executorEnv.PYTHONPATH": str(Path(__file__).parents[2]),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = SparkSession.builder.master("local[2,4]").config(map=settings).getOrCreate()
        yield session
        session.stop()


def test_two_partitions_in_parallel_store_everything_though_a_task_fails(
    spark: Any, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    for file in range(2):
        scores(file).to_parquet(tmp_path / f"{file}.parquet", index=False)
    marker, tasks = tmp_path / "failed", tmp_path / "tasks"
    tasks.mkdir()

    def fail_once(batches: Iterator[Any]) -> Iterator[Any]:
        import threading
        import time
        from pathlib import Path

        from pyspark import TaskContext

        context = TaskContext.get()
        assert context is not None
        Path(tasks, f"{context.partitionId()}-{context.attemptNumber()}").touch()
        deadline = time.monotonic() + 20
        while len(list(Path(tasks).iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)  # until the other partition is here too
        yield from batches
        if context.partitionId() == 1 and not Path(marker).exists():
            Path(marker).touch()
            raise OSError(f"the disk hiccups ({threading.get_ident()})")

    frame = spark.read.parquet(str(tmp_path / "*.parquet")).repartition(2)
    frame = frame.mapInArrow(fail_once, frame.schema)
    config = config_for(victoria_metrics.url, name)
    report = to_victoriametrics(frame, config)
    assert {path.name for path in tasks.iterdir()} == {"0-0", "1-0", "1-1"}
    assert (report.samples, report.undelivered) == (2 * GROUPS * ROWS, 0)
    assert stored(victoria_metrics.url, name) == expected(0, 1)


def test_times_are_what_they_are_in_utc_even_where_wall_times_occur_twice(
    spark: Any, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    times = pd.to_datetime(["2026-10-25T00:30Z", "2026-10-25T01:30Z"])  # both 02:30 in Berlin
    rows = [(time.to_pydatetime(), float(i)) for i, time in enumerate(times)]
    frame = spark.createDataFrame(rows, "time timestamp, y double")
    to_victoriametrics(frame, config_for(victoria_metrics.url, name), verify=True)
    (samples,) = stored(victoria_metrics.url, name).values()
    assert sorted(samples) == [
        (int(time.timestamp() * 1000), float(i)) for i, time in enumerate(times)
    ]


def test_integers_beside_null_keep_their_digits(
    spark: Any, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    big = 2**53 - 1
    frame = spark.range(2).selectExpr(
        "timestamp_millis(1767225600000 + id) AS time", f"IF(id = 0, NULL, {big}L) AS y"
    )
    report = to_victoriametrics(frame, config_for(victoria_metrics.url, name))
    assert (report.samples, report.dropped, report.adjusted) == (1, {"nan": 1}, {})
    (samples,) = stored(victoria_metrics.url, name).values()
    assert list(samples) == [(1767225600001, big)]


def test_no_more_tasks_write_than_the_concurrency_allows(
    spark: Any, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    frame = spark.range(0, 80, 1, 8).selectExpr(
        "timestamp_millis(1767225600000 + id) AS time", "CAST(id AS DOUBLE) AS y"
    )
    report = to_victoriametrics(frame, config_for(victoria_metrics.url, name, concurrency=1))
    assert (report.samples, report.requests) == (80, 1)


def test_an_empty_frame_is_written_as_nothing(spark: Any, name: str) -> None:
    frame = spark.createDataFrame([], "time timestamp, y double")
    assert to_victoriametrics(frame, config_for("http://127.0.0.1:1", name)).samples == 0


def test_a_task_that_cannot_write_fails_the_job_with_its_reason(
    spark: Any, start_victoria_metrics: Callable[..., LocalVictoriaMetrics]
) -> None:
    server = start_victoria_metrics("-httpAuth.username=me", "-httpAuth.password=right")
    frame = spark.range(1).selectExpr("timestamp_millis(1767225600000) AS time", "1.5D AS y")
    with pytest.raises(pyspark.errors.PythonException, match="answered 401 Unauthorized"):
        to_victoriametrics(frame, config_for(server.url, "any"))


def test_a_wrong_keyword_is_refused_before_any_task(spark: Any) -> None:
    with pytest.raises(FrameError, match=r"^querykey: not a reading keyword; did you mean"):
        to_victoriametrics(
            spark.range(1),
            config_for("http://x:1", "any"),
            querykey="cpu",  # type: ignore[call-arg]
        )


def test_what_is_a_question_in_one_frame_is_one_in_partitions(
    spark: Any, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    """One number in each partition: by themselves they would become one series."""
    frame = spark.range(0, 60, 1, 3).selectExpr(
        "timestamp_millis(1767225600000 + id % 20 * 60000) AS time",
        "CAST(id / 20 + 1 AS INT) AS part",
        "CAST(id AS DOUBLE) AS y",
    )
    config = config_for(victoria_metrics.url, name)
    with pytest.raises(FrameError, match=r"column 'part': whole numbers"):
        to_victoriametrics(frame, config)
    assert stored(victoria_metrics.url, name) == {}
    report = to_victoriametrics(frame, config, label_columns=["part"], verify=True)
    assert (report.samples, len(stored(victoria_metrics.url, name))) == (60, 3)


def test_a_sample_that_two_partitions_have_is_told_before_anything_is_sent(
    spark: Any, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    frame = spark.range(0, 40, 1, 4).selectExpr(
        "timestamp_millis(1767225600000 + id % 30 * 60000) AS time", "CAST(id % 30 AS DOUBLE) AS y"
    )
    config = config_for(victoria_metrics.url, name)
    with pytest.raises(FrameError, match=r"^partition \d: has samples at 10 times at which partit"):
        to_victoriametrics(frame, config)
    assert stored(victoria_metrics.url, name) == {}
    assert to_victoriametrics(frame.dropDuplicates(), config).samples == 30


def test_a_partition_that_does_not_fit_fails_with_its_reason(
    spark: Any, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    frame = spark.range(0, 4, 1, 4).selectExpr(
        "timestamp_millis(1767225600000 + IF(id = 3, 9000000000000, id * 60000)) AS time",
        "CAST(id AS DOUBLE) AS y",
    )
    config = config_for(victoria_metrics.url, name)
    with pytest.raises((FrameError, pyspark.errors.PythonException), match="outside 1971"):
        to_victoriametrics(frame, config)
    assert stored(victoria_metrics.url, name) == {}


def four_tasks(spark: Any) -> Any:
    """Rows of 40 minutes in four tasks."""
    return spark.range(0, 40, 1, 4).selectExpr(
        "timestamp_millis(1767225600000 + id * 60000) AS time", "CAST(id AS DOUBLE) AS y"
    )


@pytest.fixture
def old_samples(victoria_metrics: LocalVictoriaMetrics, name: str) -> None:
    """Ten samples at times of these rows, of other values, and ten at other times."""
    times = pd.date_range("2026-01-01 00:15", periods=10, freq="1min", tz="UTC")
    later = times + pd.Timedelta(days=1)
    rows = pd.DataFrame({"y": 100.0}, index=times.append(later))
    with VmWriter(config=config_for(victoria_metrics.url, name)) as writer:
        writer.write(rows, verify=True)


def values_of(server: LocalVictoriaMetrics, name: str) -> list[tuple[int, float]]:
    """Return minutes since the first row and values."""
    (samples,) = stored(server.url, name).values()
    return sorted(((ms - 1767225600000) // 60000, value) for ms, value in samples.elements())


LATER = [(1440 + 15 + i, 100.0) for i in range(10)]


@pytest.mark.usefixtures("old_samples")
def test_skip_leaves_out_what_exists_and_a_second_run_everything(
    spark: Any, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    config = config_for(victoria_metrics.url, name)
    report = to_victoriametrics(
        four_tasks(spark), config, if_exists="skip", verify=True, receipt=True
    )
    assert (report.samples, report.dropped) == (30, {"exists": 10})
    assert report.receipt().samples == 30
    added = [(i, 100.0 if 15 <= i < 25 else float(i)) for i in range(40)] + LATER
    assert values_of(victoria_metrics, name) == added
    report = to_victoriametrics(four_tasks(spark), config, if_exists="skip")
    assert (report.samples, report.dropped) == (0, {"exists": 40})
    assert values_of(victoria_metrics, name) == added


@pytest.mark.usefixtures("old_samples")
def test_fail_refuses_before_any_task_has_written(
    spark: Any, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    before = values_of(victoria_metrics, name)
    config = config_for(victoria_metrics.url, name)
    with pytest.raises(SamplesExistError, match="the server has a sample of"):
        to_victoriametrics(four_tasks(spark), config, if_exists="fail")
    assert values_of(victoria_metrics, name) == before
    fresh = config_for(victoria_metrics.url, f"{name}_new")
    assert to_victoriametrics(four_tasks(spark), fresh, if_exists="fail").samples == 40


@pytest.mark.usefixtures("old_samples")
def test_replace_is_one_task_that_corrects_and_keeps_all_else(
    spark: Any, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    config = config_for(victoria_metrics.url, name, spool_dir=str(tmp_path))
    report = to_victoriametrics(four_tasks(spark), config, if_exists="replace", verify=True)
    assert (report.samples, report.undelivered) == (40, 0)
    assert report.replaced is not None
    assert (report.replaced.series, report.replaced.samples) == (1, 10)
    assert values_of(victoria_metrics, name) == [(i, float(i)) for i in range(40)] + LATER
    assert not list(tmp_path.glob("*.jsonl*"))
