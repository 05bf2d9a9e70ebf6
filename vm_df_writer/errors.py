"""The exception tree and the warning classes.

Every message reads *where: what is wrong, what was found; what to do*.
"""

from __future__ import annotations

import inspect
import warnings
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vm_df_writer.model.report import WriteReport
    from vm_df_writer.model.verification import Verification

__all__ = [
    "ColumnError",
    "ConfigError",
    "DeliveryError",
    "DuplicateSeriesError",
    "FrameError",
    "InexactWarning",
    "InsecureTlsWarning",
    "JobError",
    "LabelClashWarning",
    "LabelError",
    "RetentionWarning",
    "ServerRejected",
    "ServerUnavailable",
    "SourceError",
    "SpoolError",
    "StateError",
    "TenantLabelWarning",
    "TimestampError",
    "VerificationError",
    "VmDfWriterError",
    "VmDfWriterWarning",
    "capture_warnings",
    "did_you_mean",
    "warn_caller",
]


class VmDfWriterError(Exception):
    """Base of every error that this library raises on purpose."""


class ConfigError(VmDfWriterError, ValueError):
    """The configuration is wrong or contradicts itself."""


class FrameError(VmDfWriterError, ValueError):
    """The frame cannot be read as time series."""


class TimestampError(FrameError):
    """The time index or time column cannot be read."""


class LabelError(FrameError):
    """A label cannot be read, or the server would not store it as it is."""


class ColumnError(FrameError):
    """A column is missing, or does not hold what its role asks for."""


class DuplicateSeriesError(FrameError):
    """Two columns or groups render to the same label set."""


class DeliveryError(VmDfWriterError):
    """Samples could not be delivered.

    Attributes
    ----------
    report : WriteReport or None
        What was written before the failure; None outside a write.
    in_doubt : bool
        True if the server may have stored samples that it did not acknowledge.
    """

    def __init__(
        self, message: str, *, report: WriteReport | None = None, in_doubt: bool = False
    ) -> None:
        super().__init__(message)
        self.report = report
        self.in_doubt = in_doubt


class ServerRejected(DeliveryError):  # noqa: N818 - the name is part of the public contract
    """The server answered, and its answer is not a success.

    Attributes
    ----------
    status : int
        The HTTP status.
    body : str
        Up to 500 characters of the answer.
    retry_after_s : float or None
        How long the server asked to wait before the next attempt.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        body: str = "",
        retry_after_s: float | None = None,
        report: WriteReport | None = None,
        in_doubt: bool = False,
    ) -> None:
        super().__init__(message, report=report, in_doubt=in_doubt)
        self.status = status
        self.body = body
        self.retry_after_s = retry_after_s

    @property
    def is_about_the_body(self) -> bool:
        """True if it did not like what it was sent, so that something else is worth a try."""
        return self.status == 413 or (self.status == 400 and self.in_doubt)


class ServerUnavailable(DeliveryError):  # noqa: N818 - the name is part of the public contract
    """No answer came: no connection, a broken one, a failed TLS handshake or a timeout.

    Attributes
    ----------
    stale : bool
        True if a connection broke that had served an earlier request: the server may have closed
        it, being idle, before it saw this one.
    """

    def __init__(
        self,
        message: str,
        *,
        stale: bool = False,
        report: WriteReport | None = None,
        in_doubt: bool = False,
    ) -> None:
        super().__init__(message, report=report, in_doubt=in_doubt)
        self.stale = stale


class SpoolError(DeliveryError):
    """Undelivered samples could not be put into the spool folder, or not be taken from it."""


class VerificationError(VmDfWriterError):
    """What was read back is not what was sent.

    Attributes
    ----------
    verification : Verification or None
        How much is missing.
    report : WriteReport or None
        The whole write; None if nothing was written, but only verified.
    """

    def __init__(
        self,
        message: str,
        *,
        verification: Verification | None = None,
        report: WriteReport | None = None,
    ) -> None:
        super().__init__(message)
        self.verification = verification
        self.report = report


class VmDfWriterWarning(UserWarning):
    """Base of every warning that this library issues."""


class LabelClashWarning(VmDfWriterWarning):
    """The frame and `metric_format` both set a label; `metric_format` wins."""


class InexactWarning(VmDfWriterWarning):
    """The server will keep fewer digits than the frame holds."""


class RetentionWarning(VmDfWriterWarning):
    """Samples were not sent, because the server says that it would drop them for their time."""


class TenantLabelWarning(VmDfWriterWarning):
    """Tenant labels and `tenant_id` do not fit each other."""


class InsecureTlsWarning(VmDfWriterWarning):
    """The server's certificate is not verified."""


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """Return ``; did you mean 'host'?`` for the nearest known name, or an empty string.

    Examples
    --------
    >>> did_you_mean("hots", ["host", "score"])
    "; did you mean 'host'?"
    >>> did_you_mean("zebra", ["host", "score"])
    ''
    """
    match = get_close_matches(str(name), [str(k) for k in known], n=1)
    return f"; did you mean {match[0]!r}?" if match else ""


def warn_caller(message: str, category: type[VmDfWriterWarning]) -> None:
    """Warn with the line of the first caller outside this package."""
    package = str(Path(__file__).parent)
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(package):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


@contextmanager
def capture_warnings(hear: Callable[[VmDfWriterWarning], object]) -> Iterator[None]:
    """Hand every warning of this package to `hear`, in place of showing it; others are shown."""
    show_otherwise = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if isinstance(message, VmDfWriterWarning):
            hear(message)
        else:
            show_otherwise(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.simplefilter("always", VmDfWriterWarning)
        warnings.showwarning = show
        yield


class SourceError(VmDfWriterError):
    """A file cannot be read, or is no longer the one that was planned."""


class JobError(VmDfWriterError, ValueError):
    """The job cannot be run as it was asked for."""


class StateError(JobError):
    """The state file cannot be used: it is in use, foreign, torn, or the disk is full.

    The last also in mid-job; what was sent is noted then, but for the parts that it names.
    """
