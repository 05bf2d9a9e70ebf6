"""Whether an unnamed column of whole numbers holds values, or tells which thing a row is of."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from vm_df_writer.errors import ColumnError
from vm_df_writer.frames.grouping import GroupedRows, group_rows
from vm_df_writer.frames.labels.label_column import LabelColumn
from vm_df_writer.frames.roles.column_ref import ColumnRef
from vm_df_writer.frames.roles.label_need import judge_need
from vm_df_writer.frames.roles.name_words import (
    are_counted_together,
    names_a_key,
    names_a_thing_by_number,
)
from vm_df_writer.frames.roles.proposals import Proposal, shown_values
from vm_df_writer.frames.roles.row_numbers import may_number_rows
from vm_df_writer.frames.samples.contents import kind_of_dtype
from vm_df_writer.frames.samples.time_order import repeated_times
from vm_df_writer.model.series import BoolArray, IntArray

__all__ = ["check_no_things", "find_number_labels", "proposal_of"]

# As many rows show that a number comes back at other times.
_ROWS_PER_SERIES = 2
# Of all rows: more than are corrected now and then.
_MANY = 0.1


def find_number_labels(
    frame: pd.DataFrame,
    names: Sequence[Hashable],
    grouped: GroupedRows,
    labels: Sequence[LabelColumn],
    ms: IntArray,
    kept: BoolArray | None,
    proposal: Proposal,
    all_values: Sequence[Hashable],
) -> list[Hashable]:
    """Return the columns of whole numbers that surely are labels.

    Rows that share series and time need something to tell them apart. Numbers that do so
    throughout, come back at other times, and are called after a thing, are its label; those that
    are not called so are refused. Where no times are shared, the name of the column and numbers
    that come back are the only signs of a label: enough to refuse, not to read.

    Parameters
    ----------
    names : sequence of hashable
        The columns in question.
    grouped : GroupedRows
        The rows by all `labels` that are known.
    ms, kept : ndarray
        Epoch milliseconds of all rows; which of them are written, or None for all.
    proposal : Proposal
        All that is known of labels and values, for messages.
    all_values : sequence of hashable
        The columns that are values as things stand.

    Raises
    ------
    ColumnError
        Names the columns in doubt, and what to pass.
    """
    accepted: list[Hashable] = []
    if not grouped.order_of_times(ms)[1]:
        needed, rows_per_series = _needed(frame, names, labels, ms, kept)
        are_things = all(map(names_a_thing_by_number, needed))
        if needed and not (are_things and rows_per_series >= _ROWS_PER_SERIES):
            _refuse(
                frame,
                needed,
                "without them as labels there are rows of one series at one time",
                proposal,
            )
        accepted = needed
        if not needed and (lost := _often_lost(frame, names, grouped, ms)):
            _refuse(frame, lost, "rows of one series and one time differ in them", proposal)
    rest = [name for name in names if name not in accepted]
    values = [name for name in proposal.value_columns if name not in accepted]
    more = [ColumnRef("column", name).label(frame) for name in accepted]
    check_no_things(
        frame,
        rest,
        [*labels, *more],
        ms,
        Proposal([*proposal.label_columns, *accepted], values),
        all_values,
    )
    return accepted


def check_no_things(
    frame: pd.DataFrame,
    names: Sequence[Hashable],
    labels: Sequence[LabelColumn],
    ms: IntArray,
    proposal: Proposal,
    values: Sequence[Hashable],
) -> None:
    """Refuse whole numbers that may be the numbers of things, or of rows, though all rows differ.

    Parameters
    ----------
    names : sequence of hashable
        The columns in question.
    labels : sequence of LabelColumn, each of shape (n_rows,)
        What surely is a label.
    ms : ndarray of int64, shape (n_rows,)
        Epoch milliseconds.
    proposal : Proposal
        What is known of labels and values, for messages.
    values : sequence of hashable
        The columns that are values as things stand.

    Raises
    ------
    ColumnError
        Names the first such column.
    """
    ends = _ends_of_histories(labels, ms)
    for name in names:
        column: Any = ColumnRef("column", name).read(frame)
        if name in values and may_number_rows(column):
            _refuse_row_numbers(frame, name, proposal)
        if names_a_thing_by_number(name) and _may_number_things(column, values):
            _refuse(frame, [name], "their name says that they stand for things", proposal)
        if name in values and len(ends) and _changes_at(column, ends):
            reason = "times start anew wherever they change, as with one thing below the other"
            _refuse(frame, [name], reason, proposal)


def proposal_of(
    frame: pd.DataFrame,
    labels: Sequence[Hashable],
    values: Sequence[Hashable],
    whole: Sequence[Hashable],
) -> Proposal:
    """Return what is proposed for columns: whole numbers called after keys or rows are no values.

    Examples
    --------
    >>> frame = pd.DataFrame({"order_id": [7, 7], "y": [0.5, 1.5]})
    >>> proposal_of(frame, [], ["order_id", "y"], ["order_id"]).value_columns
    ['y']
    """
    odd = {name for name in whole if names_a_key(name) or may_number_rows(frame[name])}
    return Proposal(labels, [name for name in values if name not in odd] or list(values))


def _ends_of_histories(labels: Sequence[LabelColumn], ms: IntArray) -> IntArray:
    """Return the rows behind which the times of a series step back, though no label changes.

    Empty if they do so now and then: rows are in no order.
    """
    ends: IntArray = np.flatnonzero(ms[1:] < ms[:-1])
    if not 0 < len(ends) <= len(ms) / (2 * _ROWS_PER_SERIES):
        return ends[:0]
    for label in labels:
        if label.codes is not None:
            ends = ends[label.codes[ends] == label.codes[ends + 1]]
    return ends


def _changes_at(column: Any, ends: IntArray) -> bool:
    """Say whether numbers change at some rows, and hardly anywhere else."""
    codes = pd.factorize(column)[0]
    changes = np.flatnonzero(codes[1:] != codes[:-1])
    return len(changes) <= 2 * len(ends) and bool(np.isin(ends, changes).all())


def _needed(
    frame: pd.DataFrame,
    names: Sequence[Hashable],
    labels: Sequence[LabelColumn],
    ms: IntArray,
    kept: BoolArray | None,
) -> tuple[list[Hashable], float]:
    # Of two that would do, the one that is called after a thing is kept.
    order = sorted(names, key=names_a_thing_by_number)
    candidates = [ColumnRef("column", name).label(frame) for name in order]
    grouped = group_rows([*labels, *candidates], ms, kept)
    need = judge_need(labels, candidates, grouped, ms)
    found = [i for i, standing in enumerate(need.standings) if standing == "needed"]
    whole = {order[i] for i in found if kind_of_dtype(frame[order[i]].dtype) == "integer"}
    if len(whole) < len(found):
        # Of floats only those that come back and leave no two rows alike: numbers that are missing
        # here and there are values as well.
        apart = group_rows([*labels, *(candidates[i] for i in found)], ms, kept)
        if need.rows_per_series >= _ROWS_PER_SERIES and apart.order_of_times(ms)[1]:
            whole = {order[i] for i in found}
    return [name for name in names if name in whole], need.rows_per_series


def _often_lost(
    frame: pd.DataFrame, names: Sequence[Hashable], grouped: GroupedRows, ms: IntArray
) -> list[Hashable]:
    """Return columns whose numbers come back, and differ in many rows of one series and time.

    A few such rows were written twice, and corrected.
    """
    rows = grouped.rows(slice(0, int(grouped.offsets[-1])))
    repeated = repeated_times(ms[rows], grouped.offsets)
    lost = []
    for name in names:
        codes = pd.factorize(frame[name])[0][rows]
        n_differ = int((codes[repeated] != codes[repeated + 1]).sum())
        n_distinct = codes.max() + 1
        if n_differ > _MANY * len(codes) and 2 < n_distinct <= len(codes) / _ROWS_PER_SERIES:
            lost.append(name)
    return lost


def _may_number_things(column: Any, values: Sequence[Hashable]) -> bool:
    """Say whether numbers that are called after things may be the numbers of things."""
    name = column.name
    is_value = name in values
    n_known, n_distinct = int(column.notna().sum()), column.nunique()
    comes_back = n_distinct <= n_known / 2
    if not is_value:  # other values were named: as a label it would be missed
        return bool(comes_back and n_distinct > 1)
    if names_a_key(name):
        return True
    is_flag = set(column.dropna().unique().tolist()) in ({0, 1}, {0})
    # Where all columns are called after things, each is the value of its own.
    others = [other for other in values if other != name]
    is_one_of_many = all(map(names_a_thing_by_number, others)) or are_counted_together(name, others)
    return bool(comes_back and not is_flag and not is_one_of_many)


def _refuse_row_numbers(frame: pd.DataFrame, name: Hashable, proposal: Proposal) -> NoReturn:
    found = shown_values(np.asarray(frame[name]).tolist())
    raise ColumnError(
        f"column {name!r}: whole numbers that seem to number the rows (found {found}); leave them "
        f"out with {proposal.without(name)}; or, if they are values, pass "
        f"{proposal.with_value(name)}"
    )


def _refuse(
    frame: pd.DataFrame, names: Sequence[Hashable], reason: str, proposal: Proposal
) -> NoReturn:
    found = "; ".join(
        f"{name!r} holds {shown_values(np.asarray(frame[name].dropna().unique()).tolist())}"
        for name in names
    )
    columns = "column" if len(names) == 1 else "columns"
    raise ColumnError(
        f"{columns} {', '.join(map(repr, names))}: whole numbers, which are values or labels, and "
        f"{reason} ({found}); if they are labels, pass {proposal.with_label(*names)}; if values, "
        f"{proposal.with_value(*names)}; or leave them out with {proposal.without(*names)}"
    )
