"""What the README says is so: its code runs, its output is what comes out, its tables are whole."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import vm_df_writer
from tests.support.command_line import run
from vm_df_writer import VerificationError, VmDfWriterError, WriterConfig, WriteReport
from vm_df_writer.cli.actions.backfill import JobExitCode
from vm_df_writer.cli.commands.backfill import backfill
from vm_df_writer.cli.option_names import option_name
from vm_df_writer.cli.parameters.server_options import server_option_name
from vm_df_writer.config.environment import secrets_by_file
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.local import LocalVictoriaMetrics

README = (Path(__file__).parents[1] / "README.md").read_text()


class Block(NamedTuple):
    """A code block: its language and text."""

    language: str
    text: str


_HEADERS = ("| Keyword", "| Parameter", "| Option", "| Exit code")

BLOCKS = [
    Block(*found)
    for found in re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
]


def table_rows(heading: str) -> Iterator[list[str]]:
    """The cells of the tables under a heading."""
    section = re.split(
        r"^#+ ", README.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE
    )[0]
    for line in section.splitlines():
        if line.startswith("| ") and not line.startswith(_HEADERS):
            yield [cell.strip() for cell in line.split("|")[1:-1]]


def without_numbers(text: str) -> str:
    """A report, without what differs from run to run."""
    text = re.sub(r"http://\S+", "URL", text)
    return re.sub(r"\d[\d,.:]*", "N", text).strip()


def test_every_block_runs_and_prints_what_stands_below_it(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    victoria_metrics = start_victoria_metrics()  # with no series but those of the page
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VM_URL", victoria_metrics.url)
    namespace: dict[str, Any] = {}
    printed = ""
    for language, text in BLOCKS:
        here = text.replace("http://localhost:8428", victoria_metrics.url)
        if language == "python":
            with redirect_stdout(io.StringIO()) as output:
                exec(compile(here, "README.md", "exec"), namespace)  # noqa: S102
            printed = re.sub(r"(?m)^vmui .*\n?", "", output.getvalue())
        elif language == "sh":
            run_commands(here)
        elif language == "yaml":
            Path("vmanomaly.yaml").write_text(here)
        elif "elapsed" in text:
            assert without_numbers(printed) == without_numbers(text)
        else:
            assert printed == text


def run_commands(text: str) -> None:
    """Run those of the lines that are our own commands."""
    for line in text.replace("\\\n", " ").splitlines():
        program, *arguments = shlex.split(line, comments=True)
        if program == "vm-df-writer":
            result = run(*arguments)
            assert result.exit_code == 0, result.output


def test_every_kind_of_block_is_run() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "sh", "yaml", "text"}


def test_the_reading_keywords_are_those_of_reading() -> None:
    expected = [
        [
            f"`{field.name}`",
            f"`{field.default}`" if field.default not in (None, MISSING) else "",
            field.metadata["help"],
        ]
        for field in fields(ReadOptions)
    ]
    assert list(table_rows("Reading keywords")) == expected


def test_the_parameters_are_those_of_the_configuration() -> None:
    defaults = {
        field.alias or name: "required" if field.is_required() else field.get_default()
        for name, field in WriterConfig.model_fields.items()
    }
    named: dict[str, str] = {}
    for names, default, _ in table_rows("Configuration"):
        named |= dict.fromkeys(re.findall(r"`(\w+)`", names), default)
    assert named.keys() == defaults.keys()
    for name, default in named.items():
        if default.startswith("`") and name not in ("metric_format", "verify_tls"):
            assert default == f"`{defaults[name]}`"


def test_the_report_attributes_are_all_there() -> None:
    named = {
        name for row in table_rows("What a report says") for name in re.findall(r"\w+", row[0])
    }
    hidden = {"acknowledged_counts", "undelivered_counts", "digests"}
    assert named - {"Attribute", "samples_per_s"} == {f.name for f in fields(WriteReport)} - hidden


FILE_OPTIONS = {
    *(option_name(field.name) for field in fields(FileOptions)),
    *("--file-label", "--hive"),
}


def test_the_options_of_files_are_all_there() -> None:
    named = {row[0].strip("`") for row in table_rows("Files")} - {"Option"}
    assert named == FILE_OPTIONS


def test_the_options_and_exit_codes_of_a_job_are_all_there() -> None:
    cells = [row[0] for row in table_rows("Months of history")]
    shared = {option_name(field.name) for field in fields(ReadOptions)}
    shared |= {"--config", "--verbose", "--quiet", "--log-format", *FILE_OPTIONS}
    parameters = {*WriterConfig.model_fields, *secrets_by_file()} - {"spool_dir"}
    shared |= {server_option_name(name) for name in parameters}
    options = {
        name
        for option in backfill.params
        for name in (*option.opts, *option.secondary_opts)
        if name.startswith("--")
    }
    assert {name for cell in cells for name in re.findall(r"--[a-z-]+", cell)} == options - shared
    codes = {int(code) for cell in cells if cell[0].isdigit() for code in cell.split(", ")}
    assert codes == set(JobExitCode)


def test_the_errors_are_all_there() -> None:
    named = {name for row in table_rows("Errors") for name in re.findall(r"`(\w+)`", row[0])}
    errors = {
        name
        for name in vm_df_writer.__all__
        if isinstance(thing := getattr(vm_df_writer, name), type)
        and issubclass(thing, VmDfWriterError)
    }
    assert named == errors - {"VmDfWriterError"}
    assert issubclass(VerificationError, VmDfWriterError)
