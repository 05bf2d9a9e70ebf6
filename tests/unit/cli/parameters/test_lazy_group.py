from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.command_line import command_named, run
from vm_df_writer import __version__
from vm_df_writer.cli import main
from vm_df_writer.cli.parameters.lazy_group import LazyGroup

HEAVY = "pandas numpy requests orjson tenacity tqdm"
SLOW = f"{HEAVY} pydantic yaml"


def loaded_by(arguments: str, heavy: str = HEAVY, **environment: str) -> tuple[str, set[str]]:
    """Return what a process of the command line prints, and which heavy modules it loads."""
    program = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print(*(set('{heavy}'.split()) & set(sys.modules)), "
        "file=sys.stderr))\n"
        f"sys.argv = ['vm-df-writer', *'{arguments}'.split()]\n"
        "from vm_df_writer.cli import main\n"
        "main(prog_name='vm-df-writer')\n"
    )
    process = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )
    return process.stdout, set(process.stderr.split())


@pytest.mark.parametrize("arguments", ["--version", "--help", "write --help", "backfill -h"])
def test_help_and_version_load_no_pandas(arguments: str) -> None:
    shown, heavy = loaded_by(arguments)
    assert shown
    assert heavy == set()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("vm-df-writer wr", "plain,write"),
        ("vm-df-writer write --tenant", "plain,--tenant-id"),
        ("vm-df-writer backfill --newest", "plain,--newest-first"),
        ("vm-df-writer write --compression g", "plain,gzip"),
    ],
)
def test_completion_loads_nothing_that_takes_a_while(words: str, expected: str) -> None:
    count = str(len(words.split()) - 1)
    environment = {"COMP_WORDS": words, "COMP_CWORD": count}
    shown, heavy = loaded_by("", SLOW, _VM_DF_WRITER_COMPLETE="bash_complete", **environment)
    assert shown.split() == [expected]
    assert heavy == set()


def test_every_command_has_a_module_and_a_docstring() -> None:
    assert isinstance(main, LazyGroup)
    for name in main.lazy_commands:
        assert command_named(name).name == name
        assert command_named(name).help


def test_a_command_that_is_not_there_is_told_with_one_that_is() -> None:
    result = run("wirte")
    assert result.exit_code == 2
    assert "No such command 'wirte'" in result.stderr


def test_the_package_can_be_run() -> None:
    command = [sys.executable, "-m", "vm_df_writer", "--version"]
    process = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert process.stdout == f"python -m vm_df_writer, version {__version__}\n"
