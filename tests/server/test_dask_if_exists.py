"""What tasks of Dask, in processes of their own, do where the server has samples already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.dask_frames import dask_dataframe
from tests.support.score_files import GROUPS, ROWS, config_for, expected, scores, stored
from vm_df_writer import ConfigError, SamplesExistError, VmWriter, WriteReport
from vm_df_writer.jobs.dask import to_victoriametrics
from vm_df_writer.local import LocalVictoriaMetrics

pytestmark = pytest.mark.skipif(find_spec("dask") is None, reason="needs Dask")

ALL = GROUPS * ROWS
OLD = scores(0).assign(y=lambda rows: rows["y"] + 0.5).iloc[100:160]
OTHERS = scores(7)  # of the same series at other times


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes of two threads each."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def before(
    cluster: Any, victoria_metrics: LocalVictoriaMetrics, name: str
) -> dict[str, Counter[tuple[int, float]]]:
    """What the server has: other values at 60 times, and samples at other times."""
    del cluster
    with VmWriter(config=config_for(victoria_metrics.url, name)) as writer:
        writer.write(pd.concat([OLD, OTHERS]), verify=True)
    return stored(victoria_metrics.url, name)


def write(server: LocalVictoriaMetrics, name: str, **choices: Any) -> WriteReport:
    config = config_for(server.url, name, spool_dir=choices.pop("spool", None))
    report = to_victoriametrics(dask_dataframe().from_pandas(scores(0), 4), config, **choices)
    assert isinstance(report, WriteReport)
    return report


def test_skip_leaves_out_what_exists_and_a_second_run_everything(
    victoria_metrics: LocalVictoriaMetrics, name: str, before: dict[str, Counter[Any]]
) -> None:
    report = write(victoria_metrics, name, if_exists="skip", verify=True)
    assert (report.samples, report.dropped) == (ALL - 60, {"exists": 60})
    added = stored(victoria_metrics.url, name)
    for labels, samples in before.items():
        assert not samples - added[labels]
        times = Counter(ms for ms, _ in added[labels])
        assert set(times.values()) == {1}
    assert sum(map(Counter.total, added.values())) == 2 * ALL
    report = write(victoria_metrics, name, if_exists="skip")
    assert (report.samples, report.dropped) == (0, {"exists": ALL})
    assert stored(victoria_metrics.url, name) == added


def test_fail_refuses_before_any_partition_is_written(
    victoria_metrics: LocalVictoriaMetrics, name: str, before: dict[str, Counter[Any]]
) -> None:
    with pytest.raises(SamplesExistError, match="the server has a sample of"):
        write(victoria_metrics, name, if_exists="fail")
    assert stored(victoria_metrics.url, name) == before
    assert write(victoria_metrics, f"{name}_new", if_exists="fail").samples == ALL


def test_replace_corrects_one_partition_at_a_time_and_keeps_all_else(
    victoria_metrics: LocalVictoriaMetrics, name: str, before: Any, tmp_path: Path
) -> None:
    """Series of one partition are those of the next: each deletes what the one before wrote."""
    del before
    spool = tmp_path / "spool"
    report = write(victoria_metrics, name, if_exists="replace", spool=str(spool), verify=True)
    assert (report.samples, report.undelivered) == (ALL, 0)
    assert report.replaced is not None
    assert report.replaced.series == 2 * 2  # both of the second partition, and of the third
    assert stored(victoria_metrics.url, name) == expected(0, 7)
    assert list(spool.glob("*.jsonl*")) == []


def test_the_receipt_is_of_all_partitions(
    cluster: Any, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    del cluster
    report = write(victoria_metrics, name, receipt=True)
    assert report.receipt().samples == ALL
    with VmWriter(config=config_for(victoria_metrics.url, name)) as writer:
        assert writer.verify_receipt(report.receipt()).found == ALL
    with pytest.raises(ValueError, match="pass receipt=True"):
        write(victoria_metrics, name).receipt()
    with pytest.raises(ConfigError, match=r"^receipt: if_exists is 'replace'"):
        write(victoria_metrics, name, receipt=True, if_exists="replace")
