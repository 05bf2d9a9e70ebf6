"""Every command takes the same files, by the same options."""

from __future__ import annotations

import gzip
from dataclasses import fields
from pathlib import Path

import click
import pytest

from tests.support.command_line import FORMAT, command_named, run
from tests.support.http_servers import NOBODY
from vm_df_writer.cli.option_names import option_name
from vm_df_writer.files.file_options import FileOptions

COMMANDS = ("write", "verify", "preview", "backfill")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_file_option_is_an_option_with_its_own_help(command: str) -> None:
    options = {option.name: option for option in command_named(command).params}
    for field in fields(FileOptions):
        option = options[field.name]
        assert isinstance(option, click.Option)
        assert option.opts == [option_name(field.name)]
        assert option.help is not None
        assert option.help.lower().startswith(field.metadata["help"].lower())
    assert options["file_labels"].opts == ["--file-label"]
    assert options["hive"].opts == ["--hive"]


def test_options_reach_the_file(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes("zeit;h\u00f6he\n31/12/2026 06:00;1,5\n1/1/2027 06:00;void\n".encode("cp1252"))
    shown = run(
        *("preview", path, *FORMAT, "--separator", ";", "--decimal", ",", "--encoding", "cp1252"),
        *("--time-format", "%d/%m/%Y %H:%M", "--time", "zeit", "--na-values", "void"),
    )
    assert shown.stderr == ""
    assert '"values":[1.5],"timestamps":[1798696800000]' in shown.stdout
    assert "1 nan" in shown.stdout


def test_a_refusal_names_options_of_the_shell(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text('time,y\n2026-01-01,"3,201"\n')
    result = run("preview", path, *FORMAT)
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: column 'y': '3,201' may have a decimal comma or a comma between thousands; pass "
        "--decimal ',' or --thousands ',', or name the column in --label-columns if it is a label\n"
    )
    result = run("preview", path, *FORMAT, "--separator", ";;")
    assert result.exit_code == 2
    assert result.stderr == "Error: separator: expected one character, got ';;'\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "plant=7"
    place.mkdir()
    lines = "time,y\n2026-01-01T00:00:00Z,{}\n"
    (place / "boiler.csv").write_text(lines.format(250.5))
    (place / "engine.csv.gz").write_bytes(gzip.compress(lines.format(1.5).encode()))
    (place / "notes.txt").write_text("none of our business")
    return tmp_path


def test_folders_and_globs_stand_for_their_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for path in (".", "plant=7", "*/*.csv*"):
        shown = run("preview", path, *FORMAT, "--file-label", "sensor", "--hive")
        assert shown.exit_code == 0
        assert "boiler.csv:\n" in shown.stdout
        assert '{"__name__":"vm_y","plant":"7","sensor":"boiler"}' in shown.stdout
        assert '{"__name__":"vm_y","plant":"7","sensor":"engine"}' in shown.stdout


def test_a_url_stands_for_a_file() -> None:
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").pipe("/cli/scores.csv", b"time,y\n2026-01-01,1.5\n")
    assert "series      1" in run("preview", "memory://cli/scores.csv", *FORMAT).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "Error: nowhere: there is no such file or folder; check the path\n"),
        (("-", "-"), "Error: -: standard input can be read once only, and not together with"),
        (("-", "--file-label", "x"), "Error: --file-label: standard input has no name; name a"),
        (("-", "--file-label", "="), "Error: file_labels: expected NAME or NAME=PATTERN, got '='"),
    ],
)
def test_what_stands_for_no_file_is_refused(arguments: tuple[str, ...], message: str) -> None:
    for command in ("write", "preview", "verify"):
        result = run(command, *arguments, "--url", NOBODY, *FORMAT)
        assert result.exit_code == 2
        assert result.stderr.startswith(message)


def test_a_file_whose_name_does_not_fit_a_pattern_is_refused_alone(folder: Path) -> None:
    result = run(
        *("write", folder, "--url", NOBODY, *FORMAT, "--dry-run"),
        *("--file-label", "sensor=boil{}.csv"),
    )
    assert result.exit_code == 2
    assert "boiler.csv     not sent" in result.stdout
    assert "engine.csv.gz: --file-label: its path does not fit 'sensor=boil{}.csv'" in result.stderr


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("time,y\n31/12/2026 06:00,1.5\n", ("--time-format", "%d/%m/%Y %H:%M")),
        ("time,y\n2026123106,1.5\n", ("--time-format", "%Y%m%d%H")),
        ("time,y\n46387.25,1.5\n", ("--time-format", "excel")),
        (
            "Date,Time,y\n2026-12-31,06:00:00,1.5\n",
            ("--time-columns", "Date", "--time-columns", "Time"),
        ),
        (
            "time,y\n" + "".join(f"2026-12-31T06:00Z,{y}\n" for y in (1.25, 1.75, 1.5, "ERR")),
            ("--na-values", "ERR"),
        ),
        ('time,y\n2026-12-31T06:00Z,"1,5"\n', ("--decimal", ",")),
        ("time;y,x\n2026-12-31T06:00Z;1,5\n", ("--separator", ";")),
    ],
)
def test_the_option_that_a_refusal_names_reads_the_file(
    text: str, remedy: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text)
    refused = run("preview", path, *FORMAT)
    assert refused.exit_code == 2
    for option, value in zip(remedy[::2], remedy[1::2], strict=True):
        assert option in refused.stderr
        assert value in refused.stderr
    assert "pd." not in refused.stderr
    shown = run("preview", path, *FORMAT, *remedy)
    assert "warning: " not in shown.stderr.replace("warning: names: 'vm_y,x'", "")
    assert '"values":[1.5],"timestamps":[1798696800000]' in shown.stdout
