"""The counters of /metrics that move when a server drops what it was sent. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from vm_df_writer.wire.protocol import IMPORT_LINES, WIRES, Wire

__all__ = [
    "count_dropped",
    "count_requests",
    "describe_drops",
    "describe_queue",
    "describe_refusal",
    "moved",
]

# Read errors are none of these: they are answered 400, and one is the writer's probe for zstd.
# Labels that only tell one queue of a vmagent from another are left out, and those counters added.
_DROPPED = re.compile(
    r"""^(
        vm_rows_invalid_total\{type="(?:vmimport|promremotewrite)"\}
      | vm_rows_ignored_total\{reason="[^"]+"\}
      | vm_metrics_with_dropped_labels_total
      | vm_too_long_label_(?:names|values)_total
      | vm_relabel_metrics_dropped_total
      | vm_(?:hourly|daily)_series_limit_rows_dropped_total
      | vm_concurrent_addrows_dropped_rows_total
      | vm_rpc_rows_dropped_on_overload_total
      | vmagent_(?:hourly|daily)_series_limit_rows_dropped_total
      | vmagent_remotewrite_(?:global_)?relabel_metrics_dropped_total
      | vmagent_remotewrite_(?:packets|samples)_dropped_total
      | vm_persistentqueue_blocks_dropped_total
      | vm_indexdb_items_dropped_total\{reason="too_long_item"\}
      | prometheus_tsdb_(?:out_of_order|out_of_bound|too_old)_samples_total(?:\{type="float"\})?
      | prometheus_api_remote_write_invalid_labels_samples_total
    )(?:\{.*\})?[ ]([0-9.e+]+)$""",
    re.MULTILINE | re.VERBOSE,
)
# The path of a vminsert is "/insert/{}/prometheus/api/v1/import": braces end no labels.
_REQUESTS = {
    wire.name: re.compile(
        rf'^(?:(?:vm|vmagent)_http_requests_total\{{.*protocol="{wire.counted_as}"'
        r'|prometheus_http_requests_total\{code="204",handler="/api/v1/write")'
        r"\} ([0-9.e+]+)$",
        re.MULTILINE,
    )
    for wire in WIRES.values()
}
_QUEUED_BYTES = re.compile(
    r"^vmagent_remotewrite_pending_data_bytes\{.*\} ([0-9.e+]+)$", re.MULTILINE
)
_MADE = re.compile(r"^vmagent_remotewrite_block_size_rows_count ([0-9.e+]+)$", re.MULTILINE)
_GONE = re.compile(
    r"^(?:vmagent_remotewrite_packets_dropped_total\{.*|vmagent_remotewrite_requests_total\{.*2XX.*"
    r"|vm_persistentqueue_blocks_dropped_total\{.*)\} ([0-9.e+]+)$",
    re.MULTILINE,
)
_PENDING_ROWS = re.compile(r"^vm_rpc_rows_pending\{.*\} ([0-9.e+]+)$", re.MULTILINE)
_READ_ONLY = re.compile(r"^vm_storage_is_read_only(?:\{.*\})? 1$", re.MULTILINE)
_NODES = re.compile(
    r'^vm_rpc_vmstorage_is_(reachable|read_only)\{.*?addr="([^"]*)".*\} ([01])$', re.MULTILINE
)


def count_dropped(metrics: str) -> Counter[str]:
    r"""Return what the text of ``/metrics`` says was ever dropped, by counter.

    Examples
    --------
    >>> count_dropped(
    ...     'vm_rows_ignored_total{reason="big_timestamp"} 2\nvm_rows{type="indexdb"} 7\n'
    ... )
    Counter({'vm_rows_ignored_total{reason="big_timestamp"}': 2})
    """
    counts: Counter[str] = Counter()
    for counter, value in _DROPPED.findall(metrics):
        counts[counter] += _count_of(value)
    return counts


def count_requests(metrics: str, wire: Wire = IMPORT_LINES) -> int:
    """Return how many requests with bodies of a wire the text of ``/metrics`` counts."""
    return _sum(_REQUESTS[wire.name], metrics)


def describe_queue(metrics: str) -> str:
    """Return what the text of ``/metrics`` says that a vmagent or vminsert has still to hand on.

    A vminsert hands on within a fifth of a second, unless vmstorage nodes do not take it.

    Examples
    --------
    >>> describe_queue("vmagent_remotewrite_block_size_rows_count 2")
    '2 blocks'
    >>> describe_queue('vm_rpc_vmstorage_is_read_only{name="vminsert", addr="10.0.0.1:8400"} 1')
    'samples (1 of 1 vmstorage nodes is unreachable or read-only)'
    >>> describe_queue("vm_rows 1")
    ''
    """
    if queued_bytes := _sum(_QUEUED_BYTES, metrics):
        return f"{queued_bytes:,} bytes"
    # A block being retried is not in the queue. After a restart more blocks can have left than
    # were created.
    n_blocks = _sum(_MADE, metrics) - _sum(_GONE, metrics)
    if n_blocks > 0:
        return f"{n_blocks:,} blocks"
    n_refusing, n_nodes = _count_nodes(metrics)
    n_rows = _sum(_PENDING_ROWS, metrics)
    if not n_refusing or (n_refusing < n_nodes and not n_rows):
        return ""
    what = f"{n_rows:,} samples" if n_rows else "samples"
    return f"{what} ({_describe_nodes(n_refusing, n_nodes)})"


def describe_refusal(metrics: str) -> str:
    """Return why the server would not store what is sent to it now, by the text of ``/metrics``.

    Examples
    --------
    >>> describe_refusal("vm_storage_is_read_only 1")
    'the storage is read-only: see its -storage.minFreeDiskSpaceBytes'
    >>> describe_refusal('vm_rpc_vmstorage_is_reachable{name="vminsert", addr="10.0.0.1:8400"} 0')
    '1 of 1 vmstorage nodes is unreachable or read-only'
    >>> describe_refusal("vm_storage_is_read_only 0")
    ''
    """
    if _READ_ONLY.search(metrics):
        return "the storage is read-only: see its -storage.minFreeDiskSpaceBytes"
    n_refusing, n_nodes = _count_nodes(metrics)
    # What one of them does not take goes to the others.
    return _describe_nodes(n_refusing, n_nodes) if n_refusing and n_refusing == n_nodes else ""


def _count_nodes(metrics: str) -> tuple[int, int]:
    """Return how many vmstorage nodes take nothing, and how many there are."""
    nodes = _NODES.findall(metrics)
    refusing = {addr for state, addr, value in nodes if (state == "reachable") != (value == "1")}
    return len(refusing), len({addr for _, addr, _ in nodes})


def _describe_nodes(n_refusing: int, n_nodes: int) -> str:
    are = "is" if n_refusing == 1 else "are"
    return f"{n_refusing} of {n_nodes} vmstorage nodes {are} unreachable or read-only"


def _sum(pattern: re.Pattern[str], metrics: str) -> int:
    return sum(map(_count_of, pattern.findall(metrics)))


def _count_of(text: str) -> int:
    """Return a count; 0 for what is none, such as an infinity."""
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return 0


def moved(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Return by how much each counter moved, without those that did not.

    Examples
    --------
    >>> moved({"a": 1, "b": 2}, {"a": 1, "b": 5, "c": 1})
    {'b': 3, 'c': 1}
    """
    return dict(Counter(after) - Counter(before))


def describe_drops(drops: Mapping[str, int]) -> str:
    """Return ``vm_relabel_metrics_dropped_total by 3``, or a dash where nothing moved."""
    return ", ".join(f"{counter} by {n:,}" for counter, n in drops.items()) or "-"
