"""The tables of docs/ that say what the code says are what the code makes of them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

import vm_df_writer
from tests.support.docs_pages import DOCS, docs_pages
from vm_df_writer import VmDfWriterError, VmDfWriterWarning, WriteReport
from vm_df_writer.cli.option_names import option_name
from vm_df_writer.files.file_options import FileOptions

pytest.importorskip("prometheus_client")

ROOT = Path(__file__).parents[1]
SCRIPT = ".ci/build_doc_tables.py"


def test_the_tables_are_what_their_script_makes_of_the_code(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / SCRIPT), str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT)  # noqa: S603
    old = [
        str(page.relative_to(DOCS))
        for page in docs_pages()
        if (tmp_path / page.relative_to(DOCS)).read_text() != page.read_text()
    ]
    assert old == [], f"run python {SCRIPT}"


def test_every_table_that_the_script_makes_is_on_a_page() -> None:
    made = set(re.findall(r'^    "([\w-]+)": lambda', (ROOT / SCRIPT).read_text(), re.MULTILINE))
    text = "".join(page.read_text() for page in docs_pages())
    assert len(made) >= 10
    assert made <= set(re.findall(r"<!-- begin: (\S+) -->", text))


def test_every_error_and_warning_is_on_its_page() -> None:
    page = (DOCS / "reference" / "interfaces" / "errors.md").read_text()
    public = {
        name
        for name in vm_df_writer.__all__
        if isinstance(thing := getattr(vm_df_writer, name), type)
        and issubclass(thing, (VmDfWriterError, VmDfWriterWarning, KeyboardInterrupt))
    }
    assert public
    assert public <= set(re.findall(r"\.(\w+)`", page))


def test_the_options_of_files_are_all_on_their_page() -> None:
    page = (DOCS / "reference" / "data" / "files.md").read_text()
    named = set(re.findall(r"^\| `(--[a-z-]+)` \|", page, re.MULTILINE))
    of_files = {option_name(field.name) for field in fields(FileOptions)}
    assert named == {*of_files, "--file-label", "--hive"}


def test_every_extra_is_on_the_page_of_installation() -> None:
    page = (DOCS / "howto" / "start" / "install.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)
    assert sorted(named) == sorted(project["optional-dependencies"])


def test_the_report_attributes_are_all_on_its_page() -> None:
    page = (DOCS / "reference" / "interfaces" / "report.md").read_text()
    named = {
        name
        for cell in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
        for name in re.findall(r"\w+", cell)
    }
    hidden = {"acknowledged_counts", "undelivered_counts", "digests"}
    assert named == {field.name for field in fields(WriteReport)} - hidden
