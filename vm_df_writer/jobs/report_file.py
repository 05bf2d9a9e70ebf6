"""Saves the report of a job as HTML for people, or as JSON for programs."""

from __future__ import annotations

from pathlib import Path

import orjson

from vm_df_writer.errors import JobError
from vm_df_writer.jobs.report import JobReport

__all__ = ["require_report_name", "save_report"]

_HTML_HEAD = (
    '<!doctype html><meta charset="utf-8"><title>Backfill</title>'
    "<style>body{font:15px/1.5 sans-serif;margin:2em}caption{font-weight:bold;padding-top:1em}"
    "th{font-weight:normal;color:#666;padding-right:1em}</style>"
)


def require_report_name(path: Path) -> None:
    """Refuse a name of a report that says no format, or names a folder that is not there.

    Raises
    ------
    JobError
        Says which.
    """
    if path.suffix not in (".json", ".html"):
        raise JobError(f"{path}: the name says no format; name the report .json or .html")
    if not path.parent.is_dir():
        raise JobError(f"{path}: there is no such folder; make it, or name another one")


def save_report(report: JobReport, path: Path) -> None:
    """Write a report as JSON or HTML, as the name says.

    Raises
    ------
    JobError
        If the file cannot be written.
    """
    require_report_name(path)
    if path.suffix == ".json":
        data = orjson.dumps(report.to_dict(), option=orjson.OPT_INDENT_2)
    else:
        data = (_HTML_HEAD + report._repr_html_()).encode()
    try:
        path.write_bytes(data)
    except OSError as error:
        raise JobError(f"{path}: cannot be written ({error.strerror}); check the path") from None
