"""How a server gives back the samples of series: as export lines, whatever it is asked by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.export.range_query import lines_of_ranges, range_form
from vm_df_writer.wire.export_lines import split_line
from vm_df_writer.wire.metricsql import moment_text

__all__ = ["lines_of_export", "lines_of_queries"]

# More than a series of ours has in a block, so that only the lines of others are cut.
_MAX_ROWS_PER_LINE = 2**18


def lines_of_export(
    client: HttpClient,
    endpoint: Endpoint,
    selectors: Sequence[str],
    first_ms: int,
    last_ms: int,
    *,
    most_bytes: int,
) -> Iterator[bytes]:
    """Yield what ``/api/v1/export`` of VictoriaMetrics has of what matches one of the selectors."""
    form = [("match[]", selector) for selector in selectors]
    form.append(("start", moment_text(first_ms)))
    # The server makes milliseconds of these by cutting off, which may take one away; and an old
    # one reads five minutes where start and end are the same.
    form.append(("end", moment_text(last_ms + 1)))
    form.append(("max_rows_per_line", str(_MAX_ROWS_PER_LINE)))
    return client.stream_lines(endpoint.read_url("/api/v1/export"), form, most_bytes=most_bytes)


def lines_of_queries(
    client: HttpClient,
    endpoint: Endpoint,
    selectors: Sequence[str],
    first_ms: int,
    last_ms: int,
    *,
    most_bytes: int,
) -> Iterator[bytes]:
    """Yield the same of ``/api/v1/query`` of Prometheus, with a range: one request a selector."""
    url = endpoint.read_url("/api/v1/query")
    seen: set[bytes] = set()  # an export has a series once that several selectors match
    for selector in selectors:
        form = range_form(selector, first_ms, last_ms)
        answer = b"".join(client.stream_lines(url, form, most_bytes=most_bytes))
        for line in lines_of_ranges(answer):
            label_set, _, _ = split_line(line)
            if label_set not in seen:
                seen.add(label_set)
                yield line
