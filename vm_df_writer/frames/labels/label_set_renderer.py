"""The label sets of a frame: constants and columns together, no two alike, kept between writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.display.warn import warn_caller
from vm_df_writer.errors import DuplicateSeriesError, LabelError
from vm_df_writer.frames.labels.cache import LabelSetCache
from vm_df_writer.frames.labels.label_column import LabelColumn, constant_label
from vm_df_writer.frames.labels.limits import LabelLimits
from vm_df_writer.frames.labels.metric_format import DEFAULT_METRIC_FORMAT, render_label_sets
from vm_df_writer.model.label_sets import LabelSets
from vm_df_writer.warning_classes import LabelClashWarning

__all__ = ["LabelSetRenderer"]


class LabelSetRenderer:
    """Renders the label sets of one frame; what all layouts share."""

    def __init__(
        self,
        metric_format: Mapping[str, str] | None,
        reading: ReadOptions,
        limits: LabelLimits,
        cache: LabelSetCache,
    ) -> None:
        self._given_format = metric_format
        self._limits = limits
        self._cache = cache
        self.label_names: frozenset[str] = frozenset()
        self._constants = [
            constant_label(name, value, f"labels: {name!r}")
            for name, value in reading.labels.items()
        ]
        self._query_key = (
            None
            if reading.query_key is None
            else constant_label("query_key", reading.query_key, "query_key")
        )

    def render(
        self,
        n_series: int,
        var: LabelColumn,
        query_key: LabelColumn | None,
        labels: Sequence[LabelColumn],
        describe: Callable[[int], str],
    ) -> LabelSets:
        """Render the label sets, and refuse two series that have the same one."""
        query_key = query_key or self._query_key
        metric_format = self._given_format or _usual_format(query_key)
        names = [label.name for label in labels]
        for name in names:
            if names.count(name) > 1:
                raise LabelError(f"labels: two columns are the label {name!r}; rename one of them")
            if name in {constant.name for constant in self._constants}:
                raise LabelError(
                    f"labels: {name!r} is a label of the frame too; leave one of them out"
                )
        labels = _without_clashes([*labels, *self._constants], metric_format)
        self.label_names |= {*metric_format, *(label.name for label in labels)}

        def render() -> LabelSets:
            label_sets = render_label_sets(
                metric_format, n_series, var, query_key, labels, self._limits
            )
            if not any(column.parts_all() for column in labels):
                _check_distinct(label_sets.json, describe)
            return label_sets

        if not self._cache.max_entries:
            return render()
        columns = [column for column in (var, query_key, *labels) if column is not None]
        key = (
            n_series,
            tuple(metric_format.items()),
            self._limits,
            query_key is None,
            tuple(column.key for column in columns),
        )
        return self._cache.get_or_render(key, render)


def _usual_format(query_key: LabelColumn | None) -> Mapping[str, str]:
    """Return the default format, without the label of a query key where there is none."""
    if query_key is not None:
        return DEFAULT_METRIC_FORMAT
    return {k: v for k, v in DEFAULT_METRIC_FORMAT.items() if "$QUERY_KEY" not in v}


def _without_clashes(
    labels: Sequence[LabelColumn], metric_format: Mapping[str, str]
) -> list[LabelColumn]:
    clashes = sorted(label.name for label in labels if label.name in metric_format)
    if clashes:
        warn_caller(
            f"labels: {', '.join(map(repr, clashes))} set by the frame and by metric_format; "
            "metric_format wins: rename one of them to keep both",
            LabelClashWarning,
        )
    return [label for label in labels if label.name not in metric_format]


def _check_distinct(label_sets: Sequence[bytes], describe: Callable[[int], str]) -> None:
    if len(set(label_sets)) == len(label_sets):
        return
    first_with: dict[bytes, int] = {}
    for i, label_set in enumerate(label_sets):  # pragma: no branch - two of them are equal
        if label_set in first_with:
            raise DuplicateSeriesError(
                f"{describe(first_with[label_set])} and {describe(i)} render to the same label "
                f"set {label_set.decode()}; rename one, or use $VAR, $QUERY_KEY and labels in "
                "metric_format so that they differ"
            )
        first_with[label_set] = i
