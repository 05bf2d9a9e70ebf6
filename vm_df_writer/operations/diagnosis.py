"""Diagnosis: what the servers report that explains what became of a write."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.errors import VerificationError
from vm_df_writer.model.report import CacheReset, WriteReport
from vm_df_writer.operations.ledger import Ledger
from vm_df_writer.operations.send_plan import SendPlan
from vm_df_writer.server.drop_counters import describe_drops, moved
from vm_df_writer.server.server import DropCounts, Server, ServerPair
from vm_df_writer.server.server_info import describe_flags
from vm_df_writer.server.time_limits import DEFAULT_FUTURE_S, time_limits_of
from vm_df_writer.verification.findings import VerificationResult

__all__ = ["DropWatch", "log_doubts", "reset_or_judge_cache", "verification_failure"]

_log = logging.getLogger(__name__)

# The servers renew their counters once a second, so that they report nothing of a shorter write.
_WORTH_WATCHING = 500_000
_RENEWED_EVERY_S = 1.1
_OLD_S = 86_400.0  # no server keeps less than a day
_UNCACHED_S = 300.0  # -search.cacheTimestampOffset, unless the server reports another


class DropWatch:
    """The counters of what servers drop, before a write and after it.

    They are asked for if the write is long enough for them to show something. Where a server may
    drop something and nothing is read back, they are waited for.

    Parameters
    ----------
    backend : Backend
        Has the server, and waits.
    plan : SendPlan
        What is written.
    verify : bool
        Whether it is read back.
    """

    def __init__(self, backend: Backend, plan: SendPlan, *, verify: bool) -> None:
        is_worth_it = verify or plan.parsed.n_samples >= _WORTH_WATCHING
        self._server, self._sleep = backend.server, backend.read_back.sleep
        self._before = self._server.count() if plan.servers.write.is_known and is_worth_it else None
        self._waits = bool(plan.servers.altering) and not verify

    def moved(self, n_requests: int) -> dict[str, int] | None:
        """Return by how much each counter moved; None unless they count so many requests more."""
        if self._before is None:
            return None
        found = self._look(self._before, n_requests)
        if found is None and self._waits:
            self._sleep(_RENEWED_EVERY_S)
            found = self._look(self._before, n_requests)
        return found

    def _look(self, before: DropCounts, n_requests: int) -> dict[str, int] | None:
        after = self._server.count()
        if after is None or after.n_requests - before.n_requests < n_requests:
            return None
        return moved(before.dropped, after.dropped)


def reset_or_judge_cache(
    backend: Backend, plan: SendPlan, ledger: Ledger, *, asked: bool
) -> CacheReset | None:
    """Make the server forget cached graphs if that is asked for, or say whether it should."""
    if asked:
        was_read = ledger.verification is not None
        settle = (lambda: None) if was_read else backend.read_back.settle
        return "done" if backend.server.reset_cache(settle) else "failed"
    reader = plan.servers.read
    uncached_s = reader.seconds("search.cacheTimestampOffset") or _UNCACHED_S
    if not ledger.samples or ledger.first_ms is None:
        return None
    if ledger.first_ms >= plan.servers.now_ms() - uncached_s * 1000:
        return None
    resets_itself = reader.flags.get("search.disableAutoCacheReset") == "false"
    return "automatic" if reader.kind == "single" and resets_itself else "advised"


def log_doubts(backend: Backend, plan: SendPlan, report: WriteReport) -> None:
    """Log why a server may have dropped samples that were not read back.

    They may be older or newer than what it keeps without reporting that, or it may be configured
    to drop some. What concerns each write alike is logged once.
    """
    if report.server_drops:
        _log.warning(
            "the servers counted meanwhile what they dropped, of this write or of another one: "
            "%s; verify=True shows it",
            describe_drops(report.server_drops),
        )
    if report.first_ms is None or report.last_ms is None:
        return
    if altering := plan.servers.altering:
        _log_once(
            backend,
            "a server runs with %s, by which it may store something else than it was sent; "
            "verify=True shows it",
            describe_flags(altering),
        )
    limits, now_ms = plan.limits.times, plan.servers.now_ms()
    if limits.oldest_ms is None and report.first_ms < now_ms - _OLD_S * 1000:
        _log_once(
            backend,
            "timestamps: samples are older than a day, and no server reports for how long it "
            "keeps them (by default 31 days), and drops what is older without a word; set "
            "retention or storage_urls, or see it with verify=True",
        )
    told = time_limits_of(plan.servers.write, now_ms)
    is_old = told.oldest_ms is not None and report.first_ms < told.oldest_ms
    is_new = told.newest_ms is not None and report.last_ms > told.newest_ms
    if is_old or is_new:
        _log.warning(
            "timestamps: samples are %s than what the server keeps by the clock that it told, "
            "which is %.0f s from ours; verify=True shows whether it has them",
            "older" if is_old else "newer",
            abs(plan.servers.clock_ahead_s or 0.0),
        )
    if limits.newest_ms is None and report.last_ms > now_ms + DEFAULT_FUTURE_S * 1000:
        _log.warning(
            "timestamps: samples are more than two days ahead, which is all that a server "
            "takes by default, and this one does not tell what it takes; verify=True shows it"
        )


def _log_once(backend: Backend, message: str, *values: object) -> None:
    text, this_call = message % values, object()
    if backend.noticed.setdefault(text, this_call) is this_call:  # of threads, one is the first
        _log.warning("%s", text)


def verification_failure(
    result: VerificationResult,
    server: Server,
    servers: ServerPair,
    drops: Mapping[str, int] | None = None,
) -> VerificationError:
    """Return the error of what is missing, with what the servers report that may be the reason."""
    message = result.describe(_hints(server, servers, drops))
    return VerificationError(message, verification=result.verification)


def _hints(server: Server, servers: ServerPair, drops: Mapping[str, int] | None) -> Iterator[str]:
    if altering := servers.altering:
        yield f"it runs with {describe_flags(altering)}"
    if drops:
        yield f"meanwhile it counted what it dropped: {describe_drops(drops)}"
    if queue := server.describe_queue():
        yield f"it has {queue} still to hand on, so that samples may yet arrive"
