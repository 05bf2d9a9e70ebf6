"""FrameReader: the half of the facade that reads; each method is one call into operations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from vm_df_writer.config.read_options import (
    READING_KEYWORDS,
    ROLE_KEYWORDS,
    DuplicatesPolicy,
    FrameLayout,
    ReadingKeywords,
    ReadOptions,
    RoleKeywords,
)
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.display.keywords import spelled_out
from vm_df_writer.display.tracebacks import shortened
from vm_df_writer.errors import VmDfWriterError
from vm_df_writer.frames.given_frame import FrameLike
from vm_df_writer.model.receipt import Receipt
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.verification import Verification
from vm_df_writer.operations.queries.diff import diff_frame
from vm_df_writer.operations.queries.query import QueryStep, query_frame, query_range_frame
from vm_df_writer.operations.queries.read import Selection, read_frame
from vm_df_writer.operations.receipts.verify_receipt import verify_receipt
from vm_df_writer.operations.verify import verify_frame
from vm_df_writer.reading.backends import FrameBackend
from vm_df_writer.reading.frame_shape import FrameShape
from vm_df_writer.reading.time_points import TimePoint

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FrameReader"]


@shortened(VmDfWriterError)
class FrameReader:
    """Reads what a server holds, as frames that a writer takes again."""

    _backend: Backend

    @spelled_out(ROLE_KEYWORDS)
    def read(
        self,
        match: Selection | None = None,
        *,
        like: FrameLike | WriteReport | None = None,
        start: TimePoint | None = None,
        end: TimePoint | None = None,
        layout: FrameLayout = "wide",
        backend: FrameBackend = "pandas",
        duplicates: DuplicatesPolicy = "last",
        **reading: Unpack[RoleKeywords],
    ) -> Any:
        """Return the exact samples that the server holds of some series.

        What was written is read back as it was: `writer.read(like=frame, **reading)` is the frame,
        in the order of its series and times, without what was dropped, within the digits that the
        server keeps.

        Parameters
        ----------
        match : str or sequence of str, optional
            What selects the series, such as ``'{job="node"}'``; several selectors add up.
        like : DataFrame, Series or WriteReport, optional
            In place of `match`: what was written. Each series is read from its first to its last
            sample, unless `start` or `end` say otherwise.
        start, end : str, int, datetime, Timestamp or datetime64, optional
            Between which times, both included. Text is ISO 8601, a number epoch milliseconds; what
            names no zone is in `naive_tz`, or UTC.
        layout : str, default "wide"
            ``"wide"``: a row for each time, a column for each series. They are a MultiIndex of the
            labels; where series differ in one label alone, that is their name. ``"long"``: columns
            of time and labels, and one for each variable. ``"melted"``: one column of variables and
            one of values.
        backend : str, default "pandas"
            ``"pandas"``, ``"polars"`` (a DataFrame) or ``"arrow"`` (a pyarrow table). The last two
            have no levels of columns: a wide frame names them as series, ``y{host="a"}``.
        duplicates : str, default "last"
            Which sample stays where a series has several at one time: ``"last"`` and ``"first"`` in
            the order of the server, ``"max"``, ``"error"``, or ``"keep"`` for all of them, in rows
            of their own. Where values differ and one is chosen, there is a warning.
        **reading
            How `like` is read, as for `write`. Labels that `labels=` or `query_key=` give are then
            in no column. `time`, `var_level`, `query_key_level`, `variable_column` and
            `value_column` also name what is returned.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            Times are in UTC, or in the zone of `like`, to the millisecond; labels in columns are
            categories. The labels are those of the frame that was written: `metric_format` is read
            backwards. If not all series fit that, labels stand as
            they are stored, with ``__name__`` in place of the variable. The keywords with which
            `write` stores a pandas frame as the same series are in ``attrs["reading"]``.

        Raises
        ------
        FrameError
            If a keyword, a time or `like` cannot be read, or a label is called as another column.
        DeliveryError
            If the server cannot be read.

        Notes
        -----
        The server is asked to flush its buffers first. Where it does not do that for us, samples of
        the last seconds may be missing; `write` with `verify=True` waits for them.
        """
        options = ReadOptions.of(duplicates=duplicates, **reading)
        shape = FrameShape.of(layout, backend, options)
        return read_frame(self._backend, match, like, options, shape, start=start, end=end)

    @spelled_out(READING_KEYWORDS)
    def verify(
        self,
        frame: FrameLike,
        *,
        count_only: bool = False,
        **reading: Unpack[ReadingKeywords],
    ) -> Verification:
        """Say whether the server keeps a frame that was written before; nothing is sent.

        Parameters
        ----------
        frame : DataFrame or Series
            As for `write`.
        count_only : bool
            Compare numbers of samples, and read back only the series of which they differ.
        **reading
            As for `write`.

        Raises
        ------
        DeliveryError
            If the server cannot be read.
        VerificationError
            If it does not; its `verification` says how much.
        """
        return verify_frame(self._backend, frame, ReadOptions.of(**reading), count_only=count_only)

    def verify_receipt(self, receipt: Receipt | str | Path) -> Verification:
        """Say whether the server keeps what a receipt, or its file, tells of, as :meth:`verify`."""
        return verify_receipt(self._backend, receipt)

    @spelled_out(READING_KEYWORDS)
    def diff(self, frame: FrameLike, **reading: Unpack[ReadingKeywords]) -> pd.DataFrame:
        """Return a row for each sample of which the server holds other than a frame says.

        What :meth:`verify` counts, this names. Samples that are missing are looked for again until
        patience ends, as there.

        Parameters
        ----------
        frame : DataFrame or Series
            As for `write`.
        **reading
            As for `write`.

        Returns
        -------
        DataFrame
            A column for each label, as it is stored; `time` in UTC; `difference`; and the values
            that were `sent` and `stored`, NaN where there is none. A difference is ``missing``;
            ``conflicting``, another value at the time of one that was sent; ``copied``, the same
            value once more; or ``foreign``, at a time that is not the frame's, between the first
            and the last sample of a series. Empty if the server holds the frame and nothing else.

        Raises
        ------
        FrameError
            If the frame cannot be read.
        DeliveryError
            If the server cannot be read.
        """
        return diff_frame(self._backend, frame, ReadOptions.of(**reading))

    def query(
        self,
        expr: str,
        time: TimePoint | None = None,
        *,
        layout: FrameLayout = "wide",
        backend: FrameBackend = "pandas",
    ) -> Any:
        """Return what an expression of MetricsQL gives at one time.

        Parameters
        ----------
        expr : str
            The expression, such as ``'max_over_time(anomaly_score[1h])'``.
        time : str, int, datetime, Timestamp or datetime64, optional
            When; now by the clock of the server if left out.
        layout, backend : str
            As for :meth:`read`; the frame has one row for each time.

        Raises
        ------
        DeliveryError
            If the server cannot be read, or does not understand the expression.
        """
        shape = FrameShape.of(layout, backend, ReadOptions())
        return query_frame(self._backend, expr, time, shape)

    def query_range(
        self,
        expr: str,
        start: TimePoint,
        end: TimePoint,
        step: QueryStep,
        *,
        layout: FrameLayout = "wide",
        backend: FrameBackend = "pandas",
    ) -> Any:
        """Return what an expression of MetricsQL gives at times that lie a step apart.

        Parameters
        ----------
        expr : str
            The expression.
        start, end : str, int, datetime, Timestamp or datetime64
            The first time, and the last one.
        step : str, float or timedelta
            A duration such as ``"1m"``, or seconds.
        layout, backend : str
            As for :meth:`read`.

        Raises
        ------
        DeliveryError
            If the server cannot be read, or does not understand the expression.
        """
        shape = FrameShape.of(layout, backend, ReadOptions())
        return query_range_frame(self._backend, expr, start, end, step, shape)

    def close(self) -> None:
        """Close the connections; the writer opens new ones when it is used again."""
        self._backend.client.close()

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()
