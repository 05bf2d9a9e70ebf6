"""The servers that pages of docs/ write to, each started when a page first names it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

__all__ = ["PageServers"]


class PageServers:
    """Servers behind the addresses that pages name, such as ``http://localhost:8428``.

    Parameters
    ----------
    starts : mapping of int to callable
        By port, what starts a server and returns its URL.
    """

    def __init__(self, starts: Mapping[int, Callable[[], str]]) -> None:
        self._starts = starts
        self._urls: dict[int, str] = {}

    def url(self, port: int) -> str:
        """Return where the server of a port really is."""
        if port not in self._urls:
            self._urls[port] = self._starts[port]()
        return self._urls[port]

    def real(self, text: str) -> str:
        """Return a text with the addresses of the servers that run here."""
        ports = "|".join(map(str, self._starts))

        def address(found: re.Match[str]) -> str:
            url = self.url(int(found[2]))
            return url if found[1] else url.partition("://")[2]

        return re.sub(rf"(https?://)?\blocalhost:({ports})\b", address, text)

    def written(self, text: str) -> str:
        """Return a text with the addresses that a page shows."""
        for port, url in self._urls.items():
            text = text.replace(url, f"{url.partition(':')[0]}://localhost:{port}")
        return text
