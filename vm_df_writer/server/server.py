"""Server: what the servers that are written to and read from tell, asked when it is needed."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.display.text import describe_seconds
from vm_df_writer.errors import DeliveryError, ServerRejected, ServerUnavailable
from vm_df_writer.server.drop_counters import (
    count_dropped,
    count_requests,
    describe_queue,
    describe_refusal,
)
from vm_df_writer.server.prometheus import program_of, prometheus_info
from vm_df_writer.server.receivers import find_receiver
from vm_df_writer.server.server_info import ServerInfo, info_from_flags, info_from_metrics
from vm_df_writer.server.server_pair import ServerPair
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.transport.receiver import IMPORTING, OTHER, Receiver
from vm_df_writer.wire.protocol import IMPORT_LINES

__all__ = ["DropCounts", "Server", "ServerPair"]

_log = logging.getLogger(__name__)

_RESET_PATH = "/internal/resetRollupResultCache"
# A wrong key is answered 401, by old servers 422.
_RESET_REMEDIES = dict.fromkeys(
    (401, 403, 422), "set reset_cache_auth_key to the server's -search.resetCacheAuthKey"
)
_OTHER_READER = (
    "let the proxy in between route this path, or set query_url to the server that is read from"
)
_ASKED_EVERY_S = 60.0
# A date that is further from ours than this is hardly one of now.
_MOST_AHEAD_S = 86_400.0


@dataclass(frozen=True)
class DropCounts:
    """What the servers' counters say at one moment.

    Attributes
    ----------
    dropped : Counter of str
        What was ever dropped, by counter.
    n_requests : int
        Requests to the import endpoint.
    """

    dropped: Counter[str]
    n_requests: int


class Server:
    """Asks the servers about themselves.

    What they do not tell is not known, and no error.

    Parameters
    ----------
    client : HttpClient
        Who asks.
    endpoint : Endpoint
        Where.
    config : WriterConfig
        Its `reset_cache_auth_key` and `health_path`.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        client: HttpClient,
        endpoint: Endpoint,
        config: WriterConfig,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._client = client
        self._endpoint = endpoint
        roots = [endpoint.write_root, endpoint.read_root, *endpoint.storage_roots]
        self._roots = dict.fromkeys(roots)
        self._reset_key = config.reset_cache_auth_key
        self._has_health_path = "health_path" in config.model_fields_set
        careful = IMPORTING if client.wire is IMPORT_LINES else OTHER
        self._server_info = ServerPair(receiver=careful)
        self._asked_at: float | None = None
        self._has_vmui: dict[str | None, bool] = {}  # by version

    def info(self) -> ServerPair:
        """Return what the servers report, asking them at most once a minute.

        A Prometheus is always asked: how old samples may be changes with each that it stores.
        """
        known = self._server_info
        if self._asked_at is None or self._clock() - self._asked_at > _ASKED_EVERY_S:
            return self.ask()
        return self.ask() if known.write.kind == "prometheus" else known

    def ask(self) -> ServerPair:
        """Ask the servers now, and return what they report.

        What a server reported before holds until it reports something else: a server that is
        slow once, or whose proxy refuses once, drops the same samples as before.
        """
        now, known = self._clock(), self._server_info
        asked_at: float | None = None
        facts = {self._endpoint.read_root: known.read, self._endpoint.write_root: known.write}
        ahead_s, receiver = known.clock_ahead_s, known.receiver
        with suppress(ServerUnavailable):
            for root, before in facts.items():
                facts[root] = self._read_facts(root, before)
            write = facts[self._endpoint.write_root]
            receiver = find_receiver(self._client, self._endpoint, write)
            compared_s = self._compare_clocks(receiver)
            ahead_s = known.clock_ahead_s if compared_s is None else compared_s
            asked_at = now
        known_of = dict(zip(self._endpoint.storage_roots, known.storages, strict=False))
        read = facts[self._endpoint.read_root]
        reported_now = ServerPair(
            write=facts[self._endpoint.write_root],
            read=read,
            clock_ahead_s=ahead_s,
            has_vmui=asked_at is not None and self._finds_vmui(read.version),
            storages=tuple(
                self._read_storage(root, known_of.get(root, ServerInfo()))
                for root in self._endpoint.storage_roots
            ),
            receiver=receiver,
        )
        # In this order: another thread must not take what was known before for what is known now.
        self._server_info = reported_now
        self._asked_at = asked_at
        return reported_now

    def check_health(self, receiver: Receiver) -> datetime | None:
        """Ask the server whether it is there, if it has a page for that.

        Returns
        -------
        datetime or None
            The time of its clock, to the second; None if it does not tell.
        """
        if self._has_health_path or receiver.health_path == "/health":
            return self._client.check_health()
        if not receiver.health_path:
            return None
        return self._client.check_health(self._endpoint.write_root + receiver.health_path)

    def count(self) -> DropCounts | None:
        """Return the counters of the servers; None if none of them can be read."""
        try:
            texts = [text for root in self._roots if (text := self._get(root, "/metrics"))]
        except ServerUnavailable:
            return None
        if not texts:
            return None
        dropped = sum((count_dropped(text) for text in texts), Counter())
        return DropCounts(dropped, count_requests(texts[0], self._client.wire))

    def describe_queue(self) -> str:
        """Return what a vmagent or vminsert has taken and not handed on, if it reports that."""
        if self.info().write.kind not in ("vmagent", "vminsert"):
            return ""
        try:
            return describe_queue(self._get(self._endpoint.write_root, "/metrics"))
        except ServerUnavailable:
            return ""

    def describe_refusal(self) -> str:
        """Return why what is written now would not be stored, if a server reports that."""
        refusals = []
        for root in (self._endpoint.write_root, *self._endpoint.storage_roots):
            with suppress(ServerUnavailable):
                refusals.append(describe_refusal(self._get(root, "/metrics")))
        return "; ".join(dict.fromkeys(filter(None, refusals)))

    def reset_cache(self, settle: Callable[[], object]) -> bool:
        """Make the server forget the graphs that it computed; return whether it did.

        Parameters
        ----------
        settle : callable
            Waits until what was acknowledged can be read. Graphs that are computed anew before
            lack it, and are cached.
        """
        # What is handed on arrives later than at once.
        if not self._client.flush() or self.info().write.kind in ("vmagent", "vminsert"):
            settle()
        params = {"propagate": "1"}  # from one vmselect to the others, which older ones ignore
        if self._reset_key:
            params["authKey"] = self._reset_key.get_secret_value()
        url = self._endpoint.root_url(_RESET_PATH)
        try:
            self._client.get(url, params)
        except DeliveryError as error:
            # Not its text, in which a server may repeat the key.
            status, remedy = "no answer", _OTHER_READER
            if isinstance(error, ServerRejected):
                status = f"answered {error.status}"
                remedy = _RESET_REMEDIES.get(error.status, _OTHER_READER)
            _log.warning("reset_cache: %s: %s; %s", url, status, remedy)
            return False
        return True

    def _read_storage(self, root: str, known: ServerInfo) -> ServerInfo:
        with suppress(ServerUnavailable):
            return self._read_facts(root, known)
        return known

    def _read_facts(self, root: str, known: ServerInfo) -> ServerInfo:
        """Return what a server reports; what it did before, where that is nothing."""
        metrics = self._get(root, "/metrics")
        facts = info_from_metrics(metrics)
        if facts.is_known:
            return facts
        if (found := program_of(metrics)) is None:
            facts = info_from_flags(self._get(root, "/flags"))
            return facts if facts.is_known else known
        program, version = found
        if program != "prometheus":
            return ServerInfo(kind=program, version=version, flags={"version": version})
        flags = self._get(root, "/api/v1/status/flags")
        return prometheus_info(version, metrics, flags, self._get(root, "/api/v1/status/config"))

    def _get(self, root: str, path: str) -> str:
        """Return a text of a server, or nothing if it does not tell."""
        try:
            return self._client.get(root + path).decode(errors="replace")
        except ServerRejected:
            return ""

    def _finds_vmui(self, version: str | None) -> bool:
        """Ask for the user interface, once for each version of a server."""
        url = self._endpoint.vmui_base
        if url is None:
            return False
        if version not in self._has_vmui:
            try:
                self._has_vmui[version] = bool(self._client.get(url))
            except ServerRejected:
                self._has_vmui[version] = False
            except ServerUnavailable:
                return False
        return self._has_vmui[version]

    def _compare_clocks(self, receiver: Receiver) -> float | None:
        began = time.time()
        try:
            date = self.check_health(receiver)
        except ServerRejected:
            return None
        if date is None:
            return None
        # The date is cut to its second: half of one later is the best guess.
        ahead_s = date.timestamp() + 0.5 - (began + time.time()) / 2
        if abs(ahead_s) <= _MOST_AHEAD_S:
            return ahead_s
        _log.warning(
            "clock: the date in the answer of %s is %s from ours, and is not taken for the server's"
            " time; correct its clock, ours, or that of a proxy in between",
            self._endpoint.health_url,
            describe_seconds(abs(ahead_s)),
        )
        return None
