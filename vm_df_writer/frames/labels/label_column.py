"""Label values: level or column -> codes and their texts, each distinct value read once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vm_df_writer.display.text import shown
from vm_df_writer.errors import LabelError
from vm_df_writer.frames.labels.arrow_texts import ArrowTexts
from vm_df_writer.frames.labels.factorize import factorize
from vm_df_writer.frames.labels.label_text import label_text
from vm_df_writer.frames.labels.lazy_texts import LazyTexts, ObjectTexts
from vm_df_writer.frames.samples.contents import NARROW_FLOATS
from vm_df_writer.frames.side_by_side import side_by_side
from vm_df_writer.model.series import IntArray

__all__ = [
    "LabelColumn",
    "constant_label",
    "label_from_codes",
    "label_from_column",
    "labels_from_rows_per_time",
]

_MANY_ROWS = 2**16  # take milliseconds, and a thread takes a tenth of one


@dataclass(frozen=True, slots=True, eq=False)
class LabelColumn:
    """One label of many rows or series.

    Attributes
    ----------
    name : str
        The label's name.
    codes : ndarray of signed integers, shape (n,), or None
        Position in `texts` of each row's value, -1 where the label is absent; None if all
        rows have the one value of `texts`.
    texts : sequence of str
        The distinct values as the server will store them.
    """

    name: str
    codes: npt.NDArray[np.signedinteger] | None
    texts: Sequence[str]

    @property
    def key(self) -> Hashable:
        """What equal labels of as many rows have in common, and no others."""
        codes = None if self.codes is None else self.codes.tobytes()
        texts = self.texts
        return self.name, codes, texts.contents if isinstance(texts, LazyTexts) else tuple(texts)

    def parts_all(self) -> bool:
        """Say whether it is known that no two rows have the same text, or none."""
        if self.codes is None or not isinstance(self.texts, ArrowTexts):
            return False
        has_each_once = bool(np.bincount(self.codes + 1).max(initial=0) <= 1)
        return len(self.texts) >= len(self.codes) and has_each_once and self.texts.are_distinct()

    def in_order(self) -> LabelColumn:
        """Return the label with its texts in the order in which rows have them first.

        What is then made of many texts is read in the order in which it lies in memory.

        Examples
        --------
        >>> host = LabelColumn("host", np.array([2, -1, 0]), ["a", "b", "c"]).in_order()
        >>> host.codes.tolist(), host.texts
        ([0, -1, 1], ['c', 'a'])
        """
        if self.codes is None or (self.codes[1:] >= self.codes[:-1]).all():
            return self
        is_absent = self.codes < 0
        codes, positions = pd.factorize(
            np.where(is_absent, np.nan, self.codes) if is_absent.any() else self.codes
        )
        texts = self.texts
        positions = positions.astype(np.int64)
        if isinstance(texts, LazyTexts):
            return LabelColumn(self.name, codes, texts.take(positions))
        return LabelColumn(self.name, codes, list(map(texts.__getitem__, positions.tolist())))

    def take(self, rows: IntArray) -> LabelColumn:
        """Return the label of some rows."""
        return self if self.codes is None else self._with(self.codes[rows])

    def tile(self, times: int) -> LabelColumn:
        """Return the label of all rows, repeated as a whole."""
        return self if self.codes is None or times == 1 else self._with(np.tile(self.codes, times))

    def repeat(self, times: int) -> LabelColumn:
        """Return the label with each row repeated."""
        return self if self.codes is None else self._with(np.repeat(self.codes, times))

    def _with(self, codes: npt.NDArray[np.signedinteger]) -> LabelColumn:
        return LabelColumn(self.name, codes, self.texts)


def constant_label(name: str, value: object, where: str) -> LabelColumn:
    """Return a label that all series share."""
    return LabelColumn(name, None, _texts([value], where, None))


def label_from_column(name: str, column: pd.Series | pd.Index, where: str) -> LabelColumn:
    """Return the label that a column or index level holds.

    Parameters
    ----------
    name : str
        The label's name.
    column : Series or Index, shape (n_rows,)
        Text, categories, numbers, booleans or dates. Missing and empty mean that the label
        is absent.
    where : str
        How messages name the column.

    Raises
    ------
    LabelError
        If a value cannot be a label; names its row.

    Examples
    --------
    >>> label = label_from_column("host", pd.Series(["a", None, "b", "a", ""]), "column 'host'")
    >>> label.codes.tolist(), label.texts
    ([0, -1, 1, 0, -1], ['a', 'b'])
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        categorical = pd.Categorical(column)
        return label_from_codes(name, categorical.codes, categorical.categories, where)
    if isinstance(column.dtype, pd.ArrowDtype) and "indices=uint" in str(column.dtype):
        # pandas would mark what is missing in an Arrow dictionary by the code -1.
        column = column.astype(pd.ArrowDtype(column.dtype.pyarrow_dtype.value_type))
    try:
        codes, uniques = factorize(column)
    except (TypeError, NotImplementedError):  # unhashable: a list, a dict, an Arrow struct
        codes, uniques = np.arange(len(column)), column
    return _label(name, codes, uniques, where, is_factorized=True)


def labels_from_rows_per_time(
    columns: Sequence[tuple[str, pd.Series | pd.Index, str]], n_rows: int
) -> list[LabelColumn]:
    """Return the labels of columns, which may be the same `n_rows` again and again.

    Comparing Arrow's text with itself takes a quarter of the time that its distinct values take.
    These are found without the interpreter's lock, and so for two columns at a time.

    Parameters
    ----------
    columns : sequence of (str, Series or Index, str)
        What :func:`label_from_column` takes: name, column, and how messages name it.
    n_rows : int
        How many rows each time may have; 0 if times have different numbers of them.

    Examples
    --------
    >>> host, device = pd.Series(["a", "b"] * 2), pd.Series(["c"] * 4)
    >>> columns = [("host", host, "column 'host'"), ("device", device, "column 'device'")]
    >>> [label.codes.tolist() for label in labels_from_rows_per_time(columns, 2)]
    [[0, 1, 0, 1], [0, 0, 0, 0]]
    """
    first = [_repeated_column(column, n_rows) for _, column, _ in columns]
    work = [
        partial(label_from_column, name, column if once is None else once, where)
        for (name, column, where), once in zip(columns, first, strict=True)
    ]
    whole = [column for (_, column, _), once in zip(columns, first, strict=True) if once is None]
    are_many = sum(map(_is_arrow_text, whole)) > 1 and len(whole[0]) >= _MANY_ROWS
    labels = side_by_side(work) if are_many else [read() for read in work]
    return [
        label if once is None else label.tile(len(column) // n_rows)
        for label, (_, column, _), once in zip(labels, columns, first, strict=True)
    ]


def _repeated_column(column: pd.Series | pd.Index, n_rows: int) -> pd.Series | None:
    """Return the first rows of Arrow's text if the others repeat them, else nothing."""
    if not _is_arrow_text(column) or not 0 < n_rows < len(column):
        return None
    texts: Any = column.array
    # The second time shows nearly always whether it is so.
    if _are_same(texts[n_rows : 2 * n_rows], texts[:n_rows]) and (
        _are_same(texts[n_rows:], texts[:-n_rows])
    ):
        return pd.Series(texts[:n_rows])  # a Series slices by an index of floats
    return None


def _is_arrow_text(column: pd.Series | pd.Index) -> bool:
    return isinstance(column.dtype, pd.StringDtype) and column.dtype.storage == "pyarrow"


def _are_same(texts: Any, others: Any) -> bool:
    same = pd.array(texts == others, dtype="boolean")
    return bool(same.to_numpy(bool, na_value=False).all())


def label_from_codes(
    name: str, codes: npt.NDArray[np.signedinteger], uniques: Any, where: str
) -> LabelColumn:
    """Return the label of rows that are already coded, as a MultiIndex level or a category is.

    Values that no row has may be anything.
    """
    if isinstance(uniques.dtype, pd.CategoricalDtype):  # a level that is coded once more
        coded = pd.Categorical(uniques)
        codes, uniques = np.append(coded.codes, -1)[codes], coded.categories
    is_used = np.zeros(len(uniques) + 1, dtype=bool)
    is_used[codes] = True  # -1, absent, marks the last
    used = np.flatnonzero(is_used[:-1])
    if len(used) < len(uniques):
        renumbered = np.full(len(uniques) + 1, -1)
        renumbered[used] = np.arange(len(used))
        codes, uniques = renumbered[codes], uniques[used]
    return _label(name, np.asarray(codes), uniques, where)


def _one_by_one(uniques: Any) -> list[Any] | npt.NDArray[np.object_]:
    if str(uniques.dtype) in NARROW_FLOATS:
        uniques = np.asarray(uniques, dtype=np.float32)  # an Index would hand out wider floats
    if uniques.dtype == object or isinstance(uniques.dtype, pd.StringDtype):
        objects: npt.NDArray[np.object_] = np.asarray(uniques, dtype=object)
        return objects
    return list(uniques)


def _label(
    name: str,
    codes: npt.NDArray[np.signedinteger],
    uniques: Any,
    where: str,
    *,
    is_factorized: bool = False,
) -> LabelColumn:
    # Eight bytes a row for each label would be most of what a long frame costs.
    codes = codes.astype(np.min_scalar_type(-len(uniques) - 1), copy=False)
    if (as_they_are := ArrowTexts.of(uniques, is_factorized=is_factorized)) is not None:
        return LabelColumn(name, codes, as_they_are)
    texts = _texts(_one_by_one(uniques), where, codes)
    if isinstance(texts, LazyTexts) or all(texts):
        return LabelColumn(name, codes, texts)
    # Absent values must share one code, or they would make two groups of one series.
    present = list(map(bool, texts))
    renumbered = np.append(np.where(present, np.cumsum(present) - 1, -1), -1).astype(codes.dtype)
    return LabelColumn(name, renumbered[codes], list(filter(None, texts)))


def _texts(values: list[Any] | npt.NDArray[np.object_], where: str, codes: Any) -> Sequence[str]:
    """Return the text of each value, empty if the label is absent."""
    try:
        if isinstance(values, np.ndarray) and (as_they_are := ObjectTexts.of(values)) is not None:
            return as_they_are
        texts = [v if type(v) is str else label_text(v) or "" for v in values]
        "".join(texts).encode()
    except (TypeError, UnicodeEncodeError):
        _raise_bad_label(list(values), where, codes)
        raise  # pragma: no cover - one of them is bad
    return texts


def _raise_bad_label(values: Sequence[Hashable], where: str, codes: Any) -> None:
    for code, value in enumerate(values):  # pragma: no branch - one of them is bad
        try:
            (label_text(value) or "").encode()
        except (TypeError, UnicodeEncodeError) as exc:
            row = "" if codes is None else f", row {int(np.argmax(np.asarray(codes) == code))}"
            reason = (
                "which is not valid Unicode (a lone surrogate)"
                if isinstance(exc, UnicodeEncodeError)
                else f"a {exc}"
            )
            raise LabelError(
                f"{where}{row}: expected a label value, got {shown(value)}, {reason}; "
                "convert the column to text"
            ) from None
