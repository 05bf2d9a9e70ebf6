"""The warning classes, one for each cause; drawn in :mod:`vm_df_writer.errors`."""

from __future__ import annotations

__all__ = [
    "ConflictingSamplesWarning",
    "CopiesWarning",
    "DroppedWarning",
    "EnvironmentWarning",
    "InexactWarning",
    "InsecureTlsWarning",
    "LabelClashWarning",
    "NameWarning",
    "RetentionWarning",
    "TenantLabelWarning",
    "VmDfWriterWarning",
]


class VmDfWriterWarning(UserWarning):
    """Base of every warning that this library issues."""


class LabelClashWarning(VmDfWriterWarning):
    """The frame and `metric_format` both set a label; `metric_format` wins."""


class NameWarning(VmDfWriterWarning):
    """A metric or label has a name that queries must quote."""


class InexactWarning(VmDfWriterWarning):
    """The server will keep fewer digits than the frame holds."""


class RetentionWarning(VmDfWriterWarning):
    """Samples were not sent, because the server says that it would drop them for their time."""


class TenantLabelWarning(VmDfWriterWarning):
    """Tenant labels and `tenant_id` do not fit each other, or tenants may be left out."""


class CopiesWarning(VmDfWriterWarning):
    """The server holds samples more than once, and its queries see every copy."""


class ConflictingSamplesWarning(VmDfWriterWarning):
    """The server holds several values of a series at one time, and one of them was chosen."""


class EnvironmentWarning(VmDfWriterWarning):
    """An environment variable is called as one of a parameter, and is none."""


class InsecureTlsWarning(VmDfWriterWarning):
    """The server's certificate is not verified."""


class DroppedWarning(VmDfWriterWarning):
    """More than a tenth of the samples were left out for one reason."""
