"""Label sets of two series, rendered by a metric format."""

from __future__ import annotations

import numpy as np

from vm_df_writer.frames.labels.label_column import LabelColumn, constant_label
from vm_df_writer.frames.labels.limits import LabelLimits
from vm_df_writer.frames.labels.metric_format import render_label_sets

VAR = LabelColumn("var", np.array([0, 1]), ["y", "yhat"])
QUERY_KEY = constant_label("query_key", "cpu", "query_key")
HOST = LabelColumn("host", np.array([-1, 0]), ["a"])


def render(
    metric_format: dict[str, str],
    *labels: LabelColumn,
    var: LabelColumn = VAR,
    query_key: LabelColumn | None = QUERY_KEY,
    limits: LabelLimits | None = None,
) -> list[str]:
    """Return the label sets of the two series as text."""
    rendered = render_label_sets(metric_format, 2, var, query_key, labels, limits or LabelLimits())
    return [label_set.decode() for label_set in rendered]
