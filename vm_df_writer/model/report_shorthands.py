"""ReportShorthands: what a report offers of the package's own functions."""

from __future__ import annotations

import sys
from typing import Any, Protocol, Self

__all__ = ["ReadsBack", "ReportShorthands"]


class ReadsBack(Protocol):
    """Reads what a server holds of what was written, as a writer does."""

    def read(self, *, like: Any, layout: Any) -> Any:
        """Return a frame of it."""


class ReportShorthands:
    """Methods of a report that are functions of the package, which stand far above it.

    They are reached by their public names: the model imports nothing of what uses it.
    """

    _writer: ReadsBack | None = None

    def of_writer(self, writer: ReadsBack) -> Self:
        """Note who wrote, and can read it back; a copy and a pickled report do not know."""
        object.__setattr__(self, "_writer", writer)
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Leave the writer behind: it has credentials."""
        return {name: value for name, value in self.__dict__.items() if name != "_writer"}

    def alert_rules(self, *, threshold: float = 1.0, for_: str = "5m", **options: Any) -> Any:
        """Make alert rules for the scores that were written.

        Parameters
        ----------
        threshold : float, default 1
            Scores above it are anomalies.
        for_ : str, default "5m"
            How long a score has to stay above it.
        **options
            The other parameters of :func:`vm_df_writer.alert_rules`.

        Returns
        -------
        AlertRules
            ``str()`` of it is a rule file for vmalert.

        Raises
        ------
        ConfigError
            If a duration is none, or the report has no scores.
        """
        return _public("alert_rules")(self, threshold=threshold, for_=for_, **options)

    def plot(self, what: Any = None, *, heatmap: bool = False, **options: Any) -> Any:
        """Draw what was written, as the server has it or as the frame was.

        Parameters
        ----------
        what : VmWriter or DataFrame, optional
            A writer reads the samples back; by default the one that wrote them. A frame is drawn
            as it is.
        heatmap : bool, default False
            Draw a row of colours per series, in place of one series with its bounds and score.
        **options
            As of :func:`vm_df_writer.plot_scores`, or of :func:`vm_df_writer.plot_heatmap`.

        Returns
        -------
        tuple of Axes, or Axes
            What was drawn on.

        Raises
        ------
        ValueError
            If the report does not know its writer, being a copy or a sum, and none is passed.
        FrameError
            If there are no scores.
        DeliveryError
            If the server cannot be read.
        """
        source = self._writer if what is None else what
        if source is None:
            raise ValueError("plot: a copy of a report knows no writer; pass one, or the frame")
        # Of the class: a frame may have a column that is called so.
        if hasattr(type(source), "query_range"):
            source = source.read(like=self, layout="long")
        return _public("plot_heatmap" if heatmap else "plot_scores")(source, **options)


def _public(name: str) -> Any:
    return getattr(sys.modules[__name__.partition(".")[0]], name)
