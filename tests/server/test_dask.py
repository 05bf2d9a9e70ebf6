"""Dask writes each partition by a task of its own."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.dask_frames import dask_dataframe
from tests.support.fault_proxy import FaultProxy
from tests.support.faults import delay
from tests.support.score_files import GROUPS, ROWS, config_for, expected, scores, stored
from vm_df_writer import FrameError, ServerRejected, VmWriter, WriteReport
from vm_df_writer.jobs.dask import to_victoriametrics
from vm_df_writer.local import LocalVictoriaMetrics

# Dask before 2025.5 tells so while a client was open, as the cluster's is for the whole module.
pytestmark = pytest.mark.filterwarnings("ignore:Running on a single-machine scheduler")

N_PARTITIONS = 6


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes of one thread each."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def frame() -> Any:
    return dask_dataframe().from_pandas(
        pd.concat(map(scores, range(2)), ignore_index=True), N_PARTITIONS
    )


def fail_once(rows: pd.DataFrame, marker: str) -> pd.DataFrame:
    """Fail in one partition, the first time that it is read."""
    if (rows["y"] == 0).any() and not Path(marker).exists():
        Path(marker).touch()
        raise OSError("the disk hiccups")
    return rows


def test_a_cluster_of_processes_writes_everything_though_a_task_fails(
    cluster: Any, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    del cluster
    marker = tmp_path / "failed"
    ddf = frame().map_partitions(fail_once, str(marker), meta=frame())
    config = config_for(victoria_metrics.url, name)
    report = to_victoriametrics(ddf, config, compute_kwargs={"retries": 2}, verify=True)
    assert marker.exists()
    assert isinstance(report, WriteReport)
    assert (report.samples, report.undelivered) == (2 * GROUPS * ROWS, 0)
    assert report.verification is not None
    assert report.verification.ok
    assert stored(victoria_metrics.url, name) == expected(0, 1)


def test_a_task_that_is_run_twice_changes_no_value(
    victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    config = config_for(victoria_metrics.url, name)
    for _ in range(2):
        to_victoriametrics(frame(), config, compute_kwargs={"scheduler": "synchronous"})
    found = stored(victoria_metrics.url, name)
    assert {host: set(samples) for host, samples in found.items()} == {
        host: set(samples) for host, samples in expected(0, 1).items()
    }


def test_nothing_is_written_before_it_is_computed(
    victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    writer = VmWriter(config=config_for(victoria_metrics.url, name))
    delayed = to_victoriametrics(frame(), writer, compute=False, labels={"job": "dask"})
    assert stored(victoria_metrics.url, name) == {}
    report: WriteReport = delayed.compute(scheduler="threads")  # type: ignore[union-attr]
    assert report.samples == 2 * GROUPS * ROWS
    assert set(stored(victoria_metrics.url, name)) == {"host=a,job=dask", "host=b,job=dask"}


@pytest.mark.parametrize("concurrency", [1, 3])
def test_at_most_so_many_tasks_write_at_a_time(
    victoria_metrics: LocalVictoriaMetrics, name: str, concurrency: int
) -> None:
    with FaultProxy(victoria_metrics.url).running() as proxy:
        proxy.schedule(then=delay(0.2))
        config = config_for(proxy.url, name, concurrency=concurrency)
        report = to_victoriametrics(
            frame(), config, compute_kwargs={"scheduler": "threads", "num_workers": 6}
        )
        assert max(seen.in_flight for seen in proxy.seen) == concurrency
    assert isinstance(report, WriteReport)
    assert (report.rows, report.undelivered) == (2 * GROUPS * ROWS, 0)


def test_reports_that_come_back_are_small(
    victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    config = config_for(victoria_metrics.url, name)
    report = to_victoriametrics(frame(), config, compute_kwargs={"scheduler": "synchronous"})
    assert len(pickle.dumps(report)) < 2000


def test_with_a_file_no_secret_goes_through_the_scheduler(
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("SCORES_PASSWORD", "hush-hush")
    path = tmp_path / "writer.yaml"
    path.write_text(
        f"datasource_url: {victoria_metrics.url}\nuser: me\npassword: %{{SCORES_PASSWORD}}\n"
        f"metric_format: {{__name__: {name}_$VAR}}\n"
    )
    delayed = to_victoriametrics(frame(), path, compute=False)
    graph = b"".join(map(bytes, distributed.protocol.dumps({"graph": delayed})))
    assert b"hush-hush" not in graph
    assert b"hush-hush" not in repr(delayed.dask).encode()  # type: ignore[union-attr]
    report: WriteReport = delayed.compute(scheduler="threads")  # type: ignore[union-attr]
    assert report.samples == 2 * GROUPS * ROWS


def test_a_failure_names_what_is_wrong_and_has_a_small_report(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics],
) -> None:
    server = start_victoria_metrics("-httpAuth.username=me", "-httpAuth.password=right")
    config = config_for(server.url, "any")
    with pytest.raises(ServerRejected, match="answered 401 Unauthorized") as caught:
        # In threads, Dask would leave the other tasks to go on after the test.
        to_victoriametrics(frame(), config, compute_kwargs={"scheduler": "synchronous"})
    assert len(pickle.dumps(caught.value.report)) < 2000


def test_a_wrong_keyword_is_refused_before_any_task() -> None:
    config = config_for("http://localhost:1", "any")
    with pytest.raises(FrameError, match=r"^querykey: not a reading keyword; did you mean"):
        to_victoriametrics(frame(), config, querykey="cpu")  # type: ignore[call-arg]


def by_part(n: int) -> pd.DataFrame:
    """Rows sorted by an integer, for each of which the same times come again."""
    times = pd.date_range("2026-03-01", periods=n, freq="1min", tz="UTC")
    frames = [
        pd.DataFrame(
            {
                "time": times,
                "part": part,
                "y": np.arange(n) + 100.0 * part,
            }
        )
        for part in range(1, 4)
    ]
    return pd.concat(frames, ignore_index=True)


SYNC = {"scheduler": "synchronous"}


def test_what_is_a_question_in_one_frame_is_one_in_partitions(
    victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    """One number in each partition: by themselves they would become one series."""
    dd = dask_dataframe()
    config, rows = config_for(victoria_metrics.url, name), by_part(20)
    with pytest.raises(FrameError, match=r"column 'part': whole numbers"):
        VmWriter(config=config).write(rows)
    with pytest.raises(FrameError, match=r"column 'part': whole numbers"):
        to_victoriametrics(dd.from_pandas(rows, 3, sort=False), config, compute_kwargs=SYNC)
    assert stored(victoria_metrics.url, name) == {}
    ddf = dd.from_pandas(rows, 3, sort=False)
    report = to_victoriametrics(
        ddf, config, compute_kwargs=SYNC, label_columns=["part"], verify=True
    )
    assert isinstance(report, WriteReport)
    assert (report.samples, len(stored(victoria_metrics.url, name))) == (60, 3)


def test_partitions_are_read_alike_though_one_alone_would_be_read_otherwise(
    victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    """Text that no rows of one time need is a question; here only the first partition needs it."""
    dd = dask_dataframe()
    times = pd.date_range("2026-03-01", periods=4, freq="1min", tz="UTC")
    first = pd.DataFrame({"time": times.repeat(2), "kind": list("ab") * 4, "y": 1.5})
    second = pd.DataFrame({"time": times + pd.Timedelta(days=1), "kind": list("abba"), "y": 2.5})
    config = config_for(victoria_metrics.url, name)
    with pytest.raises(FrameError, match="column 'kind'"):
        VmWriter(config=config).write(second)
    ddf = dd.concat([dd.from_pandas(first, 1), dd.from_pandas(second, 1)])
    to_victoriametrics(ddf, config, compute_kwargs=SYNC, verify=True)
    found = stored(victoria_metrics.url, name)
    assert {labels: samples.total() for labels, samples in found.items()} == {
        "kind=a": 6,
        "kind=b": 6,
    }


@pytest.mark.parametrize("duplicates", ["last", "first", "max"])
@pytest.mark.parametrize("other", [0.0, 1.0], ids=["equal", "other"])
def test_a_sample_that_two_partitions_have_is_told_before_anything_is_sent(
    victoria_metrics: LocalVictoriaMetrics, name: str, duplicates: Any, other: float
) -> None:
    rows = scores()
    again = rows[rows["host"] == "b"].iloc[100:120].assign(y=lambda frame: frame["y"] + other)
    ddf = dask_dataframe().from_pandas(pd.concat([rows, again], ignore_index=True), 4, sort=False)
    config = config_for(victoria_metrics.url, name)
    with pytest.raises(FrameError) as caught:
        to_victoriametrics(ddf, config, compute_kwargs=SYNC, duplicates=duplicates)
    assert re.match(
        r"partition 3: has samples at 20 times at which partition \d has samples of the same "
        r"series in other rows \(first: .*host.*b.* at 2026-01-01 01:40:00 UTC is .* here, and .* "
        r"there\); name the column .* or pass duplicates='keep' .* \(nothing was sent\)$",
        str(caught.value),
    )
    assert stored(victoria_metrics.url, name) == {}


def test_duplicates_error_holds_for_all_partitions(
    victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    rows = scores()
    ddf = dask_dataframe().from_pandas(
        pd.concat([rows, rows[10:12]], ignore_index=True), 2, sort=False
    )
    config = config_for(victoria_metrics.url, name)
    with pytest.raises(FrameError, match=r"^partition 1: has samples at 2 times"):
        to_victoriametrics(ddf, config, compute_kwargs=SYNC, duplicates="error")
    assert stored(victoria_metrics.url, name) == {}


def test_all_of_two_partitions_is_kept_and_verified_if_that_is_asked_for(
    victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    rows = pd.concat([scores(), scores().assign(y=lambda frame: frame["y"] + 1)])
    ddf = dask_dataframe().from_pandas(rows.reset_index(drop=True), 2, sort=False)
    report = to_victoriametrics(
        ddf,
        config_for(victoria_metrics.url, name),
        compute_kwargs=SYNC,
        duplicates="keep",
        verify=True,
    )
    assert isinstance(report, WriteReport)
    assert report.samples == 2 * GROUPS * ROWS


def test_interleaved_rows_of_many_partitions_are_no_repeats(
    victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    """Each of 40 partitions has every fortieth minute: more than files could be compared."""
    dd = dask_dataframe()
    times = pd.date_range("2026-03-01", periods=400, freq="1min", tz="UTC")
    rows = pd.DataFrame({"time": times, "y": np.arange(400.0)})
    pieces = [dd.from_pandas(rows[i::40].reset_index(drop=True), 1) for i in range(40)]
    config = config_for(victoria_metrics.url, name)
    report = to_victoriametrics(dd.concat(pieces), config, compute_kwargs=SYNC)
    assert isinstance(report, WriteReport)
    assert report.samples == 400
    repeated = dd.concat([*pieces, pieces[7]])
    with pytest.raises(FrameError, match=r"^partition 40: has samples at 10 times at which part"):
        to_victoriametrics(repeated, config, compute_kwargs=SYNC)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rows: rows.rename(columns={"host": "node"}), "'host' is missing, 'node' is new"),
        (lambda rows: rows.assign(y="half"), "column 'y'"),
    ],
)
def test_a_partition_that_does_not_fit_fails_with_its_reason_and_nothing_is_sent(
    victoria_metrics: LocalVictoriaMetrics, name: str, change: Any, reason: str
) -> None:
    rows = [scores(0), scores(1), change(scores(2))]
    ddf = dask_dataframe().from_map(lambda number: rows[number], range(3), meta=scores())
    config = config_for(victoria_metrics.url, name)
    kwargs: dict[str, Any] = {"value_columns": ["y"], "label_columns": ["host"]}
    with pytest.raises(FrameError) as caught:
        to_victoriametrics(ddf, config, compute_kwargs=SYNC, **kwargs)
    assert reason in str(caught.value)
    assert stored(victoria_metrics.url, name) == {}
