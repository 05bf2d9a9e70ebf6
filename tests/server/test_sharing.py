"""One writer in several threads and processes."""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.stored_frame import StoredFrame
from tests.support.stored_samples import settled
from tests.support.writers import frame_of
from vm_df_writer import VmWriter
from vm_df_writer.local import LocalVictoriaMetrics

FRAME = frame_of(2_000, 30)
PARTS = 6


@pytest.fixture
def run(request: pytest.FixtureRequest) -> str:
    return "".join(c if c.isalnum() else "_" for c in request.node.name)


@pytest.fixture
def writer(victoria_metrics: LocalVictoriaMetrics, run: str) -> VmWriter:
    return VmWriter(
        victoria_metrics.url,
        metric_format={"__name__": run, "column": "$VAR"},
        batch_max_bytes=2**16,
    )


def write(writer: VmWriter, part: int) -> tuple[int, int]:
    """Write a part, and return how much is acknowledged and who did it."""
    report = writer.write(FRAME, labels={"part": str(part)}, progress=False)
    return report.samples, os.getpid()


def all_parts_are_there(server: LocalVictoriaMetrics, run: str) -> bool:
    settled(server)
    parts = [StoredFrame(server, run, part=str(part)) for part in range(PARTS)]
    return all(part.is_all_of(FRAME) and part.copies == FRAME.size for part in parts)


def test_threads_share_a_writer_without_a_word(
    victoria_metrics: LocalVictoriaMetrics,
    writer: VmWriter,
    run: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with ThreadPoolExecutor(PARTS) as threads:
        done = list(threads.map(write, [writer] * PARTS, range(PARTS)))
    assert [samples for samples, _ in done] == [FRAME.size] * PARTS
    assert all_parts_are_there(victoria_metrics, run)
    noise = [record for record in caplog.records if record.name.startswith("urllib3")]
    assert [record for record in noise if record.levelno > logging.DEBUG] == []


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # since Python 3.12
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_get_a_writer_each(
    victoria_metrics: LocalVictoriaMetrics, writer: VmWriter, run: str, method: str
) -> None:
    write(writer, 0)  # so that there are connections, which no process may share
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as processes:
        done = list(processes.map(write, [writer] * (PARTS - 1), range(1, PARTS)))
    assert [samples for samples, _ in done] == [FRAME.size] * (PARTS - 1)
    assert os.getpid() not in {pid for _, pid in done}
    assert all_parts_are_there(victoria_metrics, run)


def test_a_pickled_writer_is_its_configuration(writer: VmWriter, tmp_path: Path) -> None:
    secret = VmWriter(writer.config.datasource_url, user="me", password="hush", spool_dir=tmp_path)
    writer.check()
    for original in (writer, secret):
        assert pickle.loads(pickle.dumps(original)).config == original.config  # noqa: S301
