"""Dask writes each partition by a task of its own."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import delay
from tests.support.score_files import GROUPS, ROWS, config_for, expected, scores, stored
from vm_df_writer import FrameError, ServerRejected, VmWriter, WriteReport
from vm_df_writer.jobs.dask import to_victoriametrics
from vm_df_writer.local import LocalVictoriaMetrics

dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

N_PARTITIONS = 6


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes of one thread each."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def frame() -> Any:
    return dd.from_pandas(pd.concat(map(scores, range(2)), ignore_index=True), N_PARTITIONS)


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
