"""ObservedWrite: tells an observer of one write, when it has ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.observer import NULL_OBSERVER, tell_of_spool
from vm_df_writer.model.report import WriteReport
from vm_df_writer.wire.packing import Body

__all__ = ["ObservedWrite"]


class ObservedWrite:
    """The write that goes on in the block; a dry run is none.

    The outermost of the contexts of a write: what it tells comes after everything else, and finds
    the report on whatever is raised.

    Parameters
    ----------
    backend : Backend
        Its observer hears of the write.
    query_key : str
        The query key of what is written.
    dry_run : bool
        Whether nothing is sent.

    Attributes
    ----------
    report : WriteReport or None
        The report of a write that is done.
    """

    def __init__(self, backend: Backend, query_key: str, *, dry_run: bool) -> None:
        self.report: WriteReport | None = None
        self._backend, self._query_key = backend, query_key
        self._is_on = backend.observer is not NULL_OBSERVER and not dry_run
        self._serialize_s = 0.0

    def timed(self, bodies: Iterator[Body]) -> Iterator[Body]:
        """Pass on bodies, and measure how long each takes to be made."""
        return self._timed(bodies) if self._is_on else bodies

    def _timed(self, bodies: Iterator[Body]) -> Iterator[Body]:
        while True:
            started = time.perf_counter()
            try:
                body = next(bodies, None)
            finally:
                self._serialize_s += time.perf_counter() - started
            if body is None:
                return
            yield body

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        """Tell of the write, if anything was to be sent."""
        report = self.report or getattr(error, "report", None)
        if not self._is_on or report is None:
            return
        observer = self._backend.observer
        observer.on_prepared(
            url=self._backend.endpoint.import_url,
            query_key=self._query_key,
            series=report.series,
            serialize_s=self._serialize_s,
        )
        observer.on_write(report)
        if report.spooled and self._backend.spool is not None:
            tell_of_spool(observer, self._backend.spool)
