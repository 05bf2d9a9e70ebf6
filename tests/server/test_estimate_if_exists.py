"""A dry run of a job tells what `if_exists` would leave out, refuse or replace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import run
from tests.support.score_files import GROUPS, ROWS, config_for, scores, stored, write_files
from vm_df_writer import DeliveryError, VmWriter
from vm_df_writer.jobs import JobError, JobEstimate, JobOptions, estimate
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("pyarrow")

OLD = scores(0).iloc[:30]
OTHER = scores(0).assign(y=lambda rows: rows["y"] + 1).iloc[:20]


@pytest.fixture
def target(victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path) -> list[str]:
    """The options for a server that has 30 samples of a file, 20 of them of other values."""
    write_files(tmp_path / "scores", 1)
    with VmWriter(config=config_for(victoria_metrics.url, name)) as writer:
        writer.write(OTHER)
        writer.write(OLD.iloc[20:], verify=True)
    return ["--url", victoria_metrics.url, "--metric-format", f"__name__={name}_$VAR"]


def foresee(target: list[str], name: str, folder: Path, **options: Any) -> JobEstimate:
    config = config_for(target[1], name, spool_dir=str(folder / "spool"))
    return estimate(folder / "scores", config, options=JobOptions(**options))


def test_skip_tells_what_it_would_leave_out(target: list[str], name: str, tmp_path: Path) -> None:
    before = stored(target[1], name)
    foreseen = foresee(target, name, tmp_path, if_exists="skip")
    assert (foreseen.samples, foreseen.dropped) == (GROUPS * ROWS - 30, {"exists": 30})
    assert foreseen.is_exact
    assert "left out    30 exists" in str(foreseen)
    assert stored(target[1], name) == before


@pytest.mark.parametrize("if_exists", [None, "append"])
def test_append_asks_for_nothing_of_the_sort(
    target: list[str], name: str, tmp_path: Path, if_exists: Any
) -> None:
    foreseen = foresee(target, name, tmp_path, if_exists=if_exists)
    assert (foreseen.samples, foreseen.dropped) == (GROUPS * ROWS, {})
    assert (foreseen.replaced, foreseen.refused) == (None, None)


def test_fail_tells_that_it_would_refuse(target: list[str], name: str, tmp_path: Path) -> None:
    foreseen = foresee(target, name, tmp_path, if_exists="fail")
    assert foreseen.refused is not None
    assert "scores-0.parquet: if_exists: the server has a sample of {" in foreseen.refused
    assert foresee(target, f"{name}_new", tmp_path, if_exists="fail").refused is None


def test_replace_tells_what_it_would_rewrite(target: list[str], name: str, tmp_path: Path) -> None:
    before = stored(target[1], name)
    foreseen = foresee(target, name, tmp_path, if_exists="replace")
    assert foreseen.replaced is not None
    assert foreseen.replaced.series == 2
    assert foreseen.to_dict()["replaced"]["series"] == 2
    assert "to replace  2 series, whose " in str(foreseen)
    assert stored(target[1], name) == before
    assert list((tmp_path / "spool").glob("*.jsonl*")) == []


def test_the_command_exits_as_the_job_would(target: list[str], tmp_path: Path) -> None:
    job = [
        "backfill",
        str(tmp_path / "scores"),
        *target,
        "--state",
        str(tmp_path / "s"),
        "--dry-run",
    ]
    result = run(*job, "--if-exists=fail")
    assert result.exit_code == 2, result.output
    assert "REFUSED     " in result.stdout
    result = run(*job, "--if-exists=skip", "--json", "--fail-on-drop")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["dropped"] == {"exists": 30}
    result = run(*job, "--if-exists=replace")
    assert result.exit_code == 2
    assert "needs" in result.stderr
    assert not (tmp_path / "s").exists()


def test_a_server_that_cannot_be_asked_is_told(name: str, tmp_path: Path) -> None:
    write_files(tmp_path / "scores", 1)
    config = config_for("http://127.0.0.1:1", name)
    assert estimate(tmp_path / "scores", config).samples == GROUPS * ROWS
    with pytest.raises(DeliveryError):
        estimate(tmp_path / "scores", config, options=JobOptions(if_exists="skip"))
    with pytest.raises(JobError, match="if_exists: 'replace' needs spool_dir="):
        estimate(tmp_path / "scores", config, options=JobOptions(if_exists="replace"))
