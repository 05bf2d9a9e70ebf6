from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import run
from tests.support.http_servers import NOBODY
from vm_df_writer.cli.output import is_quiet, shown_progress, verbosity

CLASH = "time,for,y\n2026-01-01T00:00:00Z,a,1\n"


def test_each_message_is_a_line_of_json(tmp_path: Path) -> None:
    scores = tmp_path / "scores.csv"
    scores.write_text(CLASH)
    options = ("--query-key", "cpu", "--log-format", "json")
    result = run("write", scores, "--url", NOBODY, *options)
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert result.exit_code == 1
    assert all(line.keys() == {"time", "level", "message"} for line in lines)
    assert {line["level"] for line in lines} == {"warning", "error"}
    assert lines[-1]["message"].startswith(f"{scores}: {NOBODY}")


def test_the_format_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VM_DF_WRITER_LOG_FORMAT", "json")
    (line,) = run("check", "--url", NOBODY).stderr.splitlines()
    assert json.loads(line)["level"] == "error"


def test_quiet_leaves_the_report_and_errors_alone(tmp_path: Path) -> None:
    scores = tmp_path / "scores.csv"
    scores.write_text(CLASH)
    usual = run("preview", scores, "--query-key", "cpu")
    quiet = run("preview", scores, "--query-key", "cpu", "-q")
    assert usual.stderr.startswith("warning: ")
    assert quiet.stderr == ""
    assert quiet.stdout == usual.stdout
    assert run("check", "--url", NOBODY, "-q").stderr.startswith("Error: ")


def test_verbose_shows_records_that_are_hidden_else() -> None:
    options = ("--url", NOBODY, "--connection-retry-attempts", "2")
    scores = "time,y\n2026-01-01T00:00:00Z,1\n"
    assert "info: " not in run("write", "-", *options, stdin=scores).stderr
    assert "\ninfo: " in run("write", "-", *options, "-v", stdin=scores).stderr


def test_a_command_begins_with_the_usual_verbosity() -> None:
    with verbosity() as chosen:
        chosen.quiet = True
        assert is_quiet()
        assert shown_progress(None) is False
        assert shown_progress(True) is True
    assert not is_quiet()
    assert shown_progress(None) == "auto"
