"""Whether an unnamed column of text is a label: by need, then by content and name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from vm_df_writer.errors import ColumnError
from vm_df_writer.frames.labels.label_column import LabelColumn
from vm_df_writer.frames.roles.column_ref import ColumnRef
from vm_df_writer.frames.roles.label_need import LabelNeed
from vm_df_writer.frames.roles.name_words import names_a_condition, names_a_thing
from vm_df_writer.frames.roles.proposals import Proposal, shown_values
from vm_df_writer.frames.roles.split_times import two_columns_of_one_time
from vm_df_writer.frames.roles.text_kinds import TextKind, conversion_of, kind_of_text
from vm_df_writer.frames.samples.contents import kind_of_dtype
from vm_df_writer.model.kept_attribute import kept_attribute
from vm_df_writer.model.series import IntArray

__all__ = ["OpenLabel", "check_no_numbers_as_text", "check_open_labels"]

_MODEL_OUTPUTS = frozenset({"anomaly_score", "y", "yhat", "yhat_lower", "yhat_upper", "trend"})
# Kinds of text that label values have only where the rows show it: they may be values, or notes
# of each row.
_DOUBTFUL: Collection[TextKind] = ("number", "formatted number", "answer", "time", "uuid")
_NUMBERS: Collection[TextKind] = ("number", "formatted number", "answer")
# Below this, a label makes a series of nearly every row.
_FEW_ROWS_PER_SERIES = 1.5
# Fewer rows show nothing of how often values come back.
_TOO_FEW_ROWS = 8
_DAY_MS = 86_400_000
# So many words for a missing number are named.
_MOST_WORDS = 5


@dataclass(frozen=True)
class OpenLabel:
    """A column that may be a label: where it stands, its values and their dtype."""

    source: ColumnRef
    label: LabelColumn
    dtype: Any

    @property
    def is_text(self) -> bool:
        """Whether it holds text, or categories."""
        return kind_of_dtype(self.dtype) in ("text", "object")

    @kept_attribute
    def kind(self) -> TextKind:
        """What its text looks like; categories are no numbers that were damaged."""
        if not self.label.texts:
            return "words"
        kind = kind_of_text(self.label.texts)
        is_category = isinstance(self.dtype, pd.CategoricalDtype) or "dictionary" in str(self.dtype)
        return "identifier" if kind == "number" and is_category else kind

    @property
    def is_doubtful(self) -> bool:
        """Whether its text may be values, or notes of each row."""
        return self.is_text and self.kind in _DOUBTFUL


def check_open_labels(
    open_labels: Sequence[OpenLabel],
    need: LabelNeed,
    ms: IntArray,
    time: ColumnRef,
    proposal: Proposal,
) -> None:
    """Refuse columns that are no labels for sure.

    Parameters
    ----------
    open_labels : sequence of OpenLabel
        The columns without a named role.
    need : LabelNeed
        Whether rows need them.
    ms : ndarray of int64, shape (n_rows,)
        Epoch milliseconds of the rows.
    time : ColumnRef
        The time, for messages.
    proposal : Proposal
        All that surely is a label or a value.

    Raises
    ------
    ColumnError
        Names the first such column, what it holds and what to pass.
    TimestampError
        If a column is the rest of the time.
    """
    fine, doubtful = [], []
    for one, standing in zip(open_labels, need.standings, strict=True):
        doubt = _doubt_about(one, standing, need, ms)
        if doubt is None:
            fine.append(one.source.name)
        else:
            doubtful.append((one, doubt))
    if doubtful:
        proposal = Proposal([*proposal.label_columns, *fine], proposal.value_columns)
        _refuse(*doubtful[0], need, ms, time, proposal)


@dataclass(frozen=True, slots=True)
class _Doubt:
    kind: TextKind
    is_row_by_row: bool = False


def _doubt_about(one: OpenLabel, standing: str, need: LabelNeed, ms: IntArray) -> _Doubt | None:
    label, n_rows = one.label, len(ms)
    if not one.is_text:
        return None if standing != "varying" else _Doubt("number")
    kind = one.kind
    if label.name in _MODEL_OUTPUTS:
        return _Doubt("number")
    if kind in ("missing", "time of day") and label.texts:
        return _Doubt(kind)
    rare = need.rows_per_series < _FEW_ROWS_PER_SERIES
    if standing == "needed":
        if kind in _DOUBTFUL:
            return _Doubt(kind, is_row_by_row=True) if rare else None
        is_each_row = rare and n_rows >= _TOO_FEW_ROWS and (ms != ms[0]).any()
        return _Doubt(kind, is_row_by_row=True) if is_each_row else None
    if standing == "attribute":
        return _Doubt(kind) if _is_no_attribute(label, kind, need) else None
    return None if _names_things_at_odd_times(label, kind, ms) else _Doubt(kind)


def _is_no_attribute(label: LabelColumn, kind: TextKind, need: LabelNeed) -> bool:
    """Say whether text that is the same in all rows of a series may be values all the same."""
    if kind not in _DOUBTFUL:
        return False
    # What parts series from each other, for some rows each, describes them.
    describes = need.rows_per_series >= 2 and len(label.texts) > 1
    return kind == "number" or not describes


def _names_things_at_odd_times(label: LabelColumn, kind: TextKind, ms: IntArray) -> bool:
    """Say whether text that no rows of one time need still tells which thing a row is of.

    Devices that report when they please share no times. Their names come back, in turn or one
    after the other, each with times from the start; a state lasts for some rows.
    """
    if kind not in ("words", "identifier") or names_a_condition(label.name):
        return False
    if label.codes is None or (len(label.texts) > len(ms) / 2 and len(ms) >= _TOO_FEW_ROWS):
        return False
    if names_a_thing(label.name):
        return True
    return kind == "identifier" and (_alternate(label.codes) or _start_anew(label.codes, ms))


def _alternate(codes: np.ndarray) -> bool:
    """Say whether values change at least as often as they would by chance."""
    n_rows = len(codes)
    counts = np.bincount(codes + 1)  # of -1, absent, too
    n_changes = int((codes[1:] != codes[:-1]).sum())
    return n_changes >= n_rows - float((counts.astype(np.float64) ** 2).sum()) / n_rows


def _start_anew(codes: np.ndarray, ms: IntArray) -> bool:
    """Say whether values stand below each other, and times step back from one to the next."""
    changes = np.flatnonzero(codes[1:] != codes[:-1])
    is_sorted = len(changes) == np.count_nonzero(np.bincount(codes + 1)) - 1
    return is_sorted and len(changes) > 0 and bool((ms[changes + 1] < ms[changes]).all())


def _refuse(
    one: OpenLabel,
    doubt: _Doubt,
    need: LabelNeed,
    ms: IntArray,
    time: ColumnRef,
    proposal: Proposal,
) -> NoReturn:
    name, kind = one.source.name, doubt.kind
    found = f"found {shown_values(one.label.texts)}"
    leave, label = proposal.without(name), proposal.with_label(name)
    either = f"leave it out with {leave}, or make it a label with {label}"
    if not one.is_text:
        raise ColumnError(
            f"{one.source}: holds numbers ({found}) beside the values of a melted frame, and they "
            f"change within a series; {either}"
        )
    if kind == "time of day" and ((ms - ms[:1]) % _DAY_MS == 0).all():
        raise two_columns_of_one_time(time, one.source)
    if kind == "missing":
        raise ColumnError(
            f"{one.source}: holds nothing but {shown_values(one.label.texts)}, which may stand "
            f"for missing numbers or be a label; {either}"
        )
    if kind in _NUMBERS:
        _refuse_numbers(one, doubt, proposal)
    if doubt.is_row_by_row:
        raise ColumnError(
            f"{one.source}: as a label it would make {need.n_series} series of {len(ms)} rows "
            f"({found}); {either}"
        )
    what = "times" if kind in ("time", "time of day") else "text"
    raise ColumnError(
        f"{one.source}: {what} that no rows of one time need to be told apart ({found}): as a "
        f"label it would cut a series wherever it changes; {either}"
    )


def check_no_numbers_as_text(frame: pd.DataFrame, sources: Sequence[ColumnRef]) -> None:
    """Refuse columns of numbers that were damaged, in a frame that has no other numbers.

    Raises
    ------
    ColumnError
        Names the first such column, and what is no number in it.
    """
    for source in sources:
        one = OpenLabel(source, source.label(frame), source.read(frame).dtype)
        if one.is_text and one.kind in _NUMBERS:
            _refuse_numbers(one, _Doubt(one.kind), Proposal([], []))


def _refuse_numbers(one: OpenLabel, doubt: _Doubt, proposal: Proposal) -> NoReturn:
    name, label = one.source.name, one.label
    column, found = f"frame[{name!r}]", f"found {shown_values(label.texts)}"
    others = proposal.without(name), proposal.with_label(name)
    leave = f", or leave it out with {others[0]}" if proposal.value_columns else ""
    numbers = pd.to_numeric(pd.Series(label.texts, dtype=object), errors="coerce").notna()
    if doubt.kind == "number" and not numbers.all():
        bad = int(numbers.to_numpy().argmin())
        row = int((np.asarray(label.codes) == bad).argmax())
        words = np.asarray(label.texts, dtype=object)[~numbers.to_numpy()].tolist()[:_MOST_WORDS]
        raise ColumnError(
            f"{one.source}, row {row}: expected a number, got {label.texts[bad]!r}",
            hint=f"convert the column, such as with {column} = pd.to_numeric({column}, "
            f"errors='coerce'){leave}",
            file_hint=f"pass na_values={words!r} if that is a missing number{leave}",
        )
    conversion = conversion_of(column, label.texts)
    what = "yes or no" if doubt.kind == "answer" else "numbers"
    convert = f"convert it with {column} = {conversion}" if conversion else "convert it to numbers"
    otherwise = f", or make it a label with {others[1]}{leave}" if leave else ""
    raise ColumnError(
        f"{one.source}: holds {what} as text ({found})",
        hint=f"{convert} if it is a value{otherwise}",
        file_hint=f"write plain numbers into the file if it is a value{otherwise}",
    )
