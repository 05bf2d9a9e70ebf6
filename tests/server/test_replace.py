"""Replacing samples in a database that has no update: exact, and refused where it is not safe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.support.replace_kills import is_old
from tests.support.replace_scene import CORRECTED, DEDUPLICATION, NEW, OLD, writer_of
from tests.support.stored_seconds import frame, stored
from vm_df_writer import VmWriter
from vm_df_writer.delivery.replace_policy import ReplacePolicy
from vm_df_writer.jobs import JobOptions, backfill
from vm_df_writer.local import LocalVictoriaMetrics

StartServer = Callable[..., LocalVictoriaMetrics]

pytestmark = [
    pytest.mark.filterwarnings("ignore::vm_df_writer.DroppedWarning"),
    pytest.mark.filterwarnings("ignore::vm_df_writer.CopiesWarning"),
]


@pytest.fixture
def writer(victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path) -> VmWriter:
    return writer_of(victoria_metrics.url, name, tmp_path)


@pytest.fixture(params=["without deduplication", "with deduplication"])
def server(
    request: pytest.FixtureRequest, start_victoria_metrics: StartServer
) -> LocalVictoriaMetrics:
    if request.param == "without deduplication":
        return start_victoria_metrics()
    server = start_victoria_metrics(DEDUPLICATION)
    if is_old(server):
        pytest.skip("before v1.86 this is refused")
    return server


def files_in(folder: Path) -> list[str]:
    return [path.name for path in (folder / "spool").glob("*.json*")]


def test_values_go_up_and_down_and_all_else_stays(
    server: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    writer = writer_of(server.url, name, tmp_path)
    writer.write(OLD)
    report = writer.write(NEW, if_exists="replace", verify=True)
    assert stored(server, name) == CORRECTED
    assert (report.samples, dict(report.dropped), report.undelivered) == (3, {}, 0)
    assert report.replaced is not None
    assert (report.replaced.series, report.replaced.samples) == (1, 3)
    assert report.verification is not None
    assert report.verification.ok
    assert files_in(tmp_path) == []
    again = writer.write(NEW, if_exists="replace", verify=True)
    assert (again.samples, dict(again.dropped), again.requests) == (0, {"exists": 3}, 0)
    assert stored(server, name) == CORRECTED


def test_what_the_server_deduplicates_is_not_imported_again_and_again(
    start_victoria_metrics: StartServer, name: str, tmp_path: Path
) -> None:
    """Of ten samples of a frame the server shows one; a replacement has to end all the same."""
    server, steps = start_victoria_metrics("-dedup.minScrapeInterval=10s"), list[str]()
    if is_old(server):
        pytest.skip("before v1.86 this is refused")
    policy = ReplacePolicy(durable_after_s=0.2, on_step=steps.append)
    writer = writer_of(server.url, name, tmp_path, policy)
    writer.write(frame([float(second) for second in range(100)]))
    corrected = frame([1000.0 + second for second in range(40)], start=30)
    report = writer.write(corrected, if_exists="replace", verify=True)
    assert steps == ["kept", "deleted", "imported", "durable", "compared"]
    tens = {0: [0], 10: [10], 20: [20], 80: [80], 90: [90], 99: [99], 70: [70]}
    assert stored(server, name) == tens | {30: [1000], 40: [1010], 50: [1020], 60: [1030]}
    assert report.verification is not None
    assert (report.verification.found, report.verification.deduplicated) == (4, 36)
    assert files_in(tmp_path) == []


def test_series_without_conflicts_are_not_touched_and_get_what_they_lack(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    steps: list[str] = []
    writer = writer_of(
        victoria_metrics.url, name, tmp_path, ReplacePolicy(durable_after_s=0, on_step=steps.append)
    )
    writer.write(OLD)
    report = writer.write(frame([6, 7, 8], start=5), if_exists="replace", verify=True)
    assert (report.samples, dict(report.dropped), steps) == (2, {"exists": 1}, [])
    assert stored(victoria_metrics, name)[7] == [8]


def test_copies_at_the_frames_times_go_and_those_at_other_times_stay(
    victoria_metrics: LocalVictoriaMetrics, writer: VmWriter, name: str
) -> None:
    for _ in range(3):
        writer.write(OLD)
    report = writer.write(frame([3, 4], start=2), if_exists="replace", verify=True)
    assert stored(victoria_metrics, name) == {
        0: [1] * 3, 1: [2] * 3, 2: [3], 3: [4], 4: [5] * 3, 5: [6] * 3
    }  # fmt: skip
    assert report.replaced is not None
    assert report.replaced.samples == 12


def test_a_series_with_the_same_labels_and_more_is_not_deleted(
    victoria_metrics: LocalVictoriaMetrics, writer: VmWriter, name: str
) -> None:
    writer.write(OLD)
    writer.write(OLD.assign(zone="z"))
    writer.write(OLD.assign(host="b"))
    writer.write(NEW, if_exists="replace")
    both = {second: sorted([*values, OLD["y"][second]]) for second, values in CORRECTED.items()}
    assert stored(victoria_metrics, name, 'host="a"') == both
    assert stored(victoria_metrics, name, 'host="b"') == {s: [v] for s, v in enumerate(OLD["y"])}


def test_values_of_all_kinds_stay_as_they_are(
    victoria_metrics: LocalVictoriaMetrics, writer: VmWriter, name: str
) -> None:
    values = [np.inf, -np.inf, 0.1, 1e-4, 123456.789, 2.0**40, 3.0]
    writer.write(frame(values), inf="keep")
    before = stored(victoria_metrics, name)
    writer.write(frame([4.0], start=6), if_exists="replace")
    assert stored(victoria_metrics, name) == before | {6: [4.0]}


def test_a_wide_frame_of_many_series_is_replaced_where_it_differs(
    writer: VmWriter, name: str
) -> None:
    times = pd.date_range("2026-01-01", periods=500, freq="1s", tz="UTC")
    wide = pd.DataFrame(
        np.arange(500 * 300).reshape(500, 300) / 4, times, [f"{name}_{i}" for i in range(300)]
    )
    writer.write(wide)
    corrected = wide.iloc[100:200].copy()
    corrected.iloc[:, ::3] += 1000
    report = writer.write(corrected, if_exists="replace", verify=True)
    assert report.replaced is not None
    assert (report.replaced.series, report.replaced.samples) == (100, 100 * 400)
    assert (report.samples, dict(report.dropped)) == (100 * 100, {"exists": 200 * 100})
    whole = wide.copy()
    whole.loc[corrected.index] = corrected
    assert writer.verify(whole).ok


def test_a_dry_run_tells_series_samples_and_bytes_and_changes_nothing(
    victoria_metrics: LocalVictoriaMetrics, writer: VmWriter, name: str, tmp_path: Path
) -> None:
    writer.write(OLD)
    report = writer.write(NEW, if_exists="replace", dry_run=True)
    assert report.replaced is not None
    assert (report.replaced.series, report.replaced.samples) == (1, 3)
    assert report.replaced.bytes_raw > 100
    assert report.undelivered == 3
    assert stored(victoria_metrics, name) == {s: [v] for s, v in enumerate(OLD["y"])}
    assert files_in(tmp_path) == []


def test_a_job_replaces_part_by_part(
    victoria_metrics: LocalVictoriaMetrics, writer: VmWriter, name: str, tmp_path: Path
) -> None:
    writer.write(OLD)
    files = tmp_path / "scores"
    files.mkdir()
    NEW.to_parquet(files / "a.parquet")
    frame([7.0], start=6).to_parquet(files / "b.parquet")
    options = JobOptions(if_exists="replace", verify=True)
    report = backfill(files, writer.config, state=tmp_path / "state", options=options)
    assert report.parts == {"verified": 2}
    assert stored(victoria_metrics, name) == CORRECTED | {6: [7]}
