"""What a job leaves in the spool is delivered by a replay, or sent again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import answer, pass_on
from tests.support.score_files import GROUPS, ROWS, config_for, expected, stored, write_files
from tests.support.spool_folders import names_in
from vm_df_writer import VmWriter, WriterConfig
from vm_df_writer.jobs import JobReport, backfill
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("pyarrow")


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def proxy(victoria_metrics: LocalVictoriaMetrics) -> Iterator[FaultProxy]:
    """A way to the server on which one part of a job gets through."""
    with FaultProxy(victoria_metrics.url).running() as proxy:
        # The first request is empty: it asks whether the server is there.
        proxy.schedule(pass_on, pass_on, then=answer(503))
        yield proxy


@pytest.fixture
def config(proxy: FaultProxy, name: str, spool: Path) -> WriterConfig:
    return config_for(proxy.url, name, retry_deadline="100ms", spool_dir=str(spool))


@pytest.fixture
def run(config: WriterConfig, tmp_path: Path) -> Callable[[], JobReport]:
    write_files(tmp_path / "scores", 1)
    return lambda: backfill(tmp_path / "scores", config, state=tmp_path / "job.sqlite")


def test_a_replay_leaves_a_receipt_that_the_job_takes(
    run: Callable[[], JobReport],
    proxy: FaultProxy,
    config: WriterConfig,
    spool: Path,
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
) -> None:
    first = run()
    n_spooled = first.parts["spooled"]  # of those that are in flight
    assert (first.parts["sent"], first.undelivered) == (1, n_spooled * ROWS)
    proxy.schedule(then=pass_on)
    with VmWriter(config=config) as writer:
        assert writer.replay().samples == first.undelivered
    assert [Path(name).suffix for name in names_in(spool)] == n_spooled * [".delivered"]
    report = run()
    assert (report.outcome, report.samples, report.repeated) == ("done", GROUPS * ROWS, 0)
    assert names_in(spool) == set()
    assert stored(victoria_metrics.url, name) == expected(0)


@pytest.mark.parametrize("what", ["files", "folder"])
def test_a_part_whose_spooled_file_was_lost_is_sent_again(
    run: Callable[[], JobReport],
    proxy: FaultProxy,
    spool: Path,
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
    what: str,
) -> None:
    first = run()
    if what == "folder":  # a volume that is not mounted, a pod that was replaced
        shutil.rmtree(spool)
    else:
        for path in spool.iterdir():
            path.unlink()
    proxy.schedule(then=pass_on)
    report = run()
    assert (report.outcome, report.samples) == ("done", GROUPS * ROWS)
    assert report.repeated == first.parts["spooled"] * ROWS
    assert stored(victoria_metrics.url, name) == expected(0)
