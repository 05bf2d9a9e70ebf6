"""What a writer asks its servers around a write, so that they drop nothing in silence."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.display.text import format_utc
from vm_df_writer.errors import ConfigError, RetentionWarning, VerificationError, warn_caller
from vm_df_writer.frames.labels.limits import LabelLimits
from vm_df_writer.frames.parse import ParsedFrame
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.model.verification import Verification
from vm_df_writer.operations.ledger import attach_report
from vm_df_writer.operations.verify import Pack, VerifyChoice, verify_frame, verify_write
from vm_df_writer.server.drop_counters import describe_drops, moved
from vm_df_writer.server.limits import (
    DEFAULT_FUTURE_S,
    DEFAULT_RETENTION_S,
    label_limits_of,
    line_limit_of,
    time_limits_of,
)
from vm_df_writer.server.server_info import DropCounts, ServerPair
from vm_df_writer.verification.findings import VerificationResult

__all__ = ["Proof"]

_log = logging.getLogger("vm_df_writer")

# The servers renew their counters once a second: of a write that is over by then they tell nothing.
_WORTH_WATCHING = 500_000
_UNCACHED_S = 300.0  # -search.cacheTimestampOffset, unless the server tells another


class Proof:
    """All around one write that shows whether the servers keep what they are sent.

    Parameters
    ----------
    route : Backend
        The way to the servers.
    ask : bool
        Whether to ask them what they store; it is assumed if not.
    """

    def __init__(self, backend: Backend, *, ask: bool = True) -> None:
        self._backend = backend
        self._server_info = backend.server.info() if ask else ServerPair()
        self._time_limits = time_limits_of(self._server_info.write, self._server_info.now_ms())
        self._before: DropCounts | None = None

    @property
    def label_limits(self) -> LabelLimits:
        """What the servers store of labels."""
        return label_limits_of(
            self._backend.config, self._server_info.write, self._server_info.read
        )

    @property
    def max_line_bytes(self) -> int:
        """How long a line may be that they take."""
        return line_limit_of(self._server_info.write)

    def begin(self, read: ParsedFrame, *, verify: VerifyChoice = False) -> ParsedFrame:
        """Return a frame that is read without the samples that the server would drop.

        To be called right before the write: it also notes the servers' counters, if the write is
        long enough for them to tell something.

        Raises
        ------
        ConfigError
            If `verify` is none of its choices.
        """
        if verify not in (False, True, "count", "repair"):
            raise ConfigError(f"verify: expected a bool, 'count' or 'repair', got {verify!r}")
        if self._server_info.write.is_known and (verify or read.n_samples >= _WORTH_WATCHING):
            self._before = self._backend.server.count()
        return self._time_limits.keep_all(read)

    def complete(
        self,
        read: ParsedFrame,
        report: WriteReport,
        pack: Pack,
        *,
        verify: VerifyChoice,
        reset_cache: bool,
    ) -> WriteReport:
        """Verify and repair a write as far as that is asked for, and complete its report.

        Parameters
        ----------
        read : ParsedFrame
            The frame.
        report : WriteReport
            The account of the write.
        pack : callable
            Makes bodies of blocks.
        verify, reset_cache
            As for `VmWriter.write`.

        Raises
        ------
        DeliveryError
            If the server cannot be read, or what was missing could not be sent again.
        VerificationError
            If it does not hold what was written.
        """
        self._warn_of_dropped(report.dropped)
        if not verify:
            self._log_unknown_limits(report)
        findings, n_requests = None, report.requests
        if verify and not report.undelivered:
            try:
                findings, report = verify_write(read, self._backend, report, pack, verify)
            except KeyboardInterrupt as interrupt:
                attach_report(report, interrupt)
                raise
        report = replace(
            report,
            server_drops=self._drops_since(n_requests),
            cache_reset=self._reset_cache(report, asked=reset_cache),
        )
        if findings is not None and not findings.verification.ok:
            raise self._failure(findings, report)
        return report

    def verify(self, read: ParsedFrame, *, verify: VerifyChoice) -> Verification:
        """Say whether the server has a frame that was written before.

        Raises
        ------
        ConfigError
            If `verify` is none of its choices.
        DeliveryError
            If the server cannot be read.
        VerificationError
            If it does not have it.
        """
        if verify not in (True, "count"):
            raise ConfigError(f"verify: expected True or 'count', got {verify!r}")
        dropped: Counter[str] = Counter()

        def blocks() -> Iterator[SeriesBlock]:
            for block in read.blocks():
                dropped.update(block.dropped)
                yield block

        findings = verify_frame(blocks(), self._backend, count_only=verify == "count")
        self._warn_of_dropped(dropped)
        if not findings.verification.ok:
            raise self._failure(findings)
        return findings.verification

    def _warn_of_dropped(self, dropped: Mapping[str, int]) -> None:
        limits = self._time_limits
        for reason, what, edge, limit_ms, flag in (
            ("too_old", "older", "before", limits.oldest_ms, "retentionPeriod"),
            ("too_new", "newer", "after", limits.newest_ms, "futureRetention"),
        ):
            if n := dropped.get(reason):
                warn_caller(
                    f"timestamps: {n:,} samples are {what} than what the server keeps, which drops "
                    f"what is {edge} {format_utc(limit_ms)}, and are left out; raise its -{flag} "
                    "if you need them",
                    RetentionWarning,
                )

    def _log_unknown_limits(self, report: WriteReport) -> None:
        if report.first_ms is None or report.last_ms is None:
            return
        limits, now_ms = self._time_limits, self._server_info.now_ms()
        if limits.oldest_ms is None and report.first_ms < now_ms - DEFAULT_RETENTION_S * 1000:
            _log.warning(
                "timestamps: samples are older than 31 days, which is all that a server keeps by "
                "default, and this one does not tell what it keeps; verify=True shows it"
            )
        if limits.newest_ms is None and report.last_ms > now_ms + DEFAULT_FUTURE_S * 1000:
            _log.warning(
                "timestamps: samples are more than two days ahead, which is all that a server "
                "takes by default, and this one does not tell what it takes; verify=True shows it"
            )

    def _drops_since(self, n_requests: int) -> dict[str, int] | None:
        """Return by how much the servers' counters moved, if they are renewed already."""
        after = self._backend.server.count() if self._before else None
        if self._before is None or after is None:
            return None
        if after.n_requests - self._before.n_requests < n_requests:
            return None
        return moved(self._before.dropped, after.dropped)

    def _reset_cache(self, report: WriteReport, *, asked: bool) -> str | None:
        if asked:
            return "done" if self._backend.server.reset_cache() else "failed"
        facts = self._server_info.read
        uncached_s = facts.seconds("search.cacheTimestampOffset") or _UNCACHED_S
        if not report.samples or report.first_ms is None:
            return None
        if report.first_ms >= self._server_info.now_ms() - uncached_s * 1000:
            return None
        resets_itself = facts.flags.get("search.disableAutoCacheReset") == "false"
        return "automatic" if facts.kind == "single" and resets_itself else "advised"

    def _failure(
        self, findings: VerificationResult, report: WriteReport | None = None
    ) -> VerificationError:
        hints = self._hints(report.server_drops if report else None)
        message = findings.describe(hints)
        return VerificationError(message, report=report, verification=findings.verification)

    def _hints(self, drops: Mapping[str, int] | None) -> Iterator[str]:
        """Yield what the servers tell that may be why samples are missing."""
        altering = self._server_info.write.altering | self._server_info.read.altering
        if altering:
            flags = ", ".join(f"-{name}={value}" for name, value in altering.items())
            yield f"it runs with {flags}"
        if drops:
            yield f"meanwhile it counted what it dropped: {describe_drops(drops)}"
        if queue := self._backend.server.describe_queue():
            yield (
                f"it is a vmagent that has {queue} still to hand on, so that samples may yet arrive"
            )
