"""The command status, of jobs that need no real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.support.command_line import FORMAT, run
from tests.support.http_servers import NOBODY, accept, base


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "job.sqlite"


def test_a_job_that_is_done_exits_with_0(scores: Path, state: Path, httpserver: HTTPServer) -> None:
    accept(httpserver)
    job = run("backfill", scores, "--url", base(httpserver), "--state", state, *FORMAT)
    assert job.exit_code == 0, job.output
    shown = run("status", state)
    assert shown.exit_code == 0
    assert "outcome               done" in shown.stdout
    assert shown.stdout == job.stdout


def test_a_job_without_a_server_exits_with_1_and_says_why(scores: Path, state: Path) -> None:
    assert run("backfill", scores, "--url", NOBODY, "--state", state, *FORMAT).exit_code == 1
    shown = run("status", state, "--json")
    assert shown.exit_code == 1
    report = json.loads(shown.stdout)
    assert (report["outcome"], report["samples"], report["ok"]) == ("undelivered", 0, False)
    assert "nothing listens" in report["reason"]


def test_a_failed_part_exits_with_4_and_its_reason_names_options(
    wrong: Path, state: Path, httpserver: HTTPServer
) -> None:
    accept(httpserver)
    job = ("backfill", wrong, "--url", base(httpserver), "--state", state, *FORMAT)
    assert run(*job, "--value-columns", "y").exit_code == 4
    shown = run("status", state, "--json")
    assert shown.exit_code == 4
    [failure] = json.loads(shown.stdout)["failures"]
    assert failure["path"].endswith("wrong.csv")
    assert "--value-columns" in failure["reason"]
    assert "value_columns=" not in failure["reason"]


def test_a_state_file_that_is_missing_is_refused_with_2(state: Path) -> None:
    shown = run("status", state)
    assert shown.exit_code == 2
    assert "job.sqlite' does not exist" in shown.stderr


def test_a_file_that_is_no_state_is_refused_with_2(scores: Path) -> None:
    shown = run("status", scores)
    assert shown.exit_code == 2
    assert shown.stdout == ""
    assert shown.stderr.startswith(f"Error: {scores}: is no state file of a job; ")


@pytest.mark.parametrize("path", ["-", "nowhere.csv"])
def test_paths_that_stand_for_nothing_leave_no_state_file(state: Path, path: str) -> None:
    result = run("backfill", path, "--url", NOBODY, "--state", state)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {path}: ")
    assert list(state.parent.iterdir()) == []
