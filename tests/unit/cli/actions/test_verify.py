"""The command verify, against stubs of a server and without one."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.support.command_line import FORMAT, run
from tests.support.http_servers import NOBODY, base

MINUTES_MS = [1767225600000, 1767225660000]
STORED = (
    ({"__name__": "vm_y", "host": "007"}, [1.5], MINUTES_MS[:1]),
    ({"__name__": "vm_y", "host": "NA"}, [2.5, 3.5], MINUTES_MS),
    ({"__name__": "vm_yhat", "host": "NA"}, [2, 3], MINUTES_MS),
)


def keep(httpserver: HTTPServer, *series: tuple[object, object, object]) -> str:
    """Have a stub answer an export with these series; return its URL."""
    lines = [
        orjson.dumps(dict(zip(("metric", "values", "timestamps"), one, strict=True)))
        for one in series
    ]
    httpserver.expect_request("/internal/force_flush").respond_with_data("")
    httpserver.expect_request("/api/v1/export").respond_with_data(b"\n".join(lines))
    return base(httpserver)


def test_a_file_that_the_server_keeps_is_verified(scores: Path, httpserver: HTTPServer) -> None:
    result = run("verify", scores, "--url", keep(httpserver, *STORED), *FORMAT)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{scores}  verified: 5 of 5 samples found")


def test_json_tells_of_each_file_and_of_them_all(
    scores: Path, wrong: Path, httpserver: HTTPServer
) -> None:
    result = run("verify", scores, wrong, "--url", keep(httpserver, *STORED), *FORMAT, "--json")
    assert result.exit_code == 2
    report = json.loads(result.stdout)
    assert (report["ok"], report["expected"], report["found"]) == (False, 5, 5)
    good, bad = report["files"]
    assert (good["file"], good["error"]) == (str(scores), None)
    assert good["verification"]["ok"]
    assert (bad["file"], bad["verification"]) == (str(wrong), None)
    assert "--value-columns" in bad["error"]  # not value_columns=


def test_a_wrong_file_does_not_keep_the_others_from_being_checked(
    scores: Path, wrong: Path, httpserver: HTTPServer
) -> None:
    result = run("verify", wrong, scores, "--url", keep(httpserver, *STORED), *FORMAT)
    assert result.exit_code == 2
    assert f"{scores}  verified: 5 of 5" in result.stdout
    assert result.stderr.startswith(f"Error: {wrong}: column")


def test_a_server_that_cannot_be_read_leaves_the_other_files_untried(
    scores: Path, wrong: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/internal/force_flush").respond_with_data("")
    forbidden = Response("no reading here", status=403)
    httpserver.expect_request("/api/v1/export").respond_with_response(forbidden)
    result = run("verify", scores, wrong, "--url", base(httpserver), *FORMAT)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "answered 403 Forbidden ('no reading here')" in result.stderr
    assert result.stderr.endswith(f"Not tried: {wrong}\n")


def test_a_file_that_is_named_twice_is_checked_once(scores: Path, httpserver: HTTPServer) -> None:
    url = keep(httpserver, *STORED)
    assert run("verify", scores, scores, "--url", url, *FORMAT).stdout.count("5 of 5") == 1
    asked = [request.path for request, _ in httpserver.log]
    assert asked.count("/api/v1/export") == 1


def test_standard_input_is_called_by_its_name(scores: Path, httpserver: HTTPServer) -> None:
    url = keep(httpserver, *STORED)
    result = run("verify", "-", "--url", url, *FORMAT, stdin=scores.read_text())
    assert result.stdout.startswith("standard input  verified: 5 of 5")


def test_a_file_is_needed() -> None:
    result = run("verify", "--url", NOBODY)
    assert result.exit_code == 2
    assert "Missing argument 'PATH...'" in result.stderr
