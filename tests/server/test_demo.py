"""The demo: what it says, what it stores, and what it draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests

from tests.support.command_line import run
from vm_df_writer import VmWriter
from vm_df_writer.demo.data import METRIC_FORMAT, make_values, read_back, score, to_wide
from vm_df_writer.local import LocalVictoriaMetrics

END = pd.Timestamp("2026-01-08", tz="UTC")


def test_the_demo_writes_verifies_and_draws(
    victoria_metrics: LocalVictoriaMetrics, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "demo.png"
    arguments = ["--url", victoria_metrics.url, "--days", "2", "--hosts", "3"]
    result = run("demo", *arguments, "--picture", picture, "--progress")
    assert result.exit_code == 0, result.output
    n_samples = 2 * 2 * 1440 * 3 * 5
    assert f"verified: {n_samples:,} of {n_samples:,} samples found" in result.stdout
    assert "Writing cpu_usage: wide, 2,880 x 15" in result.stdout
    assert "Writing request_latency: long, 8,640 x 7" in result.stdout
    assert "100%" in result.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_demo_starts_and_stops_a_server_of_its_own(
    victoria_metrics: LocalVictoriaMetrics, tmp_path: Path
) -> None:
    result = run("demo", "--days", "2", "--hosts", "3", "--no-progress")
    assert result.exit_code == 0, result.output
    url = result.stdout.split()[3]
    assert result.stdout.startswith(f"VictoriaMetrics runs at {url} until the demo ends.")
    assert url != victoria_metrics.url
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/health", timeout=5)
    assert not list(tmp_path.iterdir())


def test_what_is_read_back_for_the_picture_is_what_was_scored(
    victoria_metrics: LocalVictoriaMetrics,
) -> None:
    values, _ = make_values(END, days=2, hosts=3, level=40.0, seed=1)
    outputs = score(values)
    with VmWriter(victoria_metrics.url, metric_format=METRIC_FORMAT) as writer:
        labels = {"run": "read back"}
        writer.write(to_wide(outputs), query_key="cpu_usage", labels=labels, verify=True)
        start = END - pd.Timedelta(days=2)
        stored = read_back(writer, "cpu_usage", "read back", start, END)
    assert stored.keys() == outputs.keys()
    for var, frame in stored.items():
        expected = outputs[var].sort_index(axis=1)
        assert frame.index.tolist() == expected.index.tolist()
        assert frame.columns.tolist() == expected.columns.tolist()
        np.testing.assert_allclose(frame, expected, rtol=1e-9)
