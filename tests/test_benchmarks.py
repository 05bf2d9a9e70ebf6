"""The benchmarks, on frames that take seconds: that they run, not how fast."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.thorough import thorough
from vm_df_writer.local import LocalVictoriaMetrics

ROOT = Path(__file__).parents[1]


def run_python(*arguments: str) -> None:
    # Options of the run that this test is a part of are not for another one.
    env = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmarks")
    run_python("-m", "benchmarks", "--small", "--out", str(folder))
    return folder


@pytest.fixture(scope="module")
def results(out: Path) -> Any:
    return json.loads((out / "results.json").read_text())


@thorough
def test_all_writers_that_are_installed_write_the_same_samples(results: Any) -> None:
    layouts = [text.partition(",")[0] for text in results["agreement"]]
    assert layouts == ["long", "wide"]
    for layout in layouts:
        peers = {run["peer"] for run in results["peers"] if run["layout"] == layout}
        assert {"vm_df_writer", "loop with json", "DataFrame.to_csv"} <= peers


@thorough
def test_every_case_has_a_ratio_and_a_goal(results: Any) -> None:
    without_polars = any("polars" in what for what in results["missing"])
    cases = {found["case"] for found in results["comparisons"]}
    assert {"import vm_df_writer", "write of one row"} <= cases
    assert any(case.startswith("replacing a quarter, ") for case in cases)
    assert sum(case.startswith(("wide", "long")) for case in cases) >= 7 - 2 * without_polars
    for found in results["comparisons"]:
        low, high = found["ratio_spread"]
        assert 0 < low <= high
        assert found["is_met"] == (found["ratio"] <= found["goal"])


@thorough
def test_cost_is_measured_by_rows_and_by_series(results: Any) -> None:
    measured = {(point["layout"], point["axis"]) for point in results["scaling"]}
    assert measured == {(a, b) for a in ("wide", "long") for b in ("rows", "series")}
    assert results["growth"].keys() == {"wide", "long"}


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's high-water mark is read")
@thorough
def test_memory_is_measured_above_the_frame(results: Any) -> None:
    assert [found["goal_mib"] for found in results["memory_goals"]] == [128, 8, 400]
    assert all(run["frame_mib"] > 0 for run in results["memory"])


@thorough
def test_writes_are_compared_with_curl_on_a_real_server(
    results: Any, victoria_metrics: LocalVictoriaMetrics
) -> None:
    assert victoria_metrics.url
    if "curl" in str(results["missing"]):
        pytest.skip("curl is not installed")
    yardsticks = [c["yardstick"] for c in results["comparisons"] if "end to end" in c["case"]]
    assert len(yardsticks) == 2  # one for each wire
    assert all(yardstick.startswith("curl with the same bytes") for yardstick in yardsticks)
    writers = {run["writer"] for run in results["end_to_end"]}
    assert {"VmWriter.write", "DataFrame.to_csv and requests"} <= writers
    assert {(run["layout"], run["encoding"]) for run in results["stages"]} == {
        (layout, encoding) for layout in ("wide", "long") for encoding in ("none", "gzip")
    }
    assert {run["concurrency"] for run in results["delivery"]} == {1, 2, 4}


@thorough
def test_both_wires_are_measured_in_every_encoding(results: Any) -> None:
    assert {(size["wire"], size["encoding"]) for size in results["wire_sizes"]} == {
        *(("import", encoding) for encoding in ("none", "gzip", "zstd")),
        *(("remote_write", encoding) for encoding in ("stored", "snappy", "zstd")),
    }
    assert sum("remote write of" in found["case"] for found in results["comparisons"]) == 5


@thorough
def test_report_shows_every_goal_and_every_picture(out: Path, results: Any) -> None:
    report = (out / "results.md").read_text()
    for found in [*results["comparisons"], *results["memory_goals"], *results["size_goals"]]:
        assert f"| {found['case']} |" in report
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", report)
    assert pictures or "matplotlib" in str(results["missing"])
    for picture in pictures:
        assert (out / picture).read_bytes().startswith(b"\x89PNG")


def test_parts_that_are_named_run_alone(tmp_path: Path) -> None:
    run_python("-m", "benchmarks", "--small", "--out", str(tmp_path), "formatting", "peers")
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert len(results["agreement"]) == 2
    assert results["comparisons"]
    report = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert all(f"| {found['case']} |" in report for found in results["comparisons"])


def test_micro_benchmarks_run() -> None:
    run_python("-m", "pytest", "benchmarks", "--benchmark-disable", "-p", "no:cacheprovider")
