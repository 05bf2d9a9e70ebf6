"""``import vm_df_writer.accessor`` gives pandas frames and series, and those of polars, `.vm`.

Examples
--------
>>> import pandas as pd
>>> import vm_df_writer.accessor
>>> index = pd.date_range("2026-01-01", periods=2, freq="1min", tz="UTC")
>>> scores = pd.DataFrame({"anomaly_score": [0.1, 2.5]}, index=index)
>>> scores.vm.write("http://localhost:8428", dry_run=True)
<WriteReport: wide, 0 samples of 1 series acknowledged, 0 dropped, 2 UNDELIVERED>
>>> len(b"".join(scores.vm.to_import_lines(labels={"job": "node"})))
115
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any, TypeVar

import pandas as pd

from vm_df_writer.default_writer import default_writer
from vm_df_writer.display.tracebacks import shortened
from vm_df_writer.errors import VmDfWriterError
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.verification import Verification
from vm_df_writer.operations.preview import Preview
from vm_df_writer.operations.to_import_lines import to_import_lines
from vm_df_writer.writer import VmWriter

__all__ = ["FrameAccessor"]

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _as(method: Callable[..., Any], *, takes_writer: bool = True) -> Callable[[_Method], _Method]:
    """Give a method the signature of another one, whose frame is that of the accessor."""

    def decorate(own: _Method) -> _Method:
        kept = [*inspect.signature(own).parameters.values()][: 1 + takes_writer]
        theirs = inspect.signature(method)
        keywords = [p for p in theirs.parameters.values() if p.kind is p.KEYWORD_ONLY]
        keywords = [p for p in keywords if p.name != "like"]
        signature = theirs.replace(parameters=[*kept, *keywords])
        own.__signature__ = signature  # type: ignore[attr-defined]
        return own

    return decorate


@shortened(VmDfWriterError)
class FrameAccessor:
    """What :class:`VmWriter` does, as methods of a frame.

    `writer` is a :class:`VmWriter`, the URL of a server, or left out: then it is the one of
    :func:`vm_df_writer.set_default`, or else of the environment, as `VmWriter.from_env` reads it.
    All other keywords are those of the methods of the writer.
    """

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    @_as(VmWriter.write)
    def write(self, writer: VmWriter | str | None = None, **keywords: Any) -> WriteReport:
        """Write the frame; see :meth:`VmWriter.write`."""
        report: WriteReport = _call(writer, "write", self._frame, keywords)
        return report

    @_as(VmWriter.preview)
    def preview(self, writer: VmWriter | str | None = None, **keywords: Any) -> Preview:
        """Tell how the frame would be read and what would be sent; see `VmWriter.preview`."""
        preview: Preview = _call(writer, "preview", self._frame, keywords)
        return preview

    @_as(VmWriter.verify)
    def verify(self, writer: VmWriter | str | None = None, **keywords: Any) -> Verification:
        """Say whether the server keeps the frame; see :meth:`VmWriter.verify`."""
        verification: Verification = _call(writer, "verify", self._frame, keywords)
        return verification

    @_as(VmWriter.diff)
    def diff(self, writer: VmWriter | str | None = None, **keywords: Any) -> pd.DataFrame:
        """Return a row for each sample that differs; see :meth:`VmWriter.diff`."""
        differences: pd.DataFrame = _call(writer, "diff", self._frame, keywords)
        return differences

    @_as(VmWriter.read)
    def read_back(self, writer: VmWriter | str | None = None, **keywords: Any) -> Any:
        """Return what the server holds of the frame: :meth:`VmWriter.read` with `like`.

        It is a frame of the same library, unless `backend` says otherwise.
        """
        library = type(self._frame).__module__.partition(".")[0]
        own = {"backend": "polars"} if library == "polars" else {}
        return _call(writer, "read", None, {"like": self._frame, **own, **keywords})

    @_as(to_import_lines, takes_writer=False)
    def to_import_lines(self, **keywords: Any) -> Iterator[bytes]:
        """Format the frame as import lines; see :func:`vm_df_writer.to_import_lines`."""
        return to_import_lines(self._frame, **keywords)

    def plot(self, **keywords: Any) -> Any:
        """Draw the scores; see :func:`vm_df_writer.plot_scores`."""
        from vm_df_writer.operations.plots.plot import plot_scores

        return plot_scores(self._frame, **keywords)


def _call(writer: VmWriter | str | None, name: str, frame: Any, keywords: dict[str, Any]) -> Any:
    if isinstance(writer, str):
        with VmWriter(writer) as opened:
            return getattr(opened, name)(frame, **keywords)
    return getattr(writer or default_writer(), name)(frame, **keywords)


pd.api.extensions.register_dataframe_accessor("vm")(FrameAccessor)
pd.api.extensions.register_series_accessor("vm")(FrameAccessor)
if find_spec("polars"):
    import polars as pl

    pl.api.register_dataframe_namespace("vm")(FrameAccessor)

    @pl.api.register_lazyframe_namespace("vm")
    class LazyFrameAccessor(FrameAccessor):
        """The same for a LazyFrame, which is collected."""

        def __init__(self, frame: pl.LazyFrame) -> None:
            super().__init__(frame.collect())
