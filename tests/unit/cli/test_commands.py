"""The command line, as far as it goes without a server."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import fields
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest

from tests.support.command_line import run
from vm_df_writer import VmWriter, __version__
from vm_df_writer.cli import main
from vm_df_writer.cli.messages import option_name
from vm_df_writer.config.read_options import ReadOptions

NOBODY = "http://127.0.0.1:1"
FORMAT = ("--metric-format", "__name__=vm_$VAR")


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    path = tmp_path / "scores.csv"
    path.write_text(
        "time,host,y,yhat\n"
        "2026-01-01T00:00:00Z,007,1.5,\n"
        "2026-01-01T00:00:00Z,NA,2.5,2\n"
        "2026-01-01T00:01:00Z,NA,3.5,3\n"
    )
    return path


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.csv"
    path.write_text("time,y\n2026-01-01T00:00:00Z,1\n2026-01-01T00:01:00Z,n/a?\n")
    return path


@pytest.mark.parametrize("command", ["write", "preview"])
def test_every_reading_keyword_is_an_option_with_its_own_help(command: str) -> None:
    options = {option.name: option for option in main.commands[command].params}
    for field in fields(ReadOptions):
        option = options[field.name]
        assert isinstance(option, click.Option)
        assert option.opts == [option_name(field.name)]
        assert option.help is not None
        assert option.help.lower().startswith(field.metadata["help"].lower())


def test_defaults_of_the_options_are_those_of_reading(scores: Path) -> None:
    plain = run("preview", scores, *FORMAT).output
    defaults = [
        argument
        for field in fields(ReadOptions)
        if isinstance(field.default, str)
        for argument in (option_name(field.name), field.default)
    ]
    assert run("preview", scores, *FORMAT, *defaults).output == plain


def test_options_reach_the_reading(scores: Path) -> None:
    shown = run(
        *("preview", scores, *FORMAT, "--label", "job=node", "--label", "env=a=b"),
        *("--label-columns", "host", "--value-columns", "y", "--provide-series", "y"),
    ).output
    assert '{"__name__":"vm_y","host":"007","job":"node","env":"a=b"}' in shown
    assert "yhat" not in shown


def test_preview_needs_no_server(scores: Path) -> None:
    result = run("preview", scores, *FORMAT)
    assert result.exit_code == 0
    assert "series      3" in result.stdout
    assert '"host":"007"' in result.stdout


def test_csv_comes_from_standard_input_too(scores: Path) -> None:
    from_file = run("preview", scores, *FORMAT)
    assert run("preview", "-", *FORMAT, stdin=scores.read_text()).output == from_file.output


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
        f"Error: {wrong}: column 'y', row 1: expected a number, got 'n/a?'; correct the file or "
        "name other columns with --value-columns\n"
    )


def test_integer_times_without_a_unit_name_the_option() -> None:
    result = run("preview", "-", *FORMAT, stdin="time,y\n1767225600000,1\n")
    assert result.exit_code == 2
    assert "pass --time-unit 's', 'ms', 'us' or 'ns'" in result.stderr


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

    monkeypatch.setattr(VmWriter, "write", interrupt)
    result = run("write", scores, wrong, "--url", NOBODY, *FORMAT, "--json")
    assert result.exit_code == 130
    states = [file["state"] for file in json.loads(result.stdout)["files"]]
    assert states == ["interrupted", "not tried"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Error: --url: missing; name the server, such as --url http://localhost:8428, or a"),
        (("--url", "localhost:8428"), "Error: datasource_url: expected a URL such as"),
        (
            ("--url", NOBODY, "--metric-format", "__name__=score"),
            "Error: metric_format: no value holds $VAR",
        ),
        (("--url", NOBODY, "--metric-format", "score"), "expected NAME=VALUE, got 'score'"),
        (("--url", NOBODY, "--label", "a=1", "--label", "a=2"), "'a' is given twice; keep one"),
        (("--url", NOBODY), "and the frame holds no query key; pass --query-key"),
    ],
)
def test_wrong_options_exit_with_2(scores: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("write", scores, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_config_file_takes_the_place_of_url_and_format(scores: Path, tmp_path: Path) -> None:
    config = tmp_path / "vmanomaly.yaml"
    config.write_text(
        f"writer:\n  datasource_url: {NOBODY}\n  metric_format: {{__name__: from_file_$VAR}}\n"
    )
    assert '"__name__":"from_file_y"' in run("preview", scores, "--config", config).stdout
    for option, value in (("--url", NOBODY), FORMAT):
        result = run("write", scores, "--config", config, option, value)
        assert result.exit_code == 2
        assert result.stderr == f"Error: {option}: --config is given too; keep one of the two\n"


@pytest.mark.parametrize("command", ["write", "check"])
def test_no_output_holds_the_password_of_the_url(command: str, scores: Path) -> None:
    url = NOBODY.replace("//", "//me:hush@")
    files = [scores] if command == "write" else []
    result = run(command, *files, "--url", url, *FORMAT)
    assert result.exit_code == 1
    assert "hush" not in result.output


def test_check_without_a_server_exits_with_1() -> None:
    result = run("check", "--url", NOBODY)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {NOBODY}/health: nothing listens")


def test_a_missing_file_is_refused_before_anything_is_sent(scores: Path) -> None:
    result = run("write", scores, "missing.csv", "--url", NOBODY, *FORMAT)
    assert result.exit_code == 2
    assert "missing.csv" in result.stderr
    assert result.stdout == ""


def test_warnings_are_one_line_each(tmp_path: Path) -> None:
    path = tmp_path / "clash.csv"
    path.write_text("time,for,y\n2026-01-01T00:00:00Z,a,1\n")
    result = run("preview", path, "--query-key", "cpu")
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: labels: 'for' set by the frame and by metric_format")
    assert result.stderr.count("\n") == 1


def test_warnings_name_the_file_where_there_are_several(tmp_path: Path) -> None:
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path in paths:
        path.write_text("time,for,y\n2026-01-01T00:00:00Z,a,1\n")
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


def test_a_file_without_numbers_is_delivered_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("time,y\n2026-01-01T00:00:00Z,\n")
    result = run("write", path, "--url", NOBODY, *FORMAT)
    assert result.exit_code == 0
    assert "dropped               1 nan" in result.stdout
    assert result.stderr.startswith(
        "warning: No valid datapoints in a frame of 1 rows (dropped: 1 nan), read as long: "
    )


def test_a_parquet_file_of_a_wide_frame_with_levels_is_read(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    columns = pd.MultiIndex.from_product([["y", "yhat"], ["a", "b"]], names=["var", "host"])
    index = pd.date_range("2026-01-01", periods=2, freq="1min", tz="UTC")
    frame = pd.DataFrame(np.ones((2, 4)), index=index, columns=columns)
    path = tmp_path / "wide.parquet"
    frame.to_parquet(path)
    shown = run("preview", path, *FORMAT).stdout
    assert "wide (the columns are a MultiIndex)" in shown
    assert "series      4" in shown


def test_the_picture_of_the_demo_without_matplotlib_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    monkeypatch.setattr("importlib.machinery.PathFinder.find_spec", lambda *_: None)
    result = run("demo", "--picture", "demo.png")
    assert result.exit_code == 2
    assert "pip install 'vm_df_writer[plot]'" in result.stderr


def test_version_and_help_are_there() -> None:
    assert run("--version").output.strip().endswith(__version__)
    shown = run("-h").output
    for code in ("0 ", "1 ", "2 ", "3 ", "130 "):
        assert f"    {code}" in shown
