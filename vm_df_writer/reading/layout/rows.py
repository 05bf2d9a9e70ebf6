"""Long and melted: a row for each time of each series, or group of series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vm_df_writer.model.series import FloatArray, IntArray
from vm_df_writer.reading.label_table import LabelCodes, LabelTable, codes_of
from vm_df_writer.reading.layout.common_times import RowKeys, place_values, union_of
from vm_df_writer.verification.export.series_collector import SeriesSamples

__all__ = ["RowSamples", "lay_out_long", "lay_out_melted"]


@dataclass(frozen=True)
class RowSamples:
    """Samples as columns.

    Attributes
    ----------
    timestamps_ms : ndarray of int64, shape (n_rows,)
        The time of each row; ascending within the rows of equal labels.
    label_columns : dict of str to LabelCodes
        The columns of labels.
    value_columns : dict of str to ndarray of float64, shape (n_rows,)
        The columns of values.
    """

    timestamps_ms: IntArray
    label_columns: dict[str, LabelCodes]
    value_columns: dict[str, FloatArray]


def lay_out_long(series: list[SeriesSamples], table: LabelTable) -> RowSamples:
    """Give each variable a column; the list is emptied, so that memory holds the samples once.

    Parameters
    ----------
    series : list of SeriesSamples
        The samples.
    table : LabelTable
        Their labels.

    Examples
    --------
    >>> y = SeriesSamples({}, np.array([10, 20]), np.array([1.0, 2.0]))
    >>> z = SeriesSamples({}, np.array([20]), np.array([3.0]))
    >>> long = lay_out_long([y, z], LabelTable(("var", "host"), [("y", "a"), ("z", "a")]))
    >>> long.timestamps_ms.tolist(), {name: v.tolist() for name, v in long.value_columns.items()}
    ([10, 20], {'y': [1.0, 2.0], 'z': [nan, 3.0]})
    """
    row_keys = RowKeys(series)
    groups: dict[tuple[str | None, ...], list[int]] = {}
    for s, row in enumerate(table.rows):
        groups.setdefault(row[1:], []).append(s)
    unions = [union_of([row_keys.of(series[s]) for s in group]) for group in groups.values()]
    counts = np.array([len(union) for union in unions], np.int64)
    starts = np.cumsum(counts) - counts
    variables = [text or "" for text in table.texts(table.names[0])]
    names = list(dict.fromkeys(variables))
    values = {name: np.empty(int(counts.sum())) for name in names}
    nothing = np.empty(0, np.int64), np.empty(0)
    rest = dict(enumerate(series))
    series.clear()
    for group, union, start in zip(groups.values(), unions, starts.tolist(), strict=True):
        own = {variables[s]: s for s in group}
        for name in names:
            keys, found = nothing
            if name in own:
                samples = rest.pop(own[name])
                keys, found = row_keys.of(samples), samples.values
            place_values(values[name][start : start + len(union)], union, keys, found)
    times = np.concatenate(unions) if unions else np.empty(0, np.int64)
    labels = {
        name: codes_of([row[at] for row in groups]).repeat(counts)
        for at, name in enumerate(table.labels)
    }
    return RowSamples(row_keys.times_of(times), labels, values)


def lay_out_melted(
    series: list[SeriesSamples], table: LabelTable, variable: str, value: str
) -> RowSamples:
    """Put series below each other; the list is emptied, so that memory holds the samples once.

    Parameters
    ----------
    series : list of SeriesSamples
        The samples.
    table : LabelTable
        Their labels.
    variable, value : str
        The names of the columns that hold the variable and the value.

    Examples
    --------
    >>> y = SeriesSamples({}, np.array([10, 20]), np.array([1.0, 2.0]))
    >>> melted = lay_out_melted([y], LabelTable(("var",), [("y",)]), "variable", "value")
    >>> melted.label_columns["variable"].codes.tolist(), melted.value_columns["value"].tolist()
    ([0, 0], [1.0, 2.0])
    """
    counts = np.array([len(each.values) for each in series], np.int64)
    times, values = np.empty(int(counts.sum()), np.int64), np.empty(int(counts.sum()))
    stops = np.cumsum(counts).tolist()
    while series:
        samples, stop = series.pop(), stops.pop()
        times[stop - len(samples.values) : stop] = samples.timestamps_ms
        values[stop - len(samples.values) : stop] = samples.values
    labels = {name: table.codes(name).repeat(counts) for name in table.labels}
    labels[variable] = table.codes(table.names[0]).repeat(counts)
    return RowSamples(times, labels, {value: values})
