"""What a writer counts of itself is what became of requests and samples, and it harms nothing."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import answer, pass_on
from tests.support.score_files import GROUPS, ROWS, config_for, write_files
from tests.support.stored_frame import StoredFrame
from tests.support.stored_samples import settled
from tests.support.writers import frame_of
from vm_df_writer import DeliveryError, VmWriter, WriteInterrupted, WriterMetrics
from vm_df_writer.delivery.observer import NullObserver
from vm_df_writer.jobs import JobOptions, backfill
from vm_df_writer.local import LocalVictoriaMetrics

prometheus_client = pytest.importorskip("prometheus_client")
pytestmark = pytest.mark.filterwarnings("ignore::vm_df_writer.DroppedWarning")

FRAME = frame_of(300, 6, gaps=0.25)
N_SAMPLES = int(FRAME.notna().sum().sum())
OWN = {"scheduler_alias": "", "preset": ""}
STUBBORN: dict[str, Any] = {"batch_max_series": 1, "concurrency": 2, "retry_deadline": "10s"}
IMPATIENT: dict[str, Any] = {"retry_deadline": "1ms", "connection_retry_attempts": 0}


def writer_with(url: str, run: str, metrics: Any, **parameters: Any) -> VmWriter:
    metric_format = {"__name__": run, "column": "$VAR"}
    return VmWriter(url, metrics=metrics, metric_format=metric_format, **parameters)


def value(metrics: WriterMetrics, name: str, **labels: str) -> float | None:
    found: float | None = metrics.registry.get_sample_value(name, OWN | labels)
    return found


def test_every_attempt_and_every_acknowledged_sample_is_counted(
    proxy: FaultProxy, run: str
) -> None:
    metrics = WriterMetrics()
    proxy.schedule(pass_on, answer(503), answer(429))
    with writer_with(proxy.url, run, metrics, **STUBBORN) as writer:
        report = writer.write(FRAME, query_key="cpu", verify=True)
    of = {"url": f"{proxy.url}/api/v1/import", "query_key": "cpu"}
    codes = {code: value(metrics, "vmanomaly_writer_responses_total", **of, code=code)
             for code in ("204", "503", "429")}  # fmt: skip
    assert codes == {"204": 6, "503": 1, "429": 1}
    assert value(metrics, "vmanomaly_writer_request_duration_seconds_count", **of) == 8
    assert value(metrics, "vmanomaly_writer_datapoints_sent_total", **of) == N_SAMPLES
    assert value(metrics, "vmanomaly_writer_sent_bytes_total", **of) == report.bytes_sent
    assert value(metrics, "vmanomaly_writer_timeseries_sent_total", **of) == 6
    assert value(metrics, "vmanomaly_writer_request_serialize_seconds_count", **of) == 1
    assert value(metrics, "vm_df_writer_retries_total") == report.retries == 2
    assert value(metrics, "vm_df_writer_dropped_samples_total", reason="nan") == (
        FRAME.size - N_SAMPLES
    )
    assert value(metrics, "vm_df_writer_verified_samples_total", result="found") == N_SAMPLES


def test_a_write_that_fails_counts_what_is_not_delivered_and_how_it_is_kept(
    proxy: FaultProxy, run: str, tmp_path: Path
) -> None:
    metrics = WriterMetrics()
    proxy.schedule(pass_on, then=answer(503))
    parameters = IMPATIENT | {"batch_max_series": 1, "concurrency": 1}
    folder = tmp_path / "spool"
    with writer_with(proxy.url, run, metrics, spool_dir=folder, **parameters) as writer:
        assert value(metrics, "vm_df_writer_spool_files") == 0
        report = writer.write(FRAME)
        assert value(metrics, "vm_df_writer_undelivered_samples_total") == report.undelivered > 0
        assert value(metrics, "vm_df_writer_spool_files") == len(report.spooled) == 5
        size = sum(path.stat().st_size for path in folder.glob("*.jsonl.gz"))
        assert value(metrics, "vm_df_writer_spool_bytes") == size
        with pytest.raises(DeliveryError):
            writer.replay()
        # What is left is not counted once more.
        assert value(metrics, "vm_df_writer_undelivered_samples_total") == report.undelivered
        proxy.schedule()
        writer.replay()
    of = {"url": f"{proxy.url}/api/v1/import", "query_key": ""}
    assert value(metrics, "vmanomaly_writer_datapoints_sent_total", **of) == N_SAMPLES
    assert value(metrics, "vm_df_writer_spool_files") == 0


def test_a_dry_run_counts_nothing(proxy: FaultProxy, run: str) -> None:
    metrics = WriterMetrics()
    with writer_with(proxy.url, run, metrics) as writer:
        writer.write(FRAME, dry_run=True)
    assert value(metrics, "vm_df_writer_undelivered_samples_total") == 0
    assert b"vmanomaly_writer_timeseries_sent_total{" not in metrics.exposition()


def test_an_observer_that_always_fails_harms_nothing(
    proxy: FaultProxy,
    run: str,
    victoria_metrics: LocalVictoriaMetrics,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(NullObserver):
        def on_attempt(self, **_: object) -> None:
            raise RuntimeError("broken")

        on_prepared = on_body = on_write = on_attempt  # type: ignore[assignment]

    proxy.schedule(answer(503))
    with (
        caplog.at_level(logging.ERROR, "vm_df_writer"),
        writer_with(proxy.url, run, Broken(), **STUBBORN) as writer,
    ):
        report = writer.write(FRAME)
    assert (report.samples, report.undelivered) == (N_SAMPLES, 0)
    settled(victoria_metrics)
    assert StoredFrame(victoria_metrics, run).copies == N_SAMPLES
    assert len(caplog.records) == 1


def test_ctrl_c_in_an_observer_is_one_during_the_write(proxy: FaultProxy, run: str) -> None:
    class Interrupted(NullObserver):
        def on_write(self, report: Any) -> None:
            self.report = report

    heard = Interrupted()

    def strike(exchange: Any) -> None:
        import _thread

        _thread.interrupt_main()
        pass_on(exchange)

    proxy.schedule(strike)
    with (
        writer_with(proxy.url, run, heard, **STUBBORN) as writer,
        pytest.raises(WriteInterrupted) as caught,
    ):
        writer.write(FRAME)
    assert heard.report is caught.value.report


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_of_a_job_count_in_its_own_process(
    proxy: FaultProxy, run: str, tmp_path: Path, workers: int
) -> None:
    pytest.importorskip("pyarrow")
    write_files(tmp_path / "scores")
    metrics = WriterMetrics()
    proxy.schedule(answer(204), answer(503))  # the first is that of the job itself
    with VmWriter(config=config_for(proxy.url, run), metrics=metrics) as writer:
        report = backfill(
            tmp_path / "scores",
            writer,
            state=tmp_path / "job.sqlite",
            options=JobOptions(workers=workers),
        )
    of = {"url": f"{proxy.url}/api/v1/import", "query_key": ""}
    assert report.ok
    assert value(metrics, "vmanomaly_writer_datapoints_sent_total", **of) == report.samples
    assert report.samples == 3 * GROUPS * ROWS
    assert value(metrics, "vmanomaly_writer_responses_total", **of, code="503") == 1
    assert value(metrics, "vm_df_writer_retries_total") == 1
    assert value(metrics, "vm_df_writer_job_parts", state="sent") == 3 * GROUPS
    assert value(metrics, "vm_df_writer_job_parts", state="pending") == 0
    assert value(metrics, "vm_df_writer_job_rows_left") == 0
