"""The commands read and diff: what was written of files comes back as files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests

from tests.support.command_line import Result, run
from tests.support.stored_samples import export
from vm_df_writer.local import LocalVictoriaMetrics

TIMES = pd.date_range("2026-01-01", periods=40, freq="1500ms", tz="UTC")
SCORES = pd.DataFrame(
    {
        "time": TIMES.repeat(2),
        "host": ["007", "NA"] * 40,
        "y": np.random.default_rng(1).normal(0, 1, 80).round(9),
        "anomaly_score": np.arange(80.0),
    }
)

Cli = Callable[..., Result]


@pytest.fixture
def cli(victoria_metrics: LocalVictoriaMetrics, name: str) -> Cli:
    """Run a command on the server, with metrics of this test's own."""
    options = ("--url", victoria_metrics.url, "--metric-format", f"__name__={name}_$VAR")
    return lambda command, *arguments: run(command, *arguments, *options)


@pytest.fixture
def scores(cli: Cli, tmp_path: Path) -> Path:
    path = tmp_path / "scores.csv"
    SCORES.to_csv(path, index=False)
    assert cli("write", path, "--verify").exit_code == 0
    return path


@pytest.mark.parametrize("layout", ["long", "melted", "wide"])
@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_what_is_read_into_a_file_is_what_the_server_has(
    cli: Cli, scores: Path, name: str, layout: str, suffix: str
) -> None:
    back = scores.with_name(f"back.{suffix}")
    read = cli("read", f'{{__name__=~"{name}_.*"}}', "--layout", layout, "-o", back)
    assert (read.exit_code, read.output) == (0, "")
    diff = cli("diff", back)
    assert (diff.exit_code, diff.output) == (0, f"{back}  no difference\n")


def test_rows_go_to_standard_output_within_two_times(cli: Cli, scores: Path, name: str) -> None:
    result = cli(
        "read",
        f"{name}_anomaly_score",
        "--start",
        TIMES[1].isoformat(),
        "--end",
        TIMES[2].isoformat(),
    )
    assert scores.exists()
    assert result.stdout.splitlines() == [
        "time,host,anomaly_score",
        "2026-01-01T00:00:01.500Z,007,2.0",
        "2026-01-01T00:00:03.000Z,007,4.0",
        "2026-01-01T00:00:01.500Z,NA,3.0",
        "2026-01-01T00:00:03.000Z,NA,5.0",
    ]


def test_json_lines_are_import_lines(
    cli: Cli, scores: Path, name: str, victoria_metrics: LocalVictoriaMetrics
) -> None:
    path = scores.with_name("back.jsonl.gz")
    assert cli("read", f'{{__name__=~"{name}_.*"}}', "-o", path).exit_code == 0
    renamed = gzip.decompress(path.read_bytes()).replace(name.encode(), f"{name}_again".encode())
    sent = requests.post(f"{victoria_metrics.url}/api/v1/import", data=renamed, timeout=10)
    assert sent.status_code == 204
    stored = export(victoria_metrics.url, f'{{__name__=~"{name}_(y|anomaly_score)"}}')
    again = export(victoria_metrics.url, f'{{__name__=~"{name}_again_.*"}}')
    assert list(map(len, again.values())) == [40] * 4
    assert sorted(again.values()) == sorted(stored.values())


def test_an_expression_is_read_at_steps(cli: Cli, scores: Path, name: str) -> None:
    assert scores.exists()
    between = ("--start", "2026-01-01T00:00:30", "--end", "2026-01-01T00:01:00")
    result = cli(
        "read", f"max(last_over_time({name}_anomaly_score[1m]))", "--step", "30s", *between
    )
    assert result.stdout.splitlines() == [
        "time,value", "2026-01-01T00:00:30.000Z,41.0", "2026-01-01T00:01:00.000Z,79.0",
    ]  # fmt: skip
    refused = cli("read", "up", "--step", "30s")
    assert (refused.exit_code, refused.stderr) == (
        2, "Error: --step: it needs --start, --end and one expression; name these\n",
    )  # fmt: skip


def test_advice_names_options(cli: Cli, scores: Path, name: str) -> None:
    higher = scores.with_name("higher.csv")
    SCORES.assign(y=SCORES["y"] + 1, anomaly_score=np.nan).to_csv(higher, index=False)
    assert (
        "write them once more with --if-exists 'replace'" in cli("write", higher, "--verify").stderr
    )
    refused = cli("write", higher, "--if-exists", "fail")
    assert refused.exit_code == 2
    assert refused.stderr.startswith(f"Error: {higher}: --if-exists: the server has a sample of ")
    assert "or pass --if-exists 'skip', 'replace' or 'append'" in refused.stderr
    read = cli("read", f"{name}_y", "--format", "csv")
    assert "and --duplicates 'last' chose one of each" in read.stderr


def test_nothing_is_an_empty_table_and_a_warning(cli: Cli, name: str) -> None:
    result = cli("read", f"{name}_nothing")
    assert (result.exit_code, result.stdout) == (0, "time\n")
    assert result.stderr == "warning: the server has no such samples\n"


def test_a_difference_is_named_and_exits_with_3(cli: Cli, scores: Path) -> None:
    changed = SCORES.copy()
    changed.loc[3, "anomaly_score"] = 3.0000001
    later = pd.DataFrame({"time": [TIMES[-1] + pd.Timedelta("1min")], "host": ["NA"], "y": [1.0]})
    pd.concat([changed, later]).to_csv(scores, index=False)
    result = cli("diff", scores)
    assert result.exit_code == 3
    assert result.stdout.startswith(f"{scores}  2 samples differ: ")
    assert "conflicting" in result.stdout
    assert "3.0000001" in result.stdout
    told = json.loads(cli("diff", scores, "--json").stdout)
    assert told["ok"] is False
    assert told["differences"] == {"missing": 1, "conflicting": 1}
    rows = cli("diff", scores, "--format", "csv")
    assert rows.stdout.splitlines()[0] == "__name__,host,time,difference,sent,stored"
    assert len(rows.stdout.splitlines()) == 3
    assert rows.stderr.startswith(f"{scores}  2 samples differ")


def test_several_files_are_compared_each_with_its_own_rows(cli: Cli, scores: Path) -> None:
    wrong = scores.with_name("wrong.csv")
    SCORES.assign(y=SCORES["y"] + 1, anomaly_score=np.nan).to_csv(wrong, index=False)
    out = scores.with_name("rows.parquet")
    result = cli("diff", scores, wrong, "--output", out, "--duplicates", "keep")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[0].split() == [str(scores), "no", "difference"]
    rows = pd.read_parquet(out)
    assert set(rows["file"]) == {str(wrong)}
    assert rows["difference"].value_counts()["conflicting"] == 80


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "x.xlsx"), "--output: 'x.xlsx' says no format; name it .csv, .parquet, .jsonl, or"),
        (("-o", "no/x.csv"), "--output: 'no/x.csv' is in a folder that is not there; make it"),
        (("--start", "soon"), "start: 'soon' cannot be read as a time"),
        (("--start", "2026", "--end", "2025"), "start: 2026 is later than end=2025; swap them"),
    ],
)
def test_what_cannot_be_read_or_written_is_refused(
    cli: Cli, options: tuple[str, ...], message: str
) -> None:
    result = cli("read", "up", *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "pd.Timestamp" not in result.stderr
