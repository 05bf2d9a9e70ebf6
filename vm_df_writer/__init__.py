"""Write pandas DataFrames of anomaly scores to VictoriaMetrics."""

import logging

from vm_df_writer.config import WriterConfig
from vm_df_writer.errors import (
    ColumnError,
    ConfigError,
    DeliveryError,
    DuplicateSeriesError,
    FrameError,
    InexactWarning,
    InsecureTlsWarning,
    LabelClashWarning,
    LabelError,
    ServerRejected,
    ServerUnavailable,
    SpoolError,
    TenantLabelWarning,
    TimestampError,
    VerificationError,
    VmDfWriterError,
    VmDfWriterWarning,
)
from vm_df_writer.preview import Preview
from vm_df_writer.report import Verification, WriteReport
from vm_df_writer.writer import ServerCheck, VmWriter, to_import_lines

__all__ = [
    "ColumnError",
    "ConfigError",
    "DeliveryError",
    "DuplicateSeriesError",
    "FrameError",
    "InexactWarning",
    "InsecureTlsWarning",
    "LabelClashWarning",
    "LabelError",
    "Preview",
    "ServerCheck",
    "ServerRejected",
    "ServerUnavailable",
    "SpoolError",
    "TenantLabelWarning",
    "TimestampError",
    "Verification",
    "VerificationError",
    "VmDfWriterError",
    "VmDfWriterWarning",
    "VmWriter",
    "WriteReport",
    "WriterConfig",
    "__version__",
    "to_import_lines",
]

__version__ = "0.1.0"

logging.getLogger("vm_df_writer").addHandler(logging.NullHandler())
