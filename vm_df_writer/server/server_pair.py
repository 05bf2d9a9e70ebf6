"""ServerPair: what the servers that are written to and read from reported last."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from vm_df_writer.server.deduplication import KeepOneRule, keep_one_rule_of
from vm_df_writer.server.server_info import IS_VICTORIA_METRICS, ServerInfo
from vm_df_writer.transport.receiver import IMPORTING, Receiver

__all__ = ["ServerPair"]

# Dates have no more than seconds, so that this much tells nothing.
_CLOCK_NOISE_S = 2.0


@dataclass(frozen=True, kw_only=True)
class ServerPair:
    """What the servers told when they were asked last.

    Attributes
    ----------
    write, read : ServerInfo
        The server that is written to, and the one that is read from; often the same.
    clock_ahead_s : float or None
        By how much the clock of the former is ahead of ours, to about a second.
    has_vmui : bool
        Whether the server that is read from has a user interface: some builds have none.
    storages : tuple of ServerInfo
        The vmstorage nodes, as far as they were named.
    receiver : Receiver
        What the answers of the former mean.
    """

    write: ServerInfo = field(default_factory=ServerInfo)
    read: ServerInfo = field(default_factory=ServerInfo)
    clock_ahead_s: float | None = None
    has_vmui: bool = False
    storages: tuple[ServerInfo, ...] = ()
    receiver: Receiver = IMPORTING

    @property
    def altering(self) -> dict[str, str]:
        """The flags by which any of them stores something else than it was sent."""
        altering: dict[str, str] = {}
        for each in (self.write, self.read, *self.storages):
            altering |= each.altering
        return altering

    @property
    def reads_back(self) -> str:
        """By what samples are read back: ``export``, ``query``, or not at all."""
        if self.read.kind in IS_VICTORIA_METRICS:
            return "export"
        return "query" if self.read.kind == "prometheus" else self.receiver.reads_back

    @property
    def shows_all_stored(self) -> bool:
        """Whether the server that is read from is known to show each sample that it stores."""
        tells = "dedup.minScrapeInterval" in self.read.flags
        return tells and self.read.kind in ("single", "vmselect") and self.deduplication() is None

    def now_ms(self) -> int:
        """Return the time of the server's clock."""
        ahead_s = self.clock_ahead_s or 0.0
        if abs(ahead_s) < _CLOCK_NOISE_S:
            ahead_s = 0.0
        return round((time.time() + ahead_s) * 1000)

    def now_range_ms(self) -> tuple[int, int]:
        """Return the times of our clock and of the server's, the earlier one first.

        The date may be that of a proxy. So it must not decide alone about what the server keeps.
        """
        ours_ms, told_ms = round(time.time() * 1000), self.now_ms()
        return min(ours_ms, told_ms), max(ours_ms, told_ms)

    def deduplication(self) -> KeepOneRule | None:
        """Return the intervals of which one sample each is kept, if they are told."""
        return keep_one_rule_of((self.write, self.read, *self.storages), self.now_ms())
