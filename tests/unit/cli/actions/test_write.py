"""The command write, as far as it goes without a server."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.support.command_line import FORMAT, run
from tests.support.http_servers import NOBODY
from vm_df_writer.delivery.sender import Sender


def test_a_dry_run_sends_nothing_and_says_so(scores: Path) -> None:
    result = run("write", scores, "--url", NOBODY, *FORMAT, "--dry-run", "--verify")
    assert result.exit_code == 0
    assert f"{scores}  not sent" in result.stdout
    assert "undelivered           5" in result.stdout


def test_json_is_one_object_with_the_whole_account(scores: Path) -> None:
    result = run("write", scores, "--url", NOBODY, *FORMAT, "--dry-run", "--json")
    report = json.loads(result.stdout)
    assert report["samples"] + sum(report["dropped"].values()) + report["undelivered"] == 6
    assert report["files"] == [{"file": str(scores), "state": "not sent", "error": None}]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are no such names")
def test_json_is_printed_of_a_file_whose_name_is_no_utf_8(scores: Path) -> None:
    path = scores.with_name(os.fsdecode(b"caf\xe9.csv"))
    scores.rename(path)
    result = run("write", path, "--url", NOBODY, *FORMAT, "--dry-run", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["files"][0]["file"].endswith("/caf?.csv")


def test_a_wrong_file_is_one_clean_line_that_names_options(wrong: Path) -> None:
    result = run("write", wrong, "--url", NOBODY, *FORMAT, "--value-columns", "y")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        f"Error: {wrong}: column 'y', row 1: expected a number, got 'n/a?'; correct the file, "
        "name what is missing with --na-values, or name other columns with --value-columns\n"
    )


def test_an_unreachable_server_leaves_the_other_files_untried(scores: Path, wrong: Path) -> None:
    result = run("write", scores, wrong, "--url", NOBODY, *FORMAT)
    assert result.exit_code == 1
    assert f"{scores}  undelivered\n" in result.stdout
    assert "undelivered           5" in result.stdout
    assert f"Error: {scores}: {NOBODY}/api/v1/import: nothing listens" in result.stderr
    assert "(5 of 6 samples are not acknowledged)\n" in result.stderr  # with no `see .report`
    assert result.stderr.endswith(f"Not tried: {wrong}\n")


def test_json_tells_what_was_not_tried(scores: Path, wrong: Path) -> None:
    result = run("write", scores, wrong, "--url", NOBODY, *FORMAT, "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["undelivered"] == 5
    assert [file["state"] for file in report["files"]] == ["undelivered", "not tried"]


def test_json_is_printed_where_every_file_is_refused(wrong: Path) -> None:
    result = run("write", wrong, "--url", NOBODY, *FORMAT, "--json")
    assert result.exit_code == 2
    report = json.loads(result.stdout)
    assert report["samples"] == 0
    assert report["files"][0]["state"] == "refused"


def test_an_interrupt_keeps_the_account_and_exits_130(
    scores: Path, wrong: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Sender, "deliver", interrupt)
    result = run("write", scores, wrong, "--url", NOBODY, *FORMAT, "--json")
    assert result.exit_code == 130
    states = [file["state"] for file in json.loads(result.stdout)["files"]]
    assert states == ["interrupted", "not tried"]


def test_a_missing_file_is_refused_before_anything_is_sent(scores: Path) -> None:
    result = run("write", scores, "missing.csv", "--url", NOBODY, *FORMAT)
    assert result.exit_code == 2
    assert "missing.csv" in result.stderr
    assert result.stdout == ""


def test_a_file_without_numbers_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("time,y\n2026-01-01T00:00:00Z,\n")
    result = run("write", path, "--url", NOBODY, *FORMAT)
    assert result.exit_code == 5
    assert "dropped               1 nan" in result.stdout
    assert result.stderr.startswith(
        "warning: No valid datapoints in a frame of 1 rows (dropped: 1 nan), read as long: "
    )


def test_files_that_contradict_each_other_are_refused_before_any_is_sent(tmp_path: Path) -> None:
    for number, name in enumerate(("inlet", "outlet")):
        (tmp_path / f"{name}.csv").write_text(f"time,celsius\n2026-01-01,{number}.5\n")
    write = ("write", tmp_path, "--url", NOBODY, *FORMAT, "--dry-run")
    result = run(*write)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "outlet.csv: has other values at 1 times at which" in result.stderr
    assert "tell the files apart with --file-label" in result.stderr
    for remedy in (("--file-label", "sensor"), ("--duplicates", "keep")):
        assert run(*write, *remedy).exit_code == 0


def test_a_file_that_cannot_be_read_keeps_no_others_from_being_compared(
    scores: Path, wrong: Path
) -> None:
    result = run("write", wrong, scores, "--url", NOBODY, *FORMAT, "--dry-run")
    assert f"{scores}  not sent" in result.stdout
    assert result.exit_code == 2


def test_the_shell_is_told_that_nothing_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("time,y\n2026-01-01T00:00:00Z,\n2026-01-01T00:01:00Z,\n")
    result = run("write", path, "--url", "http://localhost:9", "--dry-run", "--query-key", "q")
    assert result.exit_code == 5
    assert "Error: nothing of what was given is stored (dropped: 2 nan)" in result.stderr


def test_the_shell_is_told_of_any_drop_if_it_asks_for_that(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("time,y\n2026-01-01T00:00:00Z,1.5\n2026-01-01T00:01:00Z,\n")
    options = ["--url", "http://localhost:9", "--dry-run", "--query-key", "q"]
    assert run("write", path, *options).exit_code == 0
    result = run("write", path, *options, "--fail-on-drop")
    assert result.exit_code == 5
    assert "samples were left out, and --fail-on-drop is given (dropped: 1 nan)" in result.stderr


def test_reports_are_saved_by_the_names_of_their_files(
    scores: Path, wrong: Path, tmp_path: Path
) -> None:
    files = [tmp_path / f"report.{suffix}" for suffix in ("json", "html", "md")]
    options = [part for file in files for part in ("--report", file)]
    result = run("write", scores, wrong, "--url", NOBODY, *FORMAT, "--dry-run", "--json", *options)
    assert result.exit_code == 2
    told = json.loads(files[0].read_text())
    assert [each["state"] for each in told["files"]] == ["not sent", "refused"]
    assert told == json.loads(result.stdout)
    page = files[1].read_text()
    assert "refused: " in page
    assert "name the value columns with --value-columns</td></tr></table>" in page
    assert f"{scores}  not sent\n" in files[2].read_text()


def test_a_report_that_cannot_be_saved_is_refused_before_anything_is_sent(scores: Path) -> None:
    result = run("write", scores, "--url", NOBODY, *FORMAT, "--report", "report.pdf")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: report.pdf: the name says no format; name the report .json, .html or .md\n"
    )
