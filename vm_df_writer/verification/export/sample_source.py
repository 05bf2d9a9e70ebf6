"""Sample sources: how a server gives back the samples of series, as export lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.export.range_query import lines_of_ranges, range_form
from vm_df_writer.wire.export_lines import split_line
from vm_df_writer.wire.metricsql import exact_selector, moment_text

__all__ = ["ExportSource", "QuerySource", "SampleSource", "source_of"]

# More than a series of ours has in a block, so that only the lines of others are cut.
_MAX_ROWS_PER_LINE = 2**18


class SampleSource(Protocol):
    """What gives the samples of series between two times."""

    def selector(self, labels: Mapping[str, str]) -> str:
        """Return the narrowest selector that matches a label set."""

    def lines(
        self, selectors: Sequence[str], first_ms: int, last_ms: int, *, most_bytes: int
    ) -> Iterator[bytes]:
        """Yield export lines of all series that match one of the selectors, as they come."""


class ExportSource:
    """``/api/v1/export`` of VictoriaMetrics.

    Parameters
    ----------
    client : HttpClient
        Makes the requests.
    endpoint : Endpoint
        Where to read.
    """

    def __init__(self, client: HttpClient, endpoint: Endpoint) -> None:
        self._client = client
        self._url = endpoint.read_url("/api/v1/export")

    def selector(self, labels: Mapping[str, str]) -> str:
        """Return the narrowest selector that matches a label set."""
        return exact_selector(labels)

    def lines(
        self, selectors: Sequence[str], first_ms: int, last_ms: int, *, most_bytes: int
    ) -> Iterator[bytes]:
        """Yield export lines of all series that match one of the selectors, as they come."""
        form = [("match[]", selector) for selector in selectors]
        form.append(("start", moment_text(first_ms)))
        # The server makes milliseconds of these by cutting off, which may take one away; and an
        # old one reads five minutes where start and end are the same.
        form.append(("end", moment_text(last_ms + 1)))
        form.append(("max_rows_per_line", str(_MAX_ROWS_PER_LINE)))
        return self._client.stream_lines(self._url, form, most_bytes=most_bytes)


class QuerySource:
    """``/api/v1/query`` of Prometheus, with a range: one request a selector.

    Parameters
    ----------
    client : HttpClient
        Makes the requests.
    endpoint : Endpoint
        Where to read.
    """

    def __init__(self, client: HttpClient, endpoint: Endpoint) -> None:
        self._client = client
        self._url = endpoint.read_url("/api/v1/query")

    def selector(self, labels: Mapping[str, str]) -> str:
        """Return the narrowest selector that matches a label set."""
        return exact_selector(labels, quotes_names=True)

    def lines(
        self, selectors: Sequence[str], first_ms: int, last_ms: int, *, most_bytes: int
    ) -> Iterator[bytes]:
        """Yield export lines of all series that match one of the selectors, as they come."""
        seen: set[bytes] = set()  # an export has a series once that several selectors match
        for selector in selectors:
            form = range_form(selector, first_ms, last_ms)
            answer = b"".join(self._client.stream_lines(self._url, form, most_bytes=most_bytes))
            for line in lines_of_ranges(answer):
                label_set, _, _ = split_line(line)
                if label_set not in seen:
                    seen.add(label_set)
                    yield line


def source_of(reads_by: str, client: HttpClient, endpoint: Endpoint) -> SampleSource:
    """Return the source of a server that is read back by ``export`` or ``query``."""
    return QuerySource(client, endpoint) if reads_by == "query" else ExportSource(client, endpoint)
