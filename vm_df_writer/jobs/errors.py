"""What can go wrong in a job beside a write."""

from __future__ import annotations

from vm_df_writer.errors import DeliveryError, VmDfWriterError

__all__ = ["JobError", "JobStopped", "SourceError", "StateError"]


class JobError(VmDfWriterError, ValueError):
    """The job cannot be run as it was asked for."""


class StateError(JobError):
    """The state file cannot be used: it is in use, foreign, torn, or the disk is full.

    The last also in mid-job; what was sent is noted then, but for the parts that it names.
    """


class SourceError(VmDfWriterError):
    """A file cannot be read, or is no longer the one that was planned."""


class JobStopped(DeliveryError):  # noqa: N818 - no error, but the end of all waiting
    """The job was told to stop while samples were being read back."""
