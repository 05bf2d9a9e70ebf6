"""What a server stores and what it would drop without a word, and the check before sending.

Nothing here asks a server.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.frames.labels.limits import LabelLimits
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.server.server import ServerPair
from vm_df_writer.server.server_info import ServerInfo
from vm_df_writer.server.time_limits import (
    NEAR_MS,
    TimeLimits,
    limits_of_prometheus,
    time_limits_of,
)
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.transport.receiver import IMPORTING, Receiver
from vm_df_writer.wire.protocol import WIRES

__all__ = ["ServerLimits", "label_limits_of", "line_limit_of"]

# Of those that are neither VictoriaMetrics nor Prometheus, Mimir keeps the shortest values.
_OTHER_VALUE_BYTES = 2048
_NO_LIMIT = 10**9
_READER_REMEDY = (
    "raise the -retentionPeriod of the server that is read from, or set retention if others keep "
    "samples for longer"
)

_LINE_BYTES = 10 * 2**20  # what new servers take by default; old ones take more


def label_limits_of(
    config: WriterConfig, write: ServerInfo, read: ServerInfo, receiver: Receiver = IMPORTING
) -> LabelLimits:
    """Return what the servers store of labels.

    A server that stores reports its limits, and stricter configured ones win. Before a server that
    passes samples on, the limits of the server that is read from hold, and configured ones win.
    Without a report the configured limits hold; by default they are what all versions store.
    Prometheus has no limits of its own.

    Parameters
    ----------
    config : WriterConfig
        Its `max_labels`, `max_label_name_bytes` and `max_label_value_bytes`.
    write, read : ServerInfo
        The servers that are written to and read from.
    receiver : Receiver
        The kind of server that is written to.

    Examples
    --------
    >>> config = WriterConfig(datasource_url="http://localhost:8428")
    >>> single = ServerInfo(kind="single", flags={"maxLabelsPerTimeseries": "40"})
    >>> label_limits_of(config, single, single).max_labels
    40
    """
    stores = write.kind in ("single", "vminsert")
    limits: dict[str, int] = {}
    for field, key, flag in (
        ("max_labels", "max_labels", "maxLabelsPerTimeseries"),
        ("max_name_bytes", "max_label_name_bytes", "maxLabelNameLen"),
        ("max_value_bytes", "max_label_value_bytes", "maxLabelValueLen"),
    ):
        configured: int = getattr(config, key)
        told = write.number(flag) if stores else read.number(flag)
        if receiver.name == "prometheus":
            told = _NO_LIMIT
        elif receiver.name != "victoria_metrics" and key == "max_label_value_bytes":
            told = _OTHER_VALUE_BYTES
        if told is None:
            limits[field] = configured
        elif key not in config.model_fields_set:
            limits[field] = told
        else:
            limits[field] = min(told, configured) if stores else configured
    return LabelLimits(**limits, choose_tenant=Endpoint.of(config).choose_tenant)


def line_limit_of(facts: ServerInfo) -> int:
    """Return how many bytes a line may have; a server answers 400 to a longer one.

    Examples
    --------
    >>> line_limit_of(ServerInfo()), line_limit_of(ServerInfo(flags={"import.maxLineLen": "9KB"}))
    (10485760, 9000)
    """
    return facts.size("import.maxLineLen") or _LINE_BYTES


def _times_of(config: WriterConfig, servers: ServerPair) -> TimeLimits:
    if servers.receiver.name == "prometheus":
        return limits_of_prometheus(servers.write, servers.now_ms())
    hands_on = servers.write.kind != "single" and not servers.storages
    # It may hand on to others than the one that is read from: a configured retention is theirs.
    from_reader = hands_on and servers.read.kind == "single" and config.retention_s is None
    limits = time_limits_of(
        servers.write,
        *servers.now_range_ms(),
        storages=[servers.read] if from_reader else servers.storages,
        retention_s=config.retention_s,
    )
    if from_reader:
        limits = replace(limits, oldest_remedy=_READER_REMEDY)
    if servers.receiver.name != "victoria_metrics":  # what Mimir, Cortex and Thanos refuse
        return replace(
            limits,
            newest_ms=servers.now_ms() + NEAR_MS,
            newest_remedy="write them when their time has come",
        )
    return limits


def request_limit_of(info: ServerInfo) -> int:
    """Return how many bytes a body of remote write may have before compression."""
    return info.size("maxInsertRequestSize") or WIRES["remote_write"].max_chunk_bytes


@dataclass(frozen=True, kw_only=True)
class ServerLimits:
    """What the servers store, as far as it is known before anything is sent.

    Attributes
    ----------
    labels : LabelLimits
        How many labels, and how long.
    times : TimeLimits
        Between which times.
    max_line_bytes : int
        How long an import line may be, or a body of remote write.
    are_reported : bool
        False if no server reported anything, so that all of it is assumed.

    Examples
    --------
    >>> config = WriterConfig(datasource_url="http://localhost:8428")
    >>> limits = ServerLimits.of(config, ServerPair())
    >>> limits.labels.max_labels, limits.times, limits.are_reported
    (30, TimeLimits(oldest_ms=None, newest_ms=None), False)
    """

    labels: LabelLimits
    times: TimeLimits
    max_line_bytes: int
    are_reported: bool

    @classmethod
    def of(cls, config: WriterConfig, servers: ServerPair) -> Self:
        """Return the limits that follow from a configuration and from what servers reported."""
        return cls(
            labels=label_limits_of(config, servers.write, servers.read, servers.receiver),
            times=_times_of(config, servers),
            max_line_bytes=line_limit_of(servers.write)
            if config.protocol == "import"
            else request_limit_of(servers.write),
            are_reported=servers.write.is_known or servers.read.is_known,
        )

    def describe_loss(self, counts: SampleCounts) -> str | None:
        """Say what the servers would not store of lines that are already formatted.

        A frame is checked before it is formatted. This is for lines of another time, or of another
        server's limits.

        Returns
        -------
        str or None
            The reason and what to do; None if the servers store all of it.

        Examples
        --------
        >>> config = WriterConfig(datasource_url="http://localhost:8428", max_labels=1)
        >>> import numpy as np
        >>> counts = SampleCounts([b'{"__name__":"y","host":"a"}'], *np.array([[1], [60], [70]]))
        >>> limits = ServerLimits.of(config, ServerPair())
        >>> print(limits.describe_loss(counts))  # doctest: +ELLIPSIS
        labels: '{"__name__":"y","host":"a"}' has 2 labels, and the server keeps 1; raise ...
        """
        for label_set in dict.fromkeys(counts.label_sets):
            if excess := self.labels.describe_excess(label_set):
                return f"labels: {label_set[:80].decode(errors='replace')!r} has {excess}"
        return self.times.describe_excess(counts)
