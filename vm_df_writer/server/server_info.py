"""Server: what the servers that are written to and read from tell, asked when it is needed."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.display.text import describe_seconds
from vm_df_writer.errors import DeliveryError, ServerRejected, ServerUnavailable
from vm_df_writer.server.deduplication import KeepOneRule, keep_one_rule_of
from vm_df_writer.server.drop_counters import (
    count_dropped,
    count_requests,
    describe_queue,
    describe_refusal,
)
from vm_df_writer.server.flags import ServerInfo, info_from_flags, info_from_metrics
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint

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
# Dates have no more than seconds, so that this much tells nothing.
_CLOCK_NOISE_S = 2.0
# A date that is further from ours than this is hardly one of now.
_MOST_AHEAD_S = 86_400.0


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
    """

    write: ServerInfo = field(default_factory=ServerInfo)
    read: ServerInfo = field(default_factory=ServerInfo)
    clock_ahead_s: float | None = None
    has_vmui: bool = False
    storages: tuple[ServerInfo, ...] = ()

    @property
    def altering(self) -> dict[str, str]:
        """The flags by which any of them stores something else than it was sent."""
        altering: dict[str, str] = {}
        for each in (self.write, self.read, *self.storages):
            altering |= each.altering
        return altering

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
        Its `reset_cache_auth_key`.
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
        self._server_info = ServerPair()
        self._asked_at: float | None = None
        self._has_vmui: dict[str | None, bool] = {}  # by version

    def info(self) -> ServerPair:
        """Return what the servers report, asking them at most once a minute."""
        if self._asked_at is None or self._clock() - self._asked_at > _ASKED_EVERY_S:
            return self.ask()
        return self._server_info

    def ask(self) -> ServerPair:
        """Ask the servers now, and return what they report.

        What a server reported before holds until it reports something else: a server that is
        slow once, or whose proxy refuses once, drops the same samples as before.
        """
        now, known = self._clock(), self._server_info
        facts = {self._endpoint.read_root: known.read, self._endpoint.write_root: known.write}
        ahead_s, self._asked_at = known.clock_ahead_s, None
        with suppress(ServerUnavailable):
            for root, before in facts.items():
                reported = self._read_facts(root)
                facts[root] = reported if reported.is_known else before
            compared_s = self._compare_clocks()
            ahead_s = known.clock_ahead_s if compared_s is None else compared_s
            self._asked_at = now
        known_of = dict(zip(self._endpoint.storage_roots, known.storages, strict=False))
        self._server_info = ServerPair(
            write=facts[self._endpoint.write_root],
            read=facts[self._endpoint.read_root],
            clock_ahead_s=ahead_s,
            has_vmui=self._finds_vmui(facts[self._endpoint.read_root].version),
            storages=tuple(
                self._read_storage(root, known_of.get(root, ServerInfo()))
                for root in self._endpoint.storage_roots
            ),
        )
        return self._server_info

    def count(self) -> DropCounts | None:
        """Return the counters of the servers; None if none of them can be read."""
        try:
            texts = [text for root in self._roots if (text := self._get(root, "/metrics"))]
        except ServerUnavailable:
            return None
        if not texts:
            return None
        dropped = sum((count_dropped(text) for text in texts), Counter())
        return DropCounts(dropped, count_requests(texts[0]))

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
        try:
            reported = self._read_facts(root)
        except ServerUnavailable:
            return known
        return reported if reported.is_known else known

    def _read_facts(self, root: str) -> ServerInfo:
        facts = info_from_metrics(self._get(root, "/metrics"))
        return facts if facts.is_known else info_from_flags(self._get(root, "/flags"))

    def _get(self, root: str, path: str) -> str:
        """Return a text of a server, or nothing if it does not tell."""
        try:
            return self._client.get(root + path).decode(errors="replace")
        except ServerRejected:
            return ""

    def _finds_vmui(self, version: str | None) -> bool:
        """Ask for the user interface, once for each version of a server."""
        url = self._endpoint.vmui_base
        if url is None or self._asked_at is None:  # without an answer so far there will be none
            return False
        if version not in self._has_vmui:
            try:
                self._has_vmui[version] = bool(self._client.get(url))
            except ServerRejected:
                self._has_vmui[version] = False
            except ServerUnavailable:
                return False
        return self._has_vmui[version]

    def _compare_clocks(self) -> float | None:
        began = time.time()
        try:
            date = self._client.check_health()
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
