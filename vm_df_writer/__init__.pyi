from .alerting.backtest import Backtest, backtest
from .alerting.dashboard import grafana_dashboard
from .alerting.rules import AlertRule, AlertRules, alert_rules
from .config.writer_config import WriterConfig
from .default_writer import set_default
from .errors import (
    ColumnError,
    ConfigError,
    DeliveryError,
    DuplicateSeriesError,
    FrameError,
    LabelError,
    ReplaceError,
    SamplesExistError,
    ServerRejected,
    ServerUnavailable,
    SpoolError,
    TimestampError,
    VerificationError,
    VmDfWriterError,
    WriteInterrupted,
)
from .metrics import WriterMetrics
from .model.receipt import Receipt
from .model.report import WriteReport
from .model.verification import Verification
from .operations.check import ServerCheck
from .operations.plots.plot import plot_heatmap, plot_scores
from .operations.preview import Preview
from .operations.to_import_lines import to_import_lines
from .operations.to_remote_write import to_remote_write
from .warning_classes import (
    ConflictingSamplesWarning,
    CopiesWarning,
    DroppedWarning,
    EnvironmentWarning,
    InexactWarning,
    InsecureTlsWarning,
    LabelClashWarning,
    NameWarning,
    RetentionWarning,
    TenantLabelWarning,
    VmDfWriterWarning,
)
from .writer import VmWriter

__all__ = [
    "AlertRule",
    "AlertRules",
    "Backtest",
    "ColumnError",
    "ConfigError",
    "ConflictingSamplesWarning",
    "CopiesWarning",
    "DeliveryError",
    "DroppedWarning",
    "DuplicateSeriesError",
    "EnvironmentWarning",
    "FrameError",
    "InexactWarning",
    "InsecureTlsWarning",
    "LabelClashWarning",
    "LabelError",
    "NameWarning",
    "Preview",
    "Receipt",
    "ReplaceError",
    "RetentionWarning",
    "SamplesExistError",
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
    "WriteInterrupted",
    "WriteReport",
    "WriterConfig",
    "WriterMetrics",
    "__version__",
    "alert_rules",
    "backtest",
    "grafana_dashboard",
    "plot_heatmap",
    "plot_scores",
    "set_default",
    "to_import_lines",
    "to_remote_write",
]

__version__: str
