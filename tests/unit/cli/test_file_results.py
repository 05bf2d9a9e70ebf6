"""What is told of files that were written."""

from __future__ import annotations

from vm_df_writer.cli.file_results import FileResult, FileResults
from vm_df_writer.cli.messages import ExitCode
from vm_df_writer.model.report import WriteReport


def test_the_option_is_named_that_makes_a_server_forget_its_graphs() -> None:
    report = WriteReport(layout="wide", cache_reset="advised", reading=None)
    results = FileResults([FileResult("reset_cache=True.csv", ExitCode.UNDELIVERED, report)])
    for told in (str(results), results._repr_html_()):
        assert "may not show these samples yet; --reset-cache makes the server forget them" in told
        assert "reset_cache=True makes" not in told
