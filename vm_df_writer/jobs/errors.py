"""What can go wrong in a job beside a write."""

from __future__ import annotations

from vm_df_writer.errors import DeliveryError

__all__ = ["JobStopped"]


class JobStopped(DeliveryError):  # noqa: N818 - no error, but the end of all waiting
    """The job was told to stop while samples were being read back."""
