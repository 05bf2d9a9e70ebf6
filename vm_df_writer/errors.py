"""The exception tree; the warnings in it stand in :mod:`vm_df_writer.warning_classes`.

::

    VmDfWriterError
        ConfigError, a ValueError
        FrameError, a ValueError
            TimestampError
            LabelError
            ColumnError
            DuplicateSeriesError
        DeliveryError
            ServerRejected
            ServerUnavailable
            SpoolError
        VerificationError
        SamplesExistError, a ValueError
        ReplaceError, a ValueError
        SourceError
        JobError, a ValueError
            StateError
    KeyboardInterrupt
        WriteInterrupted
    UserWarning
        VmDfWriterWarning
            LabelClashWarning
            NameWarning
            InexactWarning
            RetentionWarning
            TenantLabelWarning
            DroppedWarning
            CopiesWarning
            ConflictingSamplesWarning
            InsecureTlsWarning
            EnvironmentWarning

Every message reads *where: what is wrong, what was found; what to do*. Outside of quotes, which
hold the caller's data, ``time_unit=`` marks a keyword, which the command line shows as an option.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from vm_df_writer.display.text import bounded
from vm_df_writer.display.tracebacks import one_line_traceback

if TYPE_CHECKING:
    from vm_df_writer.model.report import WriteReport
    from vm_df_writer.model.verification import Verification

__all__ = [
    "ColumnError",
    "ConfigError",
    "DeliveryError",
    "DuplicateSeriesError",
    "FrameError",
    "JobError",
    "LabelError",
    "ReplaceError",
    "SamplesExistError",
    "ServerRejected",
    "ServerUnavailable",
    "SourceError",
    "SpoolError",
    "StateError",
    "TimestampError",
    "VerificationError",
    "VmDfWriterError",
    "WriteInterrupted",
]


class _Parts(TypedDict, total=False):
    hint: str
    file_hint: str
    keyword: str | None
    report: WriteReport | None


class _DeliveryParts(_Parts, total=False):
    in_doubt: bool


class VmDfWriterError(Exception):
    """Base of every error that this library raises on purpose.

    Attributes
    ----------
    message, hint, file_hint : str
        Where, what is wrong and what was found; what to do, unless the message says that; what to
        do instead with a file, of which no caller has a frame to convert.
    keyword : str or None
        The keyword or parameter that the message is about, if it is about one.
    report : WriteReport or None
        What became of the samples; None if the error was raised before any could be sent.

    Examples
    --------
    >>> print(VmDfWriterError("colour: expected a name, got 5", hint="pass 'red'"))
    colour: expected a name, got 5; pass 'red'
    """

    _render_traceback_ = one_line_traceback  # for IPython
    _tells_account = False  # whether the message itself says what became of the samples

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        file_hint: str = "",
        keyword: str | None = None,
        report: WriteReport | None = None,
    ) -> None:
        self.message: str = bounded(message)
        super().__init__(self.message)
        self.hint: str = bounded(hint)
        self.file_hint: str = bounded(file_hint)
        self.keyword = keyword
        self.report = report

    def describe(self) -> str:
        """Return all parts in one line, as who has a file and no frame needs them."""
        return self._compose(self.file_hint or self.hint, "")

    def __str__(self) -> str:
        return self._compose(self.hint, ": see .report")

    def _compose(self, hint: str, pointer: str) -> str:
        text = f"{self.message}; {hint}" if hint else self.message
        if self.report is None or self._tells_account:
            return text
        return f"{text} ({self.report.headline}{pointer})"


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
    in_doubt : bool
        True if the server may have stored samples that it did not acknowledge.
    """

    def __init__(self, message: str, *, in_doubt: bool = False, **parts: Unpack[_Parts]) -> None:
        super().__init__(message, **parts)
        self.in_doubt = in_doubt


class ServerRejected(DeliveryError):  # noqa: N818 - the name is part of the public contract
    """The server answered, and its answer is not a success.

    Attributes
    ----------
    status, body : int, str
        The HTTP status, and up to 500 characters of the answer.
    retry_after_s : float or None
        How long the server asked to wait before the next attempt.
    is_about_the_body : bool
        True if the server refused what is in this body; it may take other ones.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        body: str = "",
        retry_after_s: float | None = None,
        is_about_the_body: bool = False,
        **parts: Unpack[_DeliveryParts],
    ) -> None:
        super().__init__(message, **parts)
        self.status = status
        self.body = body
        self.retry_after_s = retry_after_s
        self.is_about_the_body = is_about_the_body


class ServerUnavailable(DeliveryError):  # noqa: N818 - the name is part of the public contract
    """No answer came: no connection, a broken one, a failed TLS handshake or a timeout.

    Attributes
    ----------
    stale : bool
        True if a connection broke that had served an earlier request: the server may have closed
        it, being idle, before it saw this one.
    """

    def __init__(
        self, message: str, *, stale: bool = False, **parts: Unpack[_DeliveryParts]
    ) -> None:
        super().__init__(message, **parts)
        self.stale = stale


class SpoolError(DeliveryError):
    """Undelivered samples could not be put into the spool folder, or not be taken from it."""

    _tells_account = True


class VerificationError(VmDfWriterError):
    """What was read back is not what was sent.

    Attributes
    ----------
    verification : Verification or None
        How much is missing; the message says it too.
    """

    _tells_account = True

    def __init__(
        self, message: str, *, verification: Verification | None = None, **parts: Unpack[_Parts]
    ) -> None:
        super().__init__(message, **parts)
        self.verification = verification


class SamplesExistError(VmDfWriterError, ValueError):
    """The server has samples at the times of what was to be written; nothing was sent.

    Examples
    --------
    >>> print(SamplesExistError('{"__name__":"y"} at 2026-01-01 00:00:00 UTC', "a.csv"))
    if_exists: the server has a sample of {"__name__":"y"} at 2026-01-01 00:00:00 UTC, and so has \
a.csv; nothing was sent: write to other labels, or pass if_exists='skip', \
'replace' or 'append'
    """

    def __init__(self, found: object, where: str = "what is to be written") -> None:
        super().__init__(
            f"if_exists: the server has a sample of {found}, and so has {where}; nothing was sent: "
            "write to other labels, or pass if_exists='skip', 'replace' or 'append'",
            keyword="if_exists",
        )


class ReplaceError(VmDfWriterError, ValueError):
    """Replacing samples would not be safe; nothing is deleted of the series that it names."""

    def __init__(self, reason: str, *, hint: str = "") -> None:
        super().__init__(
            f"if_exists: 'replace' is refused: {reason}", hint=hint, keyword="if_exists"
        )


class SourceError(VmDfWriterError):
    """A file cannot be read, or is no longer the one that was planned."""


class JobError(VmDfWriterError, ValueError):
    """The job cannot be run as it was asked for."""


class StateError(JobError):
    """The state file cannot be used: it is in use, foreign or torn, or the disk is full."""


class WriteInterrupted(KeyboardInterrupt):
    """Ctrl-C ended a write or a replay; on the command line SIGTERM does so too.

    Attributes
    ----------
    report : WriteReport
        What became of the samples until then.
    """

    def __init__(self, report: WriteReport) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return f"interrupted ({self.report.headline}: see .report)"
