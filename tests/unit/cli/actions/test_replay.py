"""The command replay, against stubs of a server and without one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.support.command_line import run
from tests.support.http_servers import NOBODY, accept, base
from tests.support.spool_folders import keep, names_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of six samples each."""
    keep(tmp_path)
    keep(tmp_path)
    return tmp_path


def test_without_a_server_everything_stays_and_the_exit_code_is_1(folder: Path) -> None:
    result = run("replay", folder, "--url", NOBODY)
    assert result.exit_code == 1
    assert "undelivered           12" in result.stdout
    assert f"Error: {NOBODY}/api/v1/import: nothing listens" in result.stderr
    assert "(12 samples are left in 2 files)" in result.stderr
    assert len(list(folder.glob("*.jsonl.gz"))) == 2


def test_what_is_acknowledged_is_gone_from_the_folder(folder: Path, httpserver: HTTPServer) -> None:
    accept(httpserver)
    result = run("replay", folder, "--url", base(httpserver), "--no-progress")
    assert result.exit_code == 0, result.output
    assert "layout                spool" in result.stdout
    assert "samples acknowledged  12" in result.stdout
    assert names_in(folder) == set()


def test_json_is_one_object_with_the_report(folder: Path, httpserver: HTTPServer) -> None:
    accept(httpserver)
    result = run("replay", folder, "--url", base(httpserver), "--json")
    report = json.loads(result.stdout)
    assert (report["layout"], report["samples"], report["spooled"]) == ("spool", 12, [])


def test_json_is_printed_of_a_replay_that_fails_too(folder: Path) -> None:
    result = run("replay", folder, "--url", NOBODY, "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (report["samples"], report["undelivered"], len(report["spooled"])) == (0, 12, 2)


def test_what_the_server_refuses_stays(folder: Path, httpserver: HTTPServer) -> None:
    refused = Response("too long line", status=400)
    httpserver.expect_request("/api/v1/import").respond_with_response(refused)
    result = run("replay", folder, "--url", base(httpserver))
    assert result.exit_code == 1
    assert "answered 400 Bad Request" in result.stderr
    assert len(list(folder.glob("*.jsonl.gz"))) == 2


def test_an_empty_folder_is_no_error(tmp_path: Path) -> None:
    result = run("replay", tmp_path, "--url", NOBODY)
    assert result.exit_code == 0
    assert "samples acknowledged  0" in result.stdout


def test_a_folder_that_is_missing_is_refused_with_2(tmp_path: Path) -> None:
    result = run("replay", tmp_path / "nowhere", "--url", NOBODY)
    assert result.exit_code == 2
    assert "nowhere' does not exist" in result.stderr
