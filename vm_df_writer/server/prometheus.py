"""What a Prometheus reports of itself, and which samples it takes by that. Pure."""

from __future__ import annotations

import re

import orjson

from vm_df_writer.server.server_info import ServerInfo

__all__ = [
    "WINDOW",
    "program_of",
    "prometheus_info",
    "reach_s_of",
    "retention_of",
    "takes_any_order",
]

# Such as prometheus_build_info{branch="HEAD",...,version="2.53.3"} 1; Mimir calls itself cortex.
_BUILD = re.compile(
    r'^(prometheus|cortex|thanos|greptime\w*)_build_info\{(?:.*,)?version="([^"]*)"', re.MULTILINE
)
_HEAD_MAX = re.compile(r"^prometheus_tsdb_head_max_time ([0-9.e+]+)$", re.MULTILINE)
# The configuration as it is loaded, in milliseconds; newer versions may leave out the former.
_WINDOW = re.compile(r"^ *outofordertimewindow: ([0-9]+)$", re.MULTILINE)
_WINDOW_TEXT = re.compile(r"^ *out_of_order_time_window: ([0-9a-z]+)$", re.MULTILINE)

WINDOW = "out_of_order_time_window"
"""Among the flags, what is set in the configuration: for how long it takes samples in any order."""

_DEFAULT_BLOCK_S = 7200.0
_DEFAULT_RETENTION_S = 15 * 86_400.0


def program_of(metrics: str) -> tuple[str, str] | None:
    r"""Return which program ``/metrics`` is of, if it is one of those, and its version.

    Examples
    --------
    >>> program_of('prometheus_build_info{branch="HEAD",version="2.53.3"} 1\n')
    ('prometheus', '2.53.3')
    """
    found = _BUILD.search(metrics)
    return (found[1], found[2]) if found else None


def prometheus_info(version: str, metrics: str, flags: str, config: str) -> ServerInfo:
    """Return what a Prometheus reports.

    Parameters
    ----------
    version : str
        Its version.
    metrics, flags, config : str
        The texts of ``/metrics``, ``/api/v1/status/flags`` and ``/api/v1/status/config``; empty
        where it does not answer.
    """
    values: dict[str, str] = {"version": version}
    if isinstance(reported := _data(flags), dict):
        values |= reported
    if isinstance(loaded := _data(config), dict):
        values[WINDOW] = _window_of(str(loaded.get("yaml", "")))
    head = _HEAD_MAX.search(metrics)
    return ServerInfo(
        kind="prometheus",
        version=version,
        flags=values,
        head_max_ms=round(float(head[1])) if head else None,
    )


def _data(answer: str) -> object:
    try:
        return orjson.loads(answer).get("data")
    except (orjson.JSONDecodeError, AttributeError):
        return None


def _window_of(config: str) -> str:
    if found := _WINDOW.search(config):
        return f"{found[1]}ms"
    return found[1] if (found := _WINDOW_TEXT.search(config)) else "0"


def reach_s_of(info: ServerInfo) -> float:
    """Return how far before the newest sample of any series a sample may lie, in seconds.

    Without an out-of-order window it is half of the smallest block (an hour), and each series has
    to be in order.

    Examples
    --------
    >>> reach_s_of(ServerInfo(flags={"storage.tsdb.min-block-duration": "2h", WINDOW: "30d"}))
    2592000.0
    """
    block_s = info.seconds("storage.tsdb.min-block-duration") or _DEFAULT_BLOCK_S
    return max(block_s / 2, info.seconds(WINDOW) or 0.0)


def takes_any_order(info: ServerInfo) -> bool:
    """Return whether it takes in any order all that it takes."""
    return (info.seconds(WINDOW) or 0.0) >= reach_s_of(info)


def retention_of(info: ServerInfo) -> float | None:
    """Return for how long it keeps samples, in seconds; None if only their size limits that."""
    for flag in ("storage.tsdb.retention.time", "storage.tsdb.retention"):
        if retention_s := info.seconds(flag):
            return retention_s
    has_size = info.flags.get("storage.tsdb.retention.size", "0B") not in ("", "0", "0B")
    return None if has_size else _DEFAULT_RETENTION_S
