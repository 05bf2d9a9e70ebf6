"""Runs the command line within the test's own process."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import click

from vm_df_writer.cli import main

FORMAT = ("--metric-format", "__name__=vm_$VAR")


def command_named(name: str) -> click.Command:
    """Return a command of ``vm-df-writer``."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    return command


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
    streams = [_stream(), _stream()]
    with (
        redirect_stdout(streams[0]),
        redirect_stderr(streams[1]),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()))),
    ):
        try:
            exit_code: object = main([str(argument) for argument in arguments], "vm-df-writer")
        except SystemExit as end:
            exit_code = end.code
    stdout, stderr = (str(stream.buffer.getvalue(), "utf-8") for stream in streams)
    return Result(exit_code, stdout, stderr)


class _Stream(io.TextIOWrapper):
    """Takes text and bytes, as the stream of a process does."""

    buffer: io.BytesIO


def _stream() -> _Stream:
    return _Stream(io.BytesIO(), "utf-8", newline="\n", write_through=True)
