"""What can go wrong in a job beside a write."""

from __future__ import annotations

from vm_df_writer.errors import VmDfWriterError

__all__ = ["JobError", "SourceError", "StateError"]


class JobError(VmDfWriterError, ValueError):
    """The job cannot be run as it was asked for; nothing was sent."""


class StateError(JobError):
    """The state file cannot be used: it is in use, foreign, torn, or the disk is full."""


class SourceError(VmDfWriterError):
    """A file cannot be read, or is no longer the one that was planned."""
