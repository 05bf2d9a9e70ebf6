"""What became of files that a command wrote, each by itself and all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from vm_df_writer.cli.input_files import shown_name
from vm_df_writer.cli.messages import ExitCode
from vm_df_writer.cli.option_names import name_options
from vm_df_writer.display.html import facts_table
from vm_df_writer.display.text import printable
from vm_df_writer.model.cache_reset import CACHE_RESETS
from vm_df_writer.model.report import WriteReport

__all__ = ["FileResult", "FileResults"]


@dataclass(frozen=True)
class FileResult:
    """What became of one file.

    Attributes
    ----------
    file : str
        Its name.
    exit_code : ExitCode or None
        How it ended; None if it was not tried, since the server had failed before.
    report : WriteReport or None
        The account, as far as it goes.
    error : str or None
        Why not all is well.
    """

    file: str
    exit_code: ExitCode | None = None
    report: WriteReport | None = None
    error: str | None = None

    @property
    def name(self) -> str:
        """The file as messages call it."""
        return shown_name(self.file)

    @property
    def is_spooled(self) -> bool:
        """Whether all that was not delivered is kept."""
        return self.error is None and self.report is not None and bool(self.report.spooled)

    @property
    def state(self) -> str:
        """The end in a word or two."""
        if self.exit_code is None:
            return "not tried"
        if self.is_spooled:
            return "spooled"
        if self.exit_code is not ExitCode.DELIVERED or self.report is None:
            return self.exit_code.name.lower()
        if self.report.undelivered:
            return "not sent"  # a dry run
        verification = self.report.verification
        return "verified" if verification and verification.expected else "delivered"


@dataclass(frozen=True)
class FileResults:
    """What became of all files of a command.

    Attributes
    ----------
    files : sequence of FileResult
        Each by itself.
    """

    files: Sequence[FileResult]

    @property
    def merged(self) -> WriteReport:
        """The account of all together."""
        reports = [result.report for result in self.files if result.report is not None]
        return reduce(add, reports) if reports else WriteReport(layout="none")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        files = [
            {"file": printable(result.file), "state": result.state, "error": result.error}
            for result in self.files
        ]
        return self.merged.to_dict() | {"files": files}

    def __str__(self) -> str:
        """Return a table of plain text, below the files if they need one."""
        report = _with_options(str(self.merged))
        if len(self.files) == 1 and self.files[0].state not in ("not sent", "spooled"):
            return report
        width = max(len(result.name) for result in self.files)
        lines = [f"{result.name:<{width}}  {result.state}" for result in self.files]
        return "\n".join([*lines, "", report])

    def _repr_html_(self) -> str:
        states = {
            result.name: f"{result.state}: {result.error}" if result.error else result.state
            for result in self.files
        }
        report = _with_options(self.merged._repr_html_())
        return report + facts_table("vm_df_writer: files", states)


def _with_options(report: str) -> str:
    """Name the option in what a report advises; all else in it may be the caller's data."""
    advice = CACHE_RESETS["advised"]
    return report.replace(advice, name_options(advice))
