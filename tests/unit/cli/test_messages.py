from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.command_line import FORMAT, run
from tests.support.http_servers import NOBODY
from vm_df_writer import ServerUnavailable, WriteReport, __version__
from vm_df_writer.cli import main
from vm_df_writer.cli.messages import ExitCode, exit_code_of


def test_integer_times_without_a_unit_name_the_option() -> None:
    result = run("preview", "-", *FORMAT, stdin="time,y\n1767225600000,1\n")
    assert result.exit_code == 2
    assert "pass --time-unit 'ms' if they are milliseconds" in result.stderr


@pytest.mark.parametrize("command", ["write", "check"])
def test_no_output_holds_the_password_of_the_url(command: str, scores: Path) -> None:
    url = NOBODY.replace("//", "//me:hush@")
    files: list[str | Path] = [scores, *FORMAT] if command == "write" else []
    result = run(command, *files, "--url", url)
    assert result.exit_code == 1
    assert "hush" not in result.output


def test_warnings_are_one_line_each(tmp_path: Path) -> None:
    path = tmp_path / "clash.csv"
    path.write_text("time,for,y\n2026-01-01T00:00:00Z,a,1\n")
    result = run("preview", path, "--query-key", "cpu")
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: labels: 'for' set by the frame and by metric_format")
    assert result.stderr.count("\n") == 1


def test_warnings_name_the_file_where_there_are_several(tmp_path: Path) -> None:
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for minute, path in enumerate(paths):
        path.write_text(f"time,for,y\n2026-01-01T00:0{minute}:00Z,a,1\n")
    result = run("write", *paths, "--url", NOBODY, "--query-key", "cpu", "--dry-run")
    assert result.exit_code == 0
    for path in paths:
        assert f"warning: {path}: labels: 'for' set by the frame and by" in result.stderr
    assert result.stderr.count("\n") == 2


def test_a_warning_that_is_logged_too_is_shown_once(scores: Path, tmp_path: Path) -> None:
    config = tmp_path / "writer.yaml"
    config.write_text(
        f"datasource_url: {NOBODY}\ntenant_id: multitenant\nmetric_format: {{__name__: vm_$VAR}}\n"
    )
    result = run("write", scores, "--config", config, "--dry-run")
    assert result.exit_code == 0
    assert result.stderr.count("warning: tenant_id: it is 'multitenant'") == 1


def test_errors_of_standard_input_call_it_so() -> None:
    result = run("write", "-", "--url", NOBODY, *FORMAT, stdin="y,y\n")
    assert result.stderr.startswith("Error: standard input: column 'y' stands twice")


def test_version_and_help_are_there() -> None:
    assert run("--version").output.strip().endswith(__version__)
    shown = run("-h").output
    for code in ("0 ", "1 ", "2 ", "3 ", "130 ", "143 "):
        assert f"    {code}" in shown


def test_what_is_acknowledged_and_cannot_be_read_back_exits_as_unverified() -> None:
    delivered = WriteReport(layout="wide", rows=1, series=1, samples=1)
    assert exit_code_of(ServerUnavailable("x", report=delivered)) is ExitCode.UNVERIFIED
    assert exit_code_of(ServerUnavailable("x")) is ExitCode.UNDELIVERED
    missing = replace(delivered, undelivered=1)
    assert exit_code_of(ServerUnavailable("x", report=missing)) is ExitCode.UNDELIVERED


def test_ctrl_c_before_click_has_a_command_is_told_as_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Struck(str):
        __slots__ = ()

        def replace(self, *_: object) -> str:  # what click begins with
            signal.raise_signal(signal.SIGINT)
            return ""

    with pytest.raises(SystemExit) as ended:
        main(["check"], Struck("vm-df-writer"))
    assert ended.value.code == ExitCode.INTERRUPTED
    assert capsys.readouterr().err == "Interrupted.\n"
