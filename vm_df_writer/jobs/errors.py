"""Errors of jobs that no other part of the library has."""

from __future__ import annotations

from vm_df_writer.errors import DeliveryError, FrameError, JobError

__all__ = ["JobStopped", "OtherJobError", "RepeatedSamplesError"]


class JobStopped(DeliveryError):  # noqa: N818 - it ends a wait, and is shown as no error
    """The job was told to stop while samples were being read back."""


class OtherJobError(JobError):
    """A state file belongs to a job with other options."""


class RepeatedSamplesError(FrameError):
    """A part has samples at the times of another part's, and it is not clear which are meant."""
