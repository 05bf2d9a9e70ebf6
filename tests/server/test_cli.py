"""The command line against a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.support.command_line import run
from tests.support.stored_samples import export
from vm_df_writer.local import LocalVictoriaMetrics

TIMES = pd.date_range("2026-01-01", periods=3, freq="1min", tz="UTC")


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    frame = pd.DataFrame(
        {"time": TIMES.repeat(2), "host": ["007", "NA"] * 3, "y": [0.1, 2, None, 4, 5, 6.5]}
    )
    path = tmp_path / "scores.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    frame = pd.DataFrame({"y": [1.5, 2.5, 3.5], "yhat": [1.0, 2.0, 3.0]}, index=TIMES)
    path = tmp_path / "wide.csv"
    frame.to_csv(path)
    return path


def values_by_host(url: str, selector: str) -> dict[str, list[float]]:
    return {
        dict(label_set)["host"]: [value for _, value in samples]
        for label_set, samples in export(url, selector).items()
    }


def test_a_csv_is_stored_and_verified_to_the_letter(
    victoria_metrics: LocalVictoriaMetrics, scores: Path, name: str
) -> None:
    url = victoria_metrics.url
    result = run(
        "write", scores, "--url", url, "--metric-format", f"__name__={name}_$VAR", "--verify"
    )
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "verified: 5 of 5 samples found" in result.stdout
    assert values_by_host(url, f"{name}_y") == {"007": [0.1, 5], "NA": [2, 4, 6.5]}


def test_the_output_of_to_csv_is_read_as_the_frame_it_was(
    victoria_metrics: LocalVictoriaMetrics, wide: Path, name: str
) -> None:
    url = victoria_metrics.url
    arguments = ("write", "-", "--url", url, "--metric-format", f"__name__={name}_$VAR", "--verify")
    result = run(*arguments, stdin=wide.read_text())
    assert result.exit_code == 0
    (stored,) = export(url, f"{name}_yhat").values()
    times_ms = [int(time.timestamp() * 1000) for time in TIMES]
    assert stored == list(zip(times_ms, [1, 2, 3], strict=True))


def test_a_wrong_file_does_not_keep_the_others_from_being_written(
    victoria_metrics: LocalVictoriaMetrics, scores: Path, wide: Path, name: str, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("time,y\nyesterday,1\n")
    result = run(
        *("write", scores, wrong, wide, "--url", victoria_metrics.url, "--verify", "--json"),
        *("--metric-format", f"__name__={name}_$VAR", "--no-progress"),
    )
    assert result.exit_code == 2
    report = json.loads(result.stdout)
    assert report["samples"] == 5 + 6
    assert report["verification"]["ok"]
    assert [file["state"] for file in report["files"]] == ["verified", "refused", "verified"]
    assert result.stderr.startswith(f"Error: {wrong}: column 'time', row 0: expected an ISO 8601")


def test_parquet_and_csv_of_one_frame_store_the_same(
    victoria_metrics: LocalVictoriaMetrics, scores: Path, name: str
) -> None:
    pytest.importorskip("pyarrow")
    parquet = scores.with_suffix(".parquet")
    pd.read_csv(scores, dtype={"host": str}, keep_default_na=False, na_values={"y": [""]}).astype(
        {"time": "datetime64[us, UTC]"}
    ).to_parquet(parquet)
    url = victoria_metrics.url
    for file in (scores, parquet):
        result = run(
            *("write", file, "--url", url, "--metric-format", f"__name__={name}_$VAR"),
            *("--label", f"from={file.suffix}", "--verify"),
        )
        assert result.exit_code == 0
    from_csv, from_parquet = (
        values_by_host(url, f'{name}_y{{from="{suffix}"}}') for suffix in (".csv", ".parquet")
    )
    assert from_csv == from_parquet == {"007": [0.1, 5], "NA": [2, 4, 6.5]}


def test_a_config_file_says_where_and_how_to_write(
    victoria_metrics: LocalVictoriaMetrics, wide: Path, name: str, tmp_path: Path
) -> None:
    config = tmp_path / "vmanomaly.yaml"
    config.write_text(
        f"reader: {{class: vm}}\nwriter:\n  class: vm\n  datasource_url: {victoria_metrics.url}\n"
        f"  metric_format: {{__name__: '{name}_$VAR', for: $QUERY_KEY}}\n"
    )
    result = run("write", wide, "--config", config, "--query-key", "cpu", "--verify")
    assert result.exit_code == 0
    assert len(export(victoria_metrics.url, f'{{__name__=~"{name}_.*",for="cpu"}}')) == 2


def test_samples_that_the_server_does_not_keep_exit_with_3(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], tmp_path: Path
) -> None:
    now = pd.Timestamp.now("UTC").floor("s")
    lines = [f"{now - age:%Y-%m-%dT%H:%M:%SZ},1\n" for age in pd.to_timedelta([0, 60], unit="D")]
    scores = tmp_path / "scores.csv"
    scores.write_text("time,y\n" + "".join(lines))
    secret = ("-metricsAuthKey=secret", "-flagsAuthKey=secret")  # so that it cannot tell
    server = start_victoria_metrics(*secret, retention="30d")
    result = run(
        *("write", scores, "--url", server.url, "--metric-format", "__name__=$VAR", "--verify")
    )
    assert result.exit_code == 3
    assert "FAILED: 1 of 2 samples found, 1 missing, 0 mismatched" in result.stdout
    assert result.stderr.startswith(f"Error: {scores}: verify: 1 of 2 samples, in 1 series, were")


def test_check_finds_the_server(victoria_metrics: LocalVictoriaMetrics) -> None:
    result = run("check", "--url", victoria_metrics.url)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{victoria_metrics.url}/api/v1/import is ready")


def test_wrong_credentials_exit_with_1(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], wide: Path
) -> None:
    server = start_victoria_metrics("-httpAuth.username=me", "-httpAuth.password=right")
    wrong = server.url.replace("//", "//me:wrong-hush@")
    for arguments in (("check",), ("write", wide, "--metric-format", "__name__=$VAR")):
        result = run(*arguments, "--url", wrong)
        assert result.exit_code == 1
        assert "answered 401 Unauthorized" in result.stderr
        assert "wrong-hush" not in result.output
    assert run("check", "--url", server.url.replace("//", "//me:right@")).exit_code == 0
