"""Whole series on the server: selected exactly, counted, read and deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.errors import ReplaceError
from vm_df_writer.model.series import FloatArray, IntArray
from vm_df_writer.verification.series_counter import query_slices
from vm_df_writer.wire.count_query import count_form, read_counts
from vm_df_writer.wire.export_lines import series_key
from vm_df_writer.wire.line_block import read_line
from vm_df_writer.wire.metricsql import exact_selector, moment_text

__all__ = ["Selection", "SeriesAccess"]

# From here on the client takes samples. (1.79.5 counts nothing in windows of 57 years and more.)
_FIRST_MS = 31_536_000_000
_MAX_ROWS_PER_LINE = 2**16
_BYTES_PER_SAMPLE = 64  # more than a server writes: a time of 13 digits, a value of 24


@dataclass(frozen=True)
class Selection:
    """Some series, and for each of them what selects it and no other one."""

    label_sets: Sequence[bytes]
    selectors: Sequence[str]


class SeriesAccess:
    """Requests that concern series as a whole.

    Parameters
    ----------
    backend : Backend
        The server.
    """

    def __init__(self, backend: Backend) -> None:
        self._client, self._endpoint = backend.client, backend.endpoint
        self._config, self._timeout_s = backend.config, backend.replacing.request_timeout_s

    def select(self, label_sets: Sequence[bytes], newest_ms: int) -> Selection:
        """Return what matches these series alone: a selector also matches those with more labels.

        Raises
        ------
        ReplaceError
            If there is no such selector.
        """
        labels = [orjson.loads(label_set) for label_set in label_sets]
        ours = {series_key(label_set) for label_set in label_sets}
        selectors = [exact_selector(each) for each in labels]
        others = self._others(selectors, ours, newest_ms)
        if others:
            names = sorted({name for other in others for name in other})
            selectors = [
                exact_selector({**each, **{name: "" for name in names if name not in each}})
                for each in labels
            ]
            if others := self._others(selectors, ours, newest_ms):
                raise ReplaceError(
                    f"no selector tells the series from {orjson.dumps(others[0]).decode()[:300]}, "
                    "which would be deleted too",
                    hint="delete and write them by hand",
                )
        return Selection(label_sets, selectors)

    def count(self, selection: Selection, last_ms: int) -> dict[str, int]:
        """Return how many samples each series has, by `series_key`."""
        counts: dict[str, int] = {}
        url = self._endpoint.read_url("/api/v1/query")
        for some in query_slices(selection.selectors):
            selectors = selection.selectors[some]
            form = count_form(selectors, _FIRST_MS, last_ms, most=2 * len(selectors) + 100)
            answer = self._client.stream_lines(url, form, timeout_s=self._timeout_s)
            counts |= read_counts(b"".join(answer))
        return counts

    def read(
        self, selection: Selection, newest_ms: int, *, first_ms: int = 1000
    ) -> Iterator[tuple[bytes, IntArray, FloatArray]]:
        """Yield the samples of the series from a time on, line by line.

        Raises
        ------
        ReplaceError
            If they cannot be imported as they are.
        """
        of_key = {series_key(label_set): label_set for label_set in selection.label_sets}
        form = [("match[]", selector) for selector in selection.selectors]
        form += [("start", moment_text(first_ms)), ("end", moment_text(newest_ms))]
        form.append(("max_rows_per_line", str(_MAX_ROWS_PER_LINE)))
        url = self._endpoint.read_url("/api/v1/export")
        most_bytes = _BYTES_PER_SAMPLE * self._config.replace_max_samples + 2**27
        for line in self._client.stream_lines(
            url, form, most_bytes=most_bytes, timeout_s=self._timeout_s
        ):
            found, times, values = read_line(line)
            label_set = of_key.get(series_key(found))
            if label_set is None:
                raise ReplaceError(
                    f"the selectors match {found[:300].decode(errors='replace')} too, which has "
                    "just come into being",
                    hint="stop what writes it, and try again",
                )
            if np.isnan(values).any():
                raise ReplaceError(
                    f"{label_set[:300].decode(errors='replace')} holds staleness markers, which "
                    "cannot be imported again: another writer, such as vmagent, has written it",
                    hint="write to series of other labels",
                )
            yield label_set, times, values

    def delete(self, selectors: Sequence[str]) -> None:
        """Delete series."""
        url = self._endpoint.read_url("/api/v1/admin/tsdb/delete_series")
        form = [("match[]", selector) for selector in selectors]
        if self._config.delete_auth_key is not None:
            form.append(("authKey", self._config.delete_auth_key.get_secret_value()))
        self._client.post_form(url, form, timeout_s=self._timeout_s)

    def flush(self) -> None:
        """Make all that the server took visible, soon; also what is to be deleted must be."""
        url = self._endpoint.root_url("/internal/force_flush")
        self._client.get(url, timeout_s=self._timeout_s)

    def _others(
        self, selectors: Sequence[str], ours: set[str], newest_ms: int
    ) -> list[dict[str, Any]]:
        form = [("match[]", selector) for selector in selectors]
        form += [("start", "1"), ("end", moment_text(newest_ms))]
        url = self._endpoint.read_url("/api/v1/series")
        answer = b"".join(self._client.stream_lines(url, form, timeout_s=self._timeout_s))
        found: list[dict[str, Any]] = orjson.loads(answer)["data"]
        return [each for each in found if series_key(orjson.dumps(each)) not in ours]
