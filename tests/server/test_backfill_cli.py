"""``vm-df-writer backfill`` and ``status`` against a real server."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.score_files import write_files
from vm_df_writer.cli import main
from vm_df_writer.jobs import read_report
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("pyarrow")


def cli(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert "Traceback" not in result.output
    return result


def test_the_command_line_writes_reports_and_tells_the_status(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "scores")
    state = tmp_path / "job.sqlite"
    job = (
        *("backfill", tmp_path / "scores", "--url", victoria_metrics.url, "--state", state),
        *("--metric-format", f"__name__={name}_$VAR"),
    )
    assert "samples     900" in cli(*job, "--dry-run").stdout.replace("about ", "")
    assert not state.exists()
    report = tmp_path / "report.json"
    result = cli(*job, "--verify", "--report", report)
    assert result.exit_code == 0
    assert "samples acknowledged  900" in result.stdout
    assert "900 of 900 rows, 900 samples" in result.stderr  # a line, since nobody watches
    assert json.loads(report.read_text())["parts"] == {"verified": 9}
    html = tmp_path / "report.html"
    assert cli(*job, "--report", html).exit_code == 0
    assert re.search(r">samples acknowledged</th><td [^>]*>900</td>", html.read_text())
    shown = cli("status", state)
    assert (shown.exit_code, "9 verified" in shown.stdout) == (0, True)
    assert json.loads(cli("status", state, "--json").stdout)["ok"]


def test_refusals_name_options_and_exit_with_2(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "scores", 1)
    state = tmp_path / "job.sqlite"
    job = (
        *("backfill", tmp_path / "scores", "--url", victoria_metrics.url, "--state", state),
        *("--metric-format", f"__name__={name}_$VAR"),
    )
    assert cli(*job).exit_code == 0
    for option, message in (
        (("--since", "2026-01-01"), "name another file with --state, or begin anew with --restart"),
        (
            ("--since", "soon"),
            "Error: --since: expected a time such as 2026-01-31T12:00Z, got 'soo",
        ),
        (("--report", "x.pdf"), "Error: x.pdf: the name says no format; name the report .json, ."),
        (("--report", "no/x.html"), "Error: no/x.html: there is no such folder; make it, or name"),
        (("--rate-limit", "0"), "expected a number above 0, got 0"),
    ):
        result = cli(*job, *option)
        assert result.exit_code == 2
        assert message in result.stderr


def test_a_server_that_is_not_there_exits_with_1_before_any_planning(tmp_path: Path) -> None:
    write_files(tmp_path / "scores", 1)
    state, saved = tmp_path / "job.sqlite", tmp_path / "report.json"
    result = cli(
        *("backfill", tmp_path / "scores", "--url", "http://127.0.0.1:1", "--state", state),
        *("--metric-format", "__name__=$VAR", "--json", "--report", saved),
    )
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: http://127.0.0.1:1/api/v1/import: nothing listens")
    report = read_report(state)
    assert (report.outcome, report.parts) == ("undelivered", {})
    assert json.loads(result.stdout) == json.loads(saved.read_text()) == report.to_dict()


def test_a_state_file_that_cannot_be_used_exits_with_2_and_restart_begins_anew(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "scores", 12)
    state = tmp_path / "job.sqlite"
    job = (
        *("backfill", tmp_path / "scores", "--url", victoria_metrics.url, "--state", state),
        *("--metric-format", f"__name__={name}_$VAR"),
    )
    assert cli(*job).exit_code == 0
    whole = state.read_bytes()
    state.write_bytes(whole[: len(whole) // 2])
    torn = cli(*job)
    state.write_bytes(whole)
    with closing(sqlite3.connect(state)) as connection:
        connection.execute("PRAGMA user_version = 99")
    other_version = cli(*job)
    for refused, message in (
        (other_version, "job.sqlite: is of format 99, and this version of vm_df_writer reads fo"),
        (torn, "job.sqlite: is torn ("),
    ):
        assert refused.exit_code == 2
        assert message in refused.stderr
        assert "or begin anew with --restart" in refused.stderr
    assert cli(*job, "--restart").exit_code == 0


def test_failures_name_options_and_exit_with_4(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    folder, state, html = (tmp_path / part for part in ("scores", "job.sqlite", "report.html"))
    folder.mkdir()
    (folder / "1.csv").write_text("time,host,y\n2026-01-01,a,1\n")
    (folder / "2.csv").write_text("time,host,y\n2026-01-01,a,oops\n")
    result = cli(
        *("backfill", folder, "--url", victoria_metrics.url, "--state", state, "--report", html),
        *("--metric-format", f"__name__={name}_$VAR"),
    )
    assert result.exit_code == 4
    foreseen = cli(
        "backfill", folder, "--url", victoria_metrics.url, "--query-key", "x", "--dry-run"
    )
    assert "2.csv WOULD FAIL: columns differ from those of" in foreseen.stdout
    assert "'y' holds text, not numbers" in foreseen.stdout
    reason = "2.csv, part 0: failed: columns differ from those of"
    assert "outcome               failed: parts that failed: 1; try again with --retry-fai" in (
        result.stdout
    )
    shown = cli("status", state)
    assert shown.exit_code == 4
    for output in (result.stdout, shown.stdout):
        assert reason in output
        assert "name the columns with --label-columns and --value-columns" in output
    assert ">parts that are not all right</caption>" in html.read_text()
    for code, state_file, message in (
        (2, folder / "1.csv", "1.csv: is no state file of a job; name another one with --state"),
        (2, tmp_path / "none", "does not exist"),
    ):
        refused = cli("status", state_file)
        assert (refused.exit_code, message in refused.stderr) == (code, True)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_warned_of_for_every_part_is_one_line(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], tmp_path: Path, workers: str
) -> None:
    folder = tmp_path / "scores"
    folder.mkdir()
    for number in range(1, 5):
        rows = [f"2020-01-{day + 1:02},0.5\n" for day in range(number)]
        (folder / f"{number}.csv").write_text("".join(["time,y\n", *rows]))
    server = start_victoria_metrics(retention="1y")
    result = cli(
        *("backfill", folder, "--url", server.url, "--state", tmp_path / "job.sqlite"),
        *("--metric-format", "__name__=$VAR", "--workers", workers),
    )
    assert result.exit_code == 5
    assert "dropped               10 too_old" in result.stdout
    shown = [line.split() for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert sorted(words[1] for words in shown) == ["No", "timestamps:"]  # No valid datapoints
    assert "RetentionWarning" not in result.stderr  # as Python shows it


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        ("time,y\n2026-01-01,1\n2026-01-02,\n", (), 0),
        ("time,y\n2026-01-01,1\n2026-01-02,\n", ("--fail-on-drop",), 5),
        ("time,y\n2026-01-01,1\n2026-01-02,2\n", ("--fail-on-drop",), 0),
        ("time,y\n2026-01-01,\n2026-01-02,\n", ("--value-columns", "y"), 5),
        ("time,y\n", (), 5),
        ("time,y\nyesterday,1\n", (), 4),
    ],
)
def test_the_exit_code_says_what_was_left_out_and_a_dry_run_has_the_same(
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
    tmp_path: Path,
    text: str,
    options: tuple[str, ...],
    code: int,
) -> None:
    (tmp_path / "y.csv").write_text(text)
    job: list[str | Path] = [
        "backfill",
        tmp_path / "y.csv",
        "--url",
        victoria_metrics.url,
        *options,
    ]
    job += ["--state", tmp_path / "job.sqlite", "--metric-format", f"__name__={name}_$VAR"]
    assert cli(*job, "--dry-run").exit_code == code
    result = cli(*job)
    assert result.exit_code == code
    if code == 5:
        assert re.search("(no sample is stored|samples were left out, and --fail)", result.stdout)


def test_a_refusal_of_files_that_repeat_a_series_names_options(
    victoria_metrics: LocalVictoriaMetrics, tmp_path: Path
) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.csv").write_text(f"time,y\n2026-01-01,{number}\n")
    for more in ((), ("--dry-run",)):
        shape = ("--metric-format", "__name__=$VAR", "--state", tmp_path / "job.sqlite")
        result = cli("backfill", tmp_path, "--url", victoria_metrics.url, *shape, *more)
        assert result.exit_code == 2
        assert "tell the files apart with --file-label (a label of" in result.stderr
        assert "pass --duplicates 'first' to leave out" in result.stderr


@pytest.mark.parametrize("options", [[], ["--dry-run"], ["--if-exists", "skip"]])
def test_the_reason_of_a_part_names_an_option_and_no_call_of_pandas(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path, options: list[str]
) -> None:
    """Two files agree on what the columns are; the times of the third need telling."""
    for number, time in enumerate(("2026-01-01 10:00", "2026-01-02 10:00", "31/01/2026 10:00")):
        (tmp_path / f"{number}.csv").write_text(f"time,host,y\n{time},a,1.5\n{time},b,2.5\n")
    result = cli(
        *("backfill", tmp_path, "--url", victoria_metrics.url, "--state", tmp_path / "job.sqlite"),
        *("--metric-format", f"__name__={name}_$VAR", *options),
    )
    assert result.exit_code == 4, result.output
    told = next(line for line in result.stdout.splitlines() if "2.csv, part 0" in line)
    assert "pass --time-format '%d/%m/%Y %H:%M'" in told
    assert "pd." not in told
    if options == ["--dry-run"]:
        return
    status = cli("status", tmp_path / "job.sqlite")
    assert told in status.stdout.splitlines()
