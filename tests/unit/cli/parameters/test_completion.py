"""What TAB completes is what the commands have."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from tests.support.command_line import command_named
from vm_df_writer.cli import main
from vm_df_writer.cli.parameters import completion
from vm_df_writer.cli.parameters.completion import stand_in

ROOT = Path(__file__).parents[4]
FILE = Path(completion.__file__).with_suffix(".json")


def test_the_file_is_what_its_script_makes_of_the_commands(tmp_path: Path) -> None:
    path = tmp_path / "completion.json"
    script = str(ROOT / ".ci" / "build_completion.py")
    subprocess.run([sys.executable, script, str(path)], check=True, cwd=ROOT)  # noqa: S603
    assert path.read_text() == FILE.read_text(), f"run python {script}"
    assert list(json.loads(path.read_text())) == list(main.lazy_commands)


def completed(command: click.Command, arguments: list[str], incomplete: str) -> list[str]:
    found = ShellComplete(command, {}, "vm-df-writer", "").get_completions(arguments, incomplete)
    # click makes the option of the help by what called a command first.
    return [f"{item.type} {item.value}" for item in found if item.value not in ("-h", "--help")]


@pytest.mark.parametrize(
    ("name", "arguments", "incomplete"),
    [
        ("write", [], "--"),
        ("write", ["--json", "--label", "a=b"], "--"),
        ("write", ["--layout"], ""),
        ("write", [], "sco"),
        ("backfill", ["--state"], "job"),
        ("replay", [], "spool"),
        ("backfill", ["a.csv", "-"], "--no"),
        ("read", ["up"], "-"),
        ("diff", ["-o"], ""),
        ("status", [], "-v"),
    ],
)
def test_what_stands_for_a_command_completes_as_it_does(
    name: str, arguments: list[str], incomplete: str
) -> None:
    expected = completed(command_named(name), arguments, incomplete)
    assert expected
    assert completed(stand_in(name), arguments, incomplete) == expected
