"""Jobs: batch backfills that can be resumed, on one machine or on Dask and Spark."""

from vm_df_writer.errors import JobError, SourceError, StateError
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.jobs.backfill import backfill
from vm_df_writer.jobs.estimate import JobEstimate, estimate
from vm_df_writer.jobs.options import JobOptions
from vm_df_writer.jobs.report import Failure, JobReport, read_report
from vm_df_writer.jobs.report_file import save_report
from vm_df_writer.jobs.state.file_summary import FileSummary
from vm_df_writer.jobs.state.job_receipt import read_receipt

__all__ = [
    "Failure",
    "FileOptions",
    "FileSummary",
    "JobError",
    "JobEstimate",
    "JobOptions",
    "JobReport",
    "SourceError",
    "StateError",
    "backfill",
    "estimate",
    "read_receipt",
    "read_report",
    "save_report",
]
