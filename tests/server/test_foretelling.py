"""What foretells a write knows of the server what the write knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vm_df_writer import CopiesWarning, LabelError, RetentionWarning, VmWriter
from vm_df_writer.jobs import JobOptions, backfill, estimate
from vm_df_writer.local import LocalVictoriaMetrics

StartServer = Callable[..., LocalVictoriaMetrics]

NOW = pd.Timestamp.now("UTC").floor("s")
FORMAT = {"__name__": "$VAR"}


def labelled(n_labels: int, times: pd.DatetimeIndex | None = None) -> pd.DataFrame:
    """Return a long frame of two rows, whose series have so many labels beside the name."""
    times = pd.DatetimeIndex([NOW - timedelta(minutes=1), NOW]) if times is None else times
    labels = {f"l{i}": "x" for i in range(n_labels)}
    return pd.DataFrame({"time": times, **labels, "y": np.arange(len(times)) * 1.0})


@pytest.mark.parametrize(("limit", "n_labels"), [(40, 34), (5, 4)])
def test_what_a_server_takes_is_foretold_and_written(
    start_victoria_metrics: StartServer, tmp_path: Path, limit: int, n_labels: int
) -> None:
    server = start_victoria_metrics(f"-maxLabelsPerTimeseries={limit}")
    frame, path = labelled(n_labels), tmp_path / "scores.parquet"
    frame.to_parquet(path)
    with VmWriter(server.url, metric_format=FORMAT) as writer:
        assert writer.preview(frame).samples == 2
        assert writer.write(frame, dry_run=True).undelivered == 2
        assert estimate(path, writer).unreadable == {}
        job = backfill(path, writer, state=tmp_path / "state", options=JobOptions(if_exists="skip"))
        assert (job.outcome, job.samples) == ("done", 2)
        with pytest.warns(CopiesWarning):
            assert writer.write(frame, verify=True).samples == 2


def test_what_a_server_does_not_take_is_refused_by_all(
    start_victoria_metrics: StartServer, tmp_path: Path
) -> None:
    server = start_victoria_metrics("-maxLabelsPerTimeseries=5")
    frame, path = labelled(5), tmp_path / "scores.parquet"
    frame.to_parquet(path)
    with VmWriter(server.url, metric_format=FORMAT) as writer:
        for foretell in (
            lambda: writer.preview(frame),
            lambda: writer.write(frame, dry_run=True),
            lambda: writer.verify(frame),
            lambda: writer.write(frame),
        ):
            with pytest.raises(LabelError, match="have up to 6 labels, and the server keeps 5"):
                foretell()
        (reason,) = estimate(path, writer).unreadable.values()
    assert "have up to 6 labels, and the server keeps 5" in reason


def test_what_a_server_would_drop_for_its_time_is_foretold(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics(retention="1d")
    frame = labelled(1, pd.DatetimeIndex([NOW - timedelta(days=9), NOW]))
    with VmWriter(server.url, metric_format=FORMAT) as writer:
        preview = writer.preview(frame)
        with pytest.warns(RetentionWarning, match="1 samples are older than what the server keeps"):
            report = writer.write(frame, dry_run=True)
    assert (preview.samples, preview.dropped) == (1, {"too_old": 1})
    assert (report.undelivered, report.dropped) == (1, {"too_old": 1})
    assert "limits      reported by the server" in str(preview)


def test_without_a_server_a_preview_says_what_it_assumes() -> None:
    with VmWriter("http://127.0.0.1:1", metric_format=FORMAT) as writer:
        preview = writer.preview(labelled(3))
        assert (preview.samples, preview.limits_reported) == (2, False)
        assert "limits      assumed, since no server reports any" in str(preview)
        with pytest.raises(LabelError, match="and the server keeps 30"):
            writer.preview(labelled(34))


def test_line_limit_of_the_server_bounds_the_lines_of_a_preview(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics("-import.maxLineLen=4KiB")
    times = pd.date_range(NOW - timedelta(hours=1), periods=1000, freq="1s")
    frame = pd.DataFrame({"y": np.arange(1000) / 7}, index=times)
    with VmWriter(server.url, metric_format=FORMAT) as writer:
        assert len(writer.preview(frame).first_line) < 4096
