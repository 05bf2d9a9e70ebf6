"""Diagnosis: what the servers report that explains what became of a write."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from vm_df_writer.errors import VerificationError
from vm_df_writer.model.report import CacheReset, WriteReport
from vm_df_writer.operations.ledger import Ledger
from vm_df_writer.operations.send_plan import SendPlan
from vm_df_writer.server.drop_counters import describe_drops, moved
from vm_df_writer.server.limits import DEFAULT_FUTURE_S, DEFAULT_RETENTION_S
from vm_df_writer.server.server_info import DropCounts, Server, ServerPair
from vm_df_writer.verification.findings import VerificationResult

__all__ = ["DropWatch", "log_unknown_limits", "reset_or_judge_cache", "verification_failure"]

_log = logging.getLogger(__name__)

# The servers renew their counters once a second, so that they report nothing of a shorter write.
_WORTH_WATCHING = 500_000
_UNCACHED_S = 300.0  # -search.cacheTimestampOffset, unless the server reports another


class DropWatch:
    """The counters of what servers drop, before a write and after it.

    Parameters
    ----------
    server : Server
        Has the counters.
    before : DropCounts or None
        What they were; None if they are not watched.
    """

    def __init__(self, server: Server, before: DropCounts | None) -> None:
        self._server = server
        self._before = before

    @classmethod
    def start(cls, server: Server, plan: SendPlan, *, verify: bool) -> DropWatch:
        """Ask for the counters, if the write is long enough for them to show something."""
        is_worth_it = verify or plan.parsed.n_samples >= _WORTH_WATCHING
        return cls(server, server.count() if plan.servers.write.is_known and is_worth_it else None)

    def moved(self, n_requests: int) -> dict[str, int] | None:
        """Return by how much each counter moved; None unless they count so many requests more."""
        after = self._server.count() if self._before else None
        if self._before is None or after is None:
            return None
        if after.n_requests - self._before.n_requests < n_requests:
            return None
        return moved(self._before.dropped, after.dropped)


def reset_or_judge_cache(
    server: Server, plan: SendPlan, ledger: Ledger, *, asked: bool
) -> CacheReset | None:
    """Make the server forget cached graphs if that is asked for, or say whether it should."""
    if asked:
        return "done" if server.reset_cache() else "failed"
    reader = plan.servers.read
    uncached_s = reader.seconds("search.cacheTimestampOffset") or _UNCACHED_S
    if not ledger.samples or ledger.first_ms is None:
        return None
    if ledger.first_ms >= plan.servers.now_ms() - uncached_s * 1000:
        return None
    resets_itself = reader.flags.get("search.disableAutoCacheReset") == "false"
    return "automatic" if reader.kind == "single" and resets_itself else "advised"


def log_unknown_limits(plan: SendPlan, report: WriteReport) -> None:
    """Log that samples may be older or newer than what a server keeps that does not report it."""
    if report.first_ms is None or report.last_ms is None:
        return
    limits, now_ms = plan.limits.times, plan.servers.now_ms()
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
    altering = servers.write.altering | servers.read.altering
    if altering:
        flags = ", ".join(f"-{name}={value}" for name, value in altering.items())
        yield f"it runs with {flags}"
    if drops:
        yield f"meanwhile it counted what it dropped: {describe_drops(drops)}"
    if queue := server.describe_queue():
        yield f"it has {queue} still to hand on, so that samples may yet arrive"
