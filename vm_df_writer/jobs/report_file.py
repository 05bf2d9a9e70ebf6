"""Saves the report of a job or a write: as JSON for programs, as HTML or Markdown for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import orjson

from vm_df_writer.display.html import whole_page
from vm_df_writer.errors import JobError

__all__ = ["SavableReport", "require_report_name", "save_report"]

_FORMATS = (".json", ".html", ".md")


class SavableReport(Protocol):
    """What a report needs to be saved; its ``str`` is plain text."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        ...

    def _repr_html_(self) -> str: ...


def require_report_name(path: Path) -> None:
    """Refuse a name of a report that says no format, or names a folder that is not there.

    Raises
    ------
    JobError
        Says which.
    """
    if path.suffix not in _FORMATS:
        raise JobError(f"{path}: the name says no format; name the report .json, .html or .md")
    if not path.parent.is_dir():
        raise JobError(f"{path}: there is no such folder; make it, or name another one")


def save_report(report: SavableReport, path: Path) -> None:
    """Write a report as JSON, HTML or Markdown, as the name says.

    Parameters
    ----------
    report : JobReport or WriteReport
        The report.
    path : Path
        A file of that name is replaced.

    Raises
    ------
    JobError
        If the file cannot be written.
    """
    require_report_name(path)
    match path.suffix:
        case ".json":
            data = orjson.dumps(report.to_dict(), option=orjson.OPT_INDENT_2)
        case ".html":
            data = whole_page("vm_df_writer: report", report._repr_html_()).encode()
        case _:
            data = f"# vm_df_writer: report\n\n```text\n{report}\n```\n".encode()
    try:
        path.write_bytes(data)
    except OSError as error:
        raise JobError(f"{path}: cannot be written ({error.strerror}); check the path") from None
