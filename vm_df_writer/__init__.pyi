from .config import WriterConfig
from .errors import (
    ColumnError,
    ConfigError,
    DeliveryError,
    DuplicateSeriesError,
    FrameError,
    InexactWarning,
    InsecureTlsWarning,
    LabelClashWarning,
    LabelError,
    RetentionWarning,
    ServerRejected,
    ServerUnavailable,
    SpoolError,
    TenantLabelWarning,
    TimestampError,
    VerificationError,
    VmDfWriterError,
    VmDfWriterWarning,
)
from .lines import to_import_lines
from .preview import Preview
from .report import WriteReport
from .server_check import ServerCheck
from .verification import Verification
from .writer import VmWriter

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
    "RetentionWarning",
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

__version__: str
