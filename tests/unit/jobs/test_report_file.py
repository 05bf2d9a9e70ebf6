from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from vm_df_writer.errors import JobError
from vm_df_writer.jobs.report import JobReport, read_report
from vm_df_writer.jobs.report_file import require_report_name, save_report
from vm_df_writer.jobs.state.store import StateStore


@pytest.fixture
def report(tmp_path: Path) -> JobReport:
    with StateStore(tmp_path / "job.sqlite") as store:
        store.end_run("done")
    return read_report(tmp_path / "job.sqlite")


def test_json_holds_the_plain_values(report: JobReport, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    save_report(report, path)
    assert orjson.loads(path.read_bytes()) == orjson.loads(orjson.dumps(report.to_dict()))


def test_html_is_a_whole_page(report: JobReport, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("what was there before")
    save_report(report, path)
    page = path.read_text(encoding="utf-8")
    assert page.startswith('<!doctype html><meta charset="utf-8"><title>vm_df_writer: report')
    assert "color-scheme:light dark" in page
    assert page.endswith(report._repr_html_())


def test_markdown_is_the_text_as_it_is(report: JobReport, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    save_report(report, path)
    assert path.read_text() == f"# vm_df_writer: report\n\n```text\n{report}\n```\n"


@pytest.mark.parametrize("name", ["report", "report.txt", "report.JSON", ".json"])
def test_a_name_that_says_no_format_is_refused(
    report: JobReport, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    said = f"{path}: the name says no format; name the report .json, .html or .md"
    with pytest.raises(JobError, match=f"^{re.escape(said)}$"):
        require_report_name(path)
    with pytest.raises(JobError, match=re.escape(said)):
        save_report(report, path)
    assert not path.exists()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no" / "report.html"
    said = f"{path}: there is no such folder; make it, or name another one"
    with pytest.raises(JobError, match=f"^{re.escape(said)}$"):
        require_report_name(path)


def test_a_file_that_cannot_be_written_is_told(report: JobReport, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.mkdir()
    said = f"{path}: cannot be written (Is a directory); check the path"
    with pytest.raises(JobError, match=f"^{re.escape(said)}$"):
        save_report(report, path)
