"""What the command line keeps when there is no server, and sends when there is one again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.spool_folders import names_in
from tests.support.stored_frame import StoredFrame
from tests.support.stored_samples import settled
from tests.support.writers import frame_of
from vm_df_writer.cli import main
from vm_df_writer.local import LocalVictoriaMetrics

NOBODY = "http://127.0.0.1:1"
FRAME = frame_of(100, 3)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return "".join(c if c.isalnum() else "_" for c in request.node.name)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    files = [tmp_path / "first.csv", tmp_path / "second.csv"]
    FRAME.to_csv(files[0])
    FRAME.shift(freq="1h").to_csv(files[1])
    return files


def write(files: list[Path], spool: Path, name: str, *options: str) -> Result:
    metric_format = ("--metric-format", f"__name__={name}", "--metric-format", "column=$VAR")
    return run("write", *files, "--url", NOBODY, "--spool-dir", spool, *metric_format, *options)


def test_what_finds_no_server_is_kept_and_replayed(
    victoria_metrics: LocalVictoriaMetrics, files: list[Path], spool: Path, name: str
) -> None:
    result = write(files, spool, name)
    assert result.exit_code == 1
    assert [line.split()[1] for line in result.stdout.splitlines()[:2]] == ["spooled"] * 2
    assert f"300 of 300 samples are not acknowledged; they are kept in 1 files in '{spool}'" in (
        result.stderr
    )
    assert len(list(spool.glob("*.jsonl.gz"))) == 2

    result = run("replay", spool, "--url", victoria_metrics.url)
    assert result.exit_code == 0
    assert "samples acknowledged  600" in result.stdout
    assert names_in(spool) == set()
    settled(victoria_metrics)
    assert StoredFrame(victoria_metrics, name).copies == 600


def test_the_report_of_a_write_and_of_a_replay_is_there_as_json(
    victoria_metrics: LocalVictoriaMetrics, files: list[Path], spool: Path, name: str
) -> None:
    written = json.loads(write(files, spool, name, "--json").stdout)
    assert written["undelivered"] == 600
    assert written["spooled"] == sorted(map(str, spool.glob("*.jsonl.gz")))
    assert [file["state"] for file in written["files"]] == ["spooled"] * 2
    replayed = json.loads(run("replay", spool, "--url", victoria_metrics.url, "--json").stdout)
    assert (replayed["layout"], replayed["samples"], replayed["spooled"]) == ("spool", 600, [])


def test_a_config_file_may_name_the_folder(
    victoria_metrics: LocalVictoriaMetrics, files: list[Path], spool: Path, name: str
) -> None:
    config = spool.with_name("vmanomaly.yaml")
    config.write_text(
        f"writer:\n  datasource_url: {NOBODY}\n  spool_dir: {spool}\n"
        f"  metric_format: {{__name__: {name}, column: $VAR}}\n"
    )
    assert run("write", files[0], "--config", config).exit_code == 1
    config.write_text(config.read_text().replace(NOBODY, victoria_metrics.url))
    assert run("replay", spool, "--config", config).exit_code == 0
    assert names_in(spool) == set()


def test_a_damaged_file_exits_with_1_and_is_named(
    victoria_metrics: LocalVictoriaMetrics, files: list[Path], spool: Path, name: str
) -> None:
    write(files, spool, name)
    damaged = min(spool.glob("*.jsonl.gz"))
    damaged.write_bytes(damaged.read_bytes()[:-9])
    result = run("replay", spool, "--url", victoria_metrics.url)
    assert result.exit_code == 1
    assert "samples acknowledged  300" in result.stdout
    assert f"replay: 1 of 2 files are left to you: '{damaged}': it is damaged" in result.stderr
    assert list(spool.glob("*.jsonl.gz")) == [damaged]
