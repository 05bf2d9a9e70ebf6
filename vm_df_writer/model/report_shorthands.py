"""ReportShorthands: what a report offers of the package's own functions."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, Unpack, overload

if TYPE_CHECKING:  # what stands above is named by types alone
    import pandas as pd
    from matplotlib.axes import Axes

    from vm_df_writer.alerting.rules import AlertRules
    from vm_df_writer.operations.plots.plot import HeatmapKeywords, ScoresKeywords

__all__ = ["ReadsBack", "ReportShorthands", "refusal"]


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

    def alert_rules(
        self,
        *,
        threshold: float = 1.0,
        for_: str = "5m",
        stale_after: str | None = None,
        interval: str = "1m",
        variable: str = "anomaly_score",
        labels: Mapping[str, str] | None = None,
        name: str = "anomaly-scores",
    ) -> AlertRules:
        """Make alert rules for the scores that were written.

        Parameters
        ----------
        threshold : float, default 1
            Scores above it are anomalies.
        for_ : str, default "5m"
            How long a score has to stay above it.
        stale_after, interval, variable, labels, name
            As for :func:`vm_df_writer.alert_rules`.

        Returns
        -------
        AlertRules
            ``str()`` of it is a rule file for vmalert.

        Raises
        ------
        ConfigError
            If a duration is none, or the report has no scores.
        """
        rules: AlertRules = _public("alert_rules")(
            self,
            threshold=threshold,
            for_=for_,
            stale_after=stale_after,
            interval=interval,
            variable=variable,
            labels=labels,
            name=name,
        )
        return rules

    @overload
    def plot(
        self,
        what: ReadsBack | pd.DataFrame | pd.Series | None = None,
        *,
        heatmap: Literal[False] = False,
        **options: Unpack[ScoresKeywords],
    ) -> tuple[Axes, ...]: ...

    @overload
    def plot(
        self,
        what: ReadsBack | pd.DataFrame | pd.Series | None = None,
        *,
        heatmap: Literal[True],
        **options: Unpack[HeatmapKeywords],
    ) -> Axes: ...

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
        ConfigError
            If the report does not know its writer, being a copy or a sum, and none is passed.
        FrameError
            If there are no scores.
        DeliveryError
            If the server cannot be read.
        """
        source = self._writer if what is None else what
        if source is None:
            raise refusal("plot: a copy of a report knows no writer; pass one, or the frame")
        # Of the class: a frame may have a column that is called so.
        if hasattr(type(source), "query_range"):
            source = source.read(like=self, layout="long")
        return _public("plot_heatmap" if heatmap else "plot_scores")(source, **options)


def refusal(message: str) -> ValueError:
    """Return the error for what a report cannot do, which notebooks show as one line."""
    error: ValueError = _public("ConfigError")(message)
    return error


def _public(name: str) -> Any:
    return getattr(sys.modules[__name__.partition(".")[0]], name)
