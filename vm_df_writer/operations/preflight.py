"""Preflight: what is asked and checked before samples are sent, and before a write is foretold."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace

import orjson

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.display.text import format_utc
from vm_df_writer.display.warn import warn_caller
from vm_df_writer.errors import ConfigError, LabelError
from vm_df_writer.frames.given_frame import FrameLike
from vm_df_writer.frames.parse import ParsedFrame, parse_frame
from vm_df_writer.operations.send_plan import SendPlan
from vm_df_writer.server.limits import ServerLimits
from vm_df_writer.server.time_limits import TimeLimits
from vm_df_writer.transport.receiver import Receiver
from vm_df_writer.warning_classes import DroppedWarning, RetentionWarning, TenantLabelWarning

__all__ = ["plan_send", "warn_of_dropped", "warn_of_tenant_labels"]

_log = logging.getLogger(__name__)

# A loss of this share of the samples for one reason is hardly meant.
_LARGE_SHARE = 0.1
_NO_LOSS = ("nan", "exists", "too_old", "too_new")  # of the last two every one is warned of
_REMEDIES = {
    "duplicate": "samples of one series have one time: name what tells them apart with "
    "label_columns=, or pass duplicates='keep' to store all of them",
    "inf": "no server stores an infinity as a plain number: pass inf='keep' to write them all the "
    "same, or inf='error' to refuse them",
    "nat": "their rows have no time: see how the column of times is read",
}

_TENANT_LABELS = ("vm_account_id", "vm_project_id")

# What a receiver takes that may drop a series for a name.
_LABEL_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_METRIC_NAME = re.compile("[A-Za-z_:][A-Za-z0-9_:]*")


def plan_send(backend: Backend, frame: FrameLike, reading: ReadOptions) -> SendPlan:
    """Ask the servers what they store, and read a frame by that.

    Whatever sends a frame, foretells a write or verifies one begins here. A server that does not
    answer is no error: then what it stores is assumed.

    Raises
    ------
    ConfigError
        If the receiver has no such thing as the configuration or a keyword asks for.
    FrameError
        If the frame cannot be read, or the servers would not store its labels.
    """
    config = backend.config
    servers = backend.server.info()
    _check_reading(servers.receiver, config, reading)
    limits = ServerLimits.of(config, servers)
    parsed = parse_frame(
        frame,
        metric_format=config.explicit_metric_format,
        reading=reading,
        limits=limits.labels,
        cache=backend.label_sets,
        is_exact=servers.receiver.is_exact,
    )
    _check_parsed(servers.receiver, parsed)
    return SendPlan(
        parsed=parsed,
        servers=servers,
        limits=replace(limits, times=_beside(limits.times, parsed)),
        wire=backend.client.wire,
        max_bytes=config.batch_max_bytes,
        max_series=config.batch_max_series,
        query_key=reading.query_key or "",
    )


def _check_reading(receiver: Receiver, config: WriterConfig, reading: ReadOptions) -> None:
    """Refuse what only VictoriaMetrics has: tenants in the path, several samples of one time."""
    if receiver.name == "victoria_metrics":
        return
    if config.tenant_id is not None:
        raise ConfigError(
            f"tenant_id: it is a part of the path, which {receiver.title} does not have; name the "
            "tenant by headers=, such as X-Scope-OrgID",
            keyword="tenant_id",
        )
    if reading.duplicates == "keep":
        raise ConfigError(
            f"duplicates: {receiver.title} keeps one sample of each time and drops the others "
            "without a word; choose one by duplicates='last', 'first' or 'max'",
            keyword="duplicates",
        )


def _check_parsed(receiver: Receiver, parsed: ParsedFrame) -> None:
    """Refuse names that a receiver may drop the series for."""
    if not receiver.needs_plain_names:
        return
    metrics = {orjson.loads(label_set)["__name__"] for label_set in parsed.label_sets}
    for what, names, pattern in (
        ("label", parsed.label_names, _LABEL_NAME),
        ("metric", metrics, _METRIC_NAME),
    ):
        if wrong := sorted(name for name in names if not pattern.fullmatch(name)):
            raise LabelError(
                f"{what} {wrong[0]!r}: {receiver.title} takes letters, digits and underscores in a "
                f"name, and may drop the series without a word ({len(wrong)} such names); rename it"
            )


def _beside(limits: TimeLimits, parsed: ParsedFrame) -> TimeLimits:
    """Return the limits that hold once the newest sample of a frame is written."""
    if limits.reach_ms is None:
        return limits
    newest = [int(block.timestamps_ms.max()) for block in parsed.blocks() if block.n_samples]
    return limits.beside(max(newest)) if newest else limits


def warn_of_dropped(dropped: Mapping[str, int], n_samples: int, limits: TimeLimits) -> None:
    """Warn of samples that were left out for their time, or in a large share for another reason.

    A cell without a value (`nan`) is no sample that its owner could miss, nor is one that the
    server has (`exists`).
    """
    for reason, count in dropped.items():
        if reason not in _NO_LOSS and count > _LARGE_SHARE * n_samples:
            warn_caller(
                f"frame: {count:,} of {n_samples:,} samples ({count / n_samples:.0%}) are left out "
                f"as {reason!r}; {_REMEDIES.get(reason, 'the report counts them as dropped')}",
                DroppedWarning,
            )
    for reason, what, edge, limit_ms, remedy in (
        ("too_old", "older", "before", limits.oldest_ms, limits.oldest_remedy),
        ("too_new", "newer", "after", limits.newest_ms, limits.newest_remedy),
    ):
        if n := dropped.get(reason):
            warn_caller(
                f"timestamps: {n:,} samples are {what} than what the server keeps, which drops "
                f"what is {edge} {format_utc(limit_ms)}, and are left out; {remedy} "
                "if you need them",
                RetentionWarning,
            )


def warn_of_tenant_labels(tenant_id: str | None, label_names: frozenset[str]) -> None:
    """Warn, as vmanomaly does, where tenant labels and `tenant_id` do not fit each other.

    A cluster reads the tenant from these labels only at ``/insert/multitenant/``, takes 0 for
    each that is missing, and removes them; elsewhere they are stored as any other label.

    Examples
    --------
    >>> warn_of_tenant_labels("multitenant", frozenset({"vm_account_id", "vm_project_id"}))
    >>> warn_of_tenant_labels("12:30", frozenset({"host"}))
    """
    present = [name for name in _TENANT_LABELS if name in label_names]
    missing = [name for name in _TENANT_LABELS if name not in label_names]
    if tenant_id == "multitenant" and missing:
        _warn(
            f"tenant_id: it is 'multitenant', and the series have no label {_names(missing)}, for "
            "which the server takes 0; add it with labels= or metric_format, or set tenant_id to "
            "the tenant"
        )
    if tenant_id != "multitenant" and present:
        _warn(
            f"tenant_id: it is not 'multitenant', and the series have the label {_names(present)}, "
            "which the server stores as it is and does not choose a tenant by; set tenant_id to "
            "'multitenant', or leave the label out"
        )


def _names(names: list[str]) -> str:
    return " and ".join(map(repr, names))


def _warn(message: str) -> None:
    _log.warning(message)
    warn_caller(message, TenantLabelWarning)
