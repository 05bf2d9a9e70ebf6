"""A job that is told to stop while something else goes wrong keeps every sample."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Exchange, accept, pass_on
from tests.support.score_files import config_for, write_files
from tests.support.spool_folders import samples_in
from vm_df_writer.jobs import JobOptions, backfill
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("pyarrow")


def stop_the_job_and_fail(exchange: Exchange) -> None:
    exchange.read_body()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.5)  # until a body that waits for its turn has been given up
    exchange.answer(500)


def test_a_body_that_waits_for_its_turn_when_the_job_is_stopped_is_spooled_with_the_others(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    times = pd.date_range("2026-01-01", periods=40_000, freq="1s", tz="UTC")
    pd.DataFrame({"y": range(40_000)}, index=times).to_parquet(tmp_path / "y.parquet")
    spool = tmp_path / "spool"
    with FaultProxy(victoria_metrics.url).running() as proxy:
        # The first one is empty: it asks whether the server is there.
        proxy.schedule(pass_on, then=stop_the_job_and_fail)
        config = config_for(proxy.url, name, spool_dir=str(spool), concurrency=1)
        options = JobOptions(rate_limit=2000)
        report = backfill(tmp_path / "y.parquet", config, state=tmp_path / "s", options=options)
    assert report.parts == {"spooled": 1}
    assert samples_in(spool) == report.undelivered == 40_000


def test_a_stop_ends_the_wait_for_samples_which_the_next_run_looks_for_again(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    folder, state, options = tmp_path / "scores", tmp_path / "state", JobOptions(verify=True)
    write_files(folder, 1)
    with FaultProxy(victoria_metrics.url).running() as proxy:
        proxy.schedule(pass_on, pass_on, then=accept(0))  # which stores nothing
        config = config_for(proxy.url, name)
        stop = threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGTERM))
        stop.start()
        began = time.monotonic()
        report = backfill(folder, config, state=state, options=options)
        assert time.monotonic() - began < 14.0  # it is patient for 15 s
        stop.join()
        assert (report.outcome, report.reason) == ("interrupted", "SIGTERM")
        assert report.parts == {"verified": 1, "sent": 2}
        for waited in report.failures:
            assert waited.reason.startswith("verify: stopped before it was all found; run the job")
        proxy.schedule(then=pass_on)
        backfill(folder, config, state=tmp_path / "another")  # what was lost is there now
        again = backfill(folder, config, state=state, options=options)
    assert (again.outcome, again.parts) == ("done", {"verified": 3})
