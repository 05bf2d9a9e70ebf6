"""Runs the command line within the test's own process."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from vm_df_writer.cli import main

FORMAT = ("--metric-format", "__name__=vm_$VAR")


class Result(NamedTuple):
    """How a command ended and what it printed."""

    exit_code: object
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """All that a person would see."""
        return self.stdout + self.stderr


def run(*arguments: str | Path, stdin: str = "") -> Result:
    """Run ``vm-df-writer ARGUMENTS``."""
    standard_input = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    with (
        redirect_stdout(io.StringIO()) as stdout,
        redirect_stderr(io.StringIO()) as stderr,
        patch.object(sys, "stdin", standard_input),
    ):
        try:
            exit_code: object = main([str(argument) for argument in arguments], "vm-df-writer")
        except SystemExit as end:
            exit_code = end.code
    return Result(exit_code, stdout.getvalue(), stderr.getvalue())
