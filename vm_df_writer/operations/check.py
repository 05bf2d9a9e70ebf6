"""ServerCheck: whether a server is there, what it stores, and what we may do."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.content_encoding import understands_zstd
from vm_df_writer.display.html import facts_table
from vm_df_writer.errors import DeliveryError
from vm_df_writer.server.limits import label_limits_of
from vm_df_writer.server.prometheus import retention_of
from vm_df_writer.server.server import ServerPair
from vm_df_writer.server.server_info import describe_flags
from vm_df_writer.server.time_limits import (
    DEFAULT_FUTURE_S,
    DEFAULT_RETENTION_S,
    NEAR_MS,
    future_s_of,
    retention_s_of,
)

__all__ = ["ServerCheck", "check_server"]

_KINDS = {
    "single": "single node",
    "vminsert": "cluster (vminsert)",
    "vmselect": "cluster (vmselect)",
    "vmstorage": "cluster (vmstorage)",
    "prometheus": "Prometheus",
    "cortex": "Mimir or Cortex",
    "thanos": "Thanos",
    "unknown": "does not tell what it is",
}
_NO_SERIES = '{__name__="vm_df_writer_check",never="written"}'


@dataclass(frozen=True, kw_only=True)
class ServerCheck:
    """A server that is there and takes our credentials, and what it tells of itself.

    Attributes
    ----------
    import_url : str
        Where samples are sent to, without credentials.
    elapsed_s : float
        How long the health check and an empty write took.
    kind, version : str, str or None
        ``single``, ``vminsert``, ``vmagent``, ``vmauth``, ``prometheus``, another receiver of
        remote write or ``unknown``, and such as ``v1.150.0``.
    read_kind, read_version : str, str or None
        The same of the server that is read from.
    storages : tuple of str
        The same of the vmstorage nodes that were named.
    retention_s, backfill_s, future_s : float or None
        For how long it keeps samples, how old they may be when they are written if that is less,
        and how far ahead of now it takes them. Of several servers the least.
    max_labels, max_label_name_bytes, max_label_value_bytes : int
        What it stores of labels, as it tells or as it is configured here.
    encodings : tuple of str
        How bodies may be compressed.
    clock_ahead_s : float or None
        By how much its clock is ahead of ours, to about a second.
    refusal : str
        Why it would not store what is written now; empty if it would.
    reading, cache_reset : str
        ``permitted``, or why not.
    deduplication : str or None
        The interval of which it keeps one sample, such as ``1ms``.
    altering : mapping of str to str
        Its flags that make it store something else than it was sent.

    Examples
    --------
    >>> print(ServerCheck(import_url="http://localhost:8428/api/v1/import", elapsed_s=0.002))
    ... # doctest: +ELLIPSIS
    http://localhost:8428/api/v1/import is ready to be written to (2 ms)
    server         does not tell what it is
    retention      not told; 31 days by default
    ...
    """

    import_url: str
    elapsed_s: float
    kind: str = "unknown"
    version: str | None = None
    read_kind: str = "unknown"
    read_version: str | None = None
    storages: tuple[str, ...] = ()
    retention_s: float | None = None
    backfill_s: float | None = None
    future_s: float | None = None
    max_labels: int = 30
    max_label_name_bytes: int = 256
    max_label_value_bytes: int = 4096
    encodings: tuple[str, ...] = ("none", "gzip")
    clock_ahead_s: float | None = None
    refusal: str = ""
    reading: str = "unknown"
    cache_reset: str = "unknown"
    deduplication: str | None = None
    altering: Mapping[str, str] = field(default_factory=dict)

    @property
    def _headline(self) -> str:
        state = "answers, and stores nothing now" if self.refusal else "is ready to be written to"
        return f"{self.import_url} {state} ({self.elapsed_s * 1000:.0f} ms)"

    def _facts(self) -> dict[str, str]:
        server = _name(self.kind, self.version)
        reader = _name(self.read_kind, self.read_version)
        facts = {"server": server if server == reader else f"{server}; reads go to: {reader}"}
        if self.storages:
            facts["storages"] = ", ".join(self.storages)
        facts |= {
            "retention": _days(self.retention_s, DEFAULT_RETENTION_S),
            "future": _days(self.future_s, DEFAULT_FUTURE_S),
            "labels": f"{self.max_labels} per series, "
            f"{self.max_label_name_bytes:,} bytes a name, {self.max_label_value_bytes:,} a value",
            "encodings": ", ".join(self.encodings),
            "clock": _difference(self.clock_ahead_s),
            "writing": self.refusal or "permitted",
            "reading": self.reading,
            "cache reset": self.cache_reset,
        }
        if self.backfill_s is not None:
            facts["backfills"] = f"up to {_days(self.backfill_s, 0)} back (-maxBackfillAge)"
        if self.deduplication:
            facts["deduplication"] = f"one sample per {self.deduplication}"
        if self.altering:
            facts["alters"] = describe_flags(self.altering)
        return facts

    def __repr__(self) -> str:
        """Return one line, for a prompt or a log."""
        return f"<ServerCheck: {self._headline}>"

    def __str__(self) -> str:
        """Return a table of plain text."""
        return "\n".join(
            [self._headline, *(f"{name:<14} {fact}" for name, fact in self._facts().items())]
        )

    def _repr_html_(self) -> str:
        return facts_table(f"vm_df_writer: {self._headline}", self._facts())


def check_server(backend: Backend) -> ServerCheck:
    """Ask a server what it is and what we may do; nothing is stored.

    Raises
    ------
    ServerUnavailable
        If there is no answer.
    ServerRejected
        If the server refuses to be written to.
    """
    config, client = backend.config, backend.client
    known = backend.server.ask()
    started = time.perf_counter()
    backend.server.check_health(known.receiver)
    client.post_import(client.wire.probe, receiver=known.receiver)
    elapsed_s = time.perf_counter() - started
    stores = known.storages or (known.write if known.write.kind == "single" else known.read,)
    labels = label_limits_of(config, known.write, known.read, known.receiver)
    told = [each for each in stores if retention_s_of(each) is not None]
    intervals = {
        each.flags["dedup.minScrapeInterval"]: None
        for each in (*stores, known.read)
        if each.seconds("dedup.minScrapeInterval")
    }
    retentions_s = [config.retention_s, *map(retention_s_of, stores)]
    futures_s = list(map(future_s_of, told))
    if known.receiver.name == "prometheus":
        retentions_s, futures_s = [retention_of(known.write)], [NEAR_MS / 1000]
    return ServerCheck(
        import_url=backend.endpoint.import_url,
        elapsed_s=elapsed_s,
        kind=known.write.kind,
        version=known.write.version,
        read_kind=known.read.kind,
        read_version=known.read.version,
        storages=tuple(_name(each.kind, each.version) for each in known.storages),
        retention_s=_least(retentions_s),
        backfill_s=_least([each.seconds("maxBackfillAge") or None for each in stores]),
        future_s=_least(futures_s),
        max_labels=labels.max_labels,
        max_label_name_bytes=labels.max_name_bytes,
        max_label_value_bytes=labels.max_value_bytes,
        encodings=client.wire.encodings if understands_zstd(client) else client.wire.encodings[:-1],
        clock_ahead_s=known.clock_ahead_s,
        refusal=backend.server.describe_refusal(),
        reading=_try_reading(backend, known.reads_back),
        cache_reset=_may_reset_cache(known, config),
        deduplication=", ".join(intervals) or None,
        altering=known.altering,
    )


def _name(kind: str, version: str | None) -> str:
    return _KINDS.get(kind, kind) + (f" {version}" if version else "")


def _least(found: Iterable[float | None]) -> float | None:
    return min((each for each in found if each is not None), default=None)


def _try_reading(backend: Backend, reads_back: str) -> str:
    """Ask for what verification asks for; there is nothing to be found."""
    if not reads_back:
        return "unknown; samples are read back from VictoriaMetrics and Prometheus alone"
    now = f"{time.time():.3f}"
    asked = [("/api/v1/query", [("query", _NO_SERIES), ("time", now)])]
    if reads_back == "export":
        form = [("match[]", _NO_SERIES), ("start", now), ("end", now)]
        asked.insert(0, ("/api/v1/export", form))
    for path, form in asked:
        try:
            for _ in backend.client.stream_lines(backend.endpoint.read_url(path), form):
                pass
        except DeliveryError as error:
            return str(error)
    return "permitted"


def _may_reset_cache(known: ServerPair, config: WriterConfig) -> str:
    # It is not tried: that would empty the cache.
    facts = known.read
    if known.receiver.name != "victoria_metrics":
        return f"none; {known.receiver.title} keeps no results of queries"
    if not facts.is_known:
        return f"unknown; the server {_KINDS['unknown']}"
    if facts.kind not in ("single", "vmselect"):
        return f"unknown; reads go to: {_KINDS.get(facts.kind, facts.kind)}"
    if "search.resetCacheAuthKey" not in facts.set_flags:
        return "permitted"
    if config.reset_cache_auth_key is None:
        return "refused; set reset_cache_auth_key to the server's -search.resetCacheAuthKey"
    return "with reset_cache_auth_key, which was not tried: that empties the cache"


def _days(told_s: float | None, default_s: float) -> str:
    if told_s is None:
        return f"not told; {default_s / 86_400:g} days by default"
    amount, unit = (told_s / 86_400, "day") if told_s >= 86_400 else (told_s / 3600, "hour")
    if amount != 1:
        unit += "s"
    return f"{round(amount, 2):,g} {unit}" if amount < 1000 else f"{amount:,.0f} {unit}"


def _difference(ahead_s: float | None) -> str:
    if ahead_s is None:
        return "not told"
    if abs(ahead_s) < 1.5:
        return "the same as ours, within a second or so"
    return f"{abs(ahead_s):,.0f} s {'ahead of' if ahead_s > 0 else 'behind'} ours"
