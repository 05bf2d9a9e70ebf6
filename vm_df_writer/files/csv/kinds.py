"""What the columns of a CSV hold, found by a first pass over the whole file.

A column has one kind, whatever a part of it looks like by itself. Kinds only grow while the pass
goes on: nothing, then ``integers`` or ``unsigned``, ``floats``; or ``booleans``; then ``text``.
Integers with leading zeros are text too, unless there are fractions among them. ``whole`` is a
label that is written as whole floats, and ``grouped`` numbers whose digits stand in groups. The
pass leaves out columns of text, whose cells are what takes time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import SourceError
from vm_df_writer.files.csv.cells import is_missing, parse_numbers, parse_texts
from vm_df_writer.files.csv.dialect import CsvDialect, decode_utf8
from vm_df_writer.files.csv.formatted_numbers import FormattedNumbers
from vm_df_writer.files.csv.lines import among, check_cell_counts
from vm_df_writer.files.part import needed_columns

__all__ = ["ColumnKinds"]

_INTEGERS = ("integers", "unsigned", "padded")
# Marks of a missing number that are no word for anything, as NA is for North America.
_NO_WORDS = ("", "nan", "-", "--", "---", "?", "\\n")
_OF_DTYPE = {
    "Int64": "integers",
    "UInt64": "unsigned",
    "Float64": "floats",
    "boolean": "booleans",
}


def join_kinds(one: str, other: str) -> str:
    """Return the kind of a column whose parts have two kinds.

    Examples
    --------
    >>> join_kinds("integers", "floats"), join_kinds("", "booleans"), join_kinds("floats", "text")
    ('floats', 'booleans', 'text')
    """
    kinds = {one, other} - {""}
    if len(kinds) < 2:
        return one or other
    if kinds <= {*_INTEGERS}:
        return "padded" if "padded" in kinds else "unsigned"
    return "floats" if kinds <= {*_INTEGERS, "floats"} else "text"


class ColumnKinds:
    r"""Goes through a CSV, chunk by chunk, and tells the kind of each column in the end.

    What the reading names as labels, as the variable or as the query key is text, and what it
    names as values must be numbers.

    Parameters
    ----------
    dialect : CsvDialect
        How the file is written.
    reading : ReadOptions
        How the frame will be read.
    first_line : int
        The number of the first line below the header.

    Examples
    --------
    >>> kinds = ColumnKinds(CsvDialect(names=("host", "zone", "y")), ReadOptions())
    >>> kinds.add(b"7,NA,1.5\n8,,\n")
    >>> kinds.add(b"007,eu,2\n")
    >>> kinds.found()
    {'host': 'text', 'zone': 'text', 'y': 'floats'}
    """

    def __init__(self, dialect: CsvDialect, reading: ReadOptions, first_line: int = 2) -> None:
        self._dialect, self._reading = dialect, reading
        names = dialect.names
        self._names = {name: i for i, name in [*enumerate(names)][::-1]}
        needed = needed_columns(names, reading)
        self._columns = [i for i, name in enumerate(names) if needed is None or name in needed]
        roles = _roles_by_keyword(names, reading)
        self._labels = {i for i in self._columns if roles.get(names[i]) == "label"}
        self._values = {i for i in self._columns if roles.get(names[i]) == "value"}
        self._kinds = dict.fromkeys(self._columns, "")
        self._words: dict[int, str] = {}
        self._formatted: dict[int, FormattedNumbers] = {}
        self._fractions: set[int] = set()
        self._not_whole: set[int] = set()
        self._line, self._row = first_line, 0

    def add(self, data: bytes) -> None:
        """Look at more lines.

        Raises
        ------
        SourceError
            If a line has more cells than the header has names, the text is no UTF-8, or a value
            is no number.
        """
        if not data.isascii():
            decode_utf8(data)
        check_cell_counts(data, self._dialect.separator, len(self._dialect.names), self._line)
        if open_columns := [i for i in self._columns if not self._is_settled(i)]:
            self._look_at(data, open_columns)
        n_lines = data.count(b"\n")
        self._line += n_lines
        self._row += n_lines

    def _is_settled(self, column: int) -> bool:
        if column in self._labels:
            return column in self._not_whole
        formatted = self._formatted.get(column)
        return self._kinds[column] == "text" and not (formatted and formatted.are_numbers)

    def _look_at(self, data: bytes, columns: Sequence[int]) -> None:
        frame = parse_numbers(data, self._dialect, columns)
        in_doubt: dict[int, str] = {}
        has_zeros: bool | None = None
        for column, dtype in zip(columns, frame.dtypes, strict=True):
            kind = _OF_DTYPE.get(str(dtype), "text")
            before = self._kinds[column]
            if kind == "integers" and before in ("", "booleans") and frame[column].isna().all():
                kind = ""
            if kind in _INTEGERS and has_zeros is None:
                has_zeros = _may_have_leading_zeros(data, self._dialect.separator)
            needs_text = (
                kind == "text"
                or column in self._labels
                or (kind == "" and column not in self._words)
                or (kind in _INTEGERS and has_zeros and column not in self._values)
            )
            if needs_text:
                in_doubt[column] = kind
            else:
                self._grow(column, kind)
        if in_doubt:
            texts = parse_texts(data, self._dialect, [*in_doubt])
            for column, kind in in_doubt.items():
                self._look_closer(column, kind, texts[column])

    def _look_closer(self, column: int, kind: str, texts: pd.Series) -> None:
        if column in self._labels:
            cells = texts[~is_missing(texts, self._dialect)]
            if not cells.str.fullmatch(r"-?(?:0|[1-9]\d*)\.0").all():
                self._not_whole.add(column)
            self._kinds[column] = "text" if len(cells) else self._kinds[column]
            return
        if kind == "":
            words = texts[~texts.str.lower().isin(_NO_WORDS)].dropna()
            words = words[~words.isin(self._dialect.na_values)]
            if len(words):
                self._words[column] = words.iloc[0]
        elif kind in _INTEGERS and texts.str.match(r"[+-]?0[0-9]").any():
            kind = "padded"
        self._grow(column, kind)
        if kind == "text":
            formatted = self._formatted_of(column)
            formatted.add(texts)
            if column in self._values:
                self._check_values(column, texts, formatted)

    def _grow(self, column: int, kind: str) -> None:
        before = self._kinds[column]
        self._kinds[column] = join_kinds(before, kind)
        if kind == "floats":
            self._fractions.add(column)
        if "booleans" in (before, kind) and self._kinds[column] == "text":
            self._formatted_of(column).are_numbers = False

    def _formatted_of(self, column: int) -> FormattedNumbers:
        return self._formatted.setdefault(column, FormattedNumbers(self._dialect))

    def _check_values(self, column: int, texts: pd.Series, formatted: FormattedNumbers) -> None:
        name = self._dialect.names[column]
        if formatted.are_formatted:
            if not formatted.are_grouped:
                raise SourceError(self._describe(column, formatted))
            return
        numbers = pd.to_numeric(texts, errors="coerce")
        bad = (numbers.isna() & ~is_missing(texts, self._dialect)).to_numpy()
        if bad.any():
            row = int(bad.argmax())
            raise SourceError(
                f"column {name!r}, row {self._row + row:,}: expected a number, got "
                f"{texts.iloc[row]!r}; correct the file, name what is missing with na_values=, or "
                "name other columns with value_columns="
            )
        self._kinds[column] = "floats"  # integers of more than 64 bits

    def show_decimal_commas(self, sample: bytes) -> bool:
        """Say whether the file can only have decimal commas, going by the lines of a sample."""
        self.add(sample)
        shown = [formatted for formatted in self._formatted.values() if formatted.are_numbers]
        if not any(formatted.show_decimal_commas for formatted in shown):
            return False
        if any(formatted.show_points for formatted in shown):
            return False
        # 1e-07 is a fraction without any mark.
        texts = parse_texts(sample, self._dialect, sorted(self._fractions))
        return not any(texts[column].str.contains(".", regex=False).any() for column in texts)

    def _describe(self, column: int, formatted: FormattedNumbers) -> str:
        names = self._dialect.names
        others = [names[other] for other in sorted(self._fractions - {column})]
        return formatted.describe(
            names[column], beside_fractions=column in self._fractions, others=others
        )

    def found(self) -> Mapping[str, str]:
        """Return the columns that are to be read, and the kind of each.

        Raises
        ------
        SourceError
            If a column has no name, its numbers are written in a form that needs telling, or it
            holds nothing but words such as NA and it is not said whether they are labels.
        """
        kinds = {}
        for column in self._columns:
            name = self._dialect.names[column]
            if not name and column:  # a separator at the end of each line makes an empty column
                if self._kinds[column] or column in self._words:
                    raise SourceError(f"column {column + 1} has no name in the header; name it")
                continue
            kinds[name] = self._kind_of(column, name)
        return kinds

    def _kind_of(self, column: int, name: str) -> str:
        kind, formatted = self._kinds[column], self._formatted.get(column)
        if column in self._labels:
            return "text" if column in self._not_whole or not kind else "whole"
        if kind == "" and (word := self._words.get(column)) is not None:
            return "text" if self._is_label(column, name, word) else ""
        if kind == "text" and formatted is not None and formatted.are_formatted:
            if not formatted.are_grouped:
                raise SourceError(self._describe(column, formatted))
            return "grouped"
        if column in self._values and kind == "text":
            raise SourceError(
                f"column {name!r}: expected numbers, got booleans among them; correct the file or "
                "name other columns with value_columns="
            )
        return "text" if kind == "padded" else kind

    def _is_label(self, column: int, name: str, word: str) -> bool:
        """Say what a column holds that has nothing but one of the words for a missing number."""
        others_are_values = (
            self._reading.label_columns is not None and self._reading.value_columns is None
        )
        if column in self._values or others_are_values:
            return False
        if self._reading.value_columns is not None:
            return True
        raise SourceError(
            f"column {name!r}: holds nothing but {word!r}, which may be missing numbers or a "
            f"label; pass na_values=[{word!r}] if they are missing, or name the column in "
            "label_columns="
        )


def _roles_by_keyword(names: Sequence[str], reading: ReadOptions) -> Mapping[object, str]:
    """Say which columns hold labels and which hold values, as far as the keywords name them."""
    roles: dict[object, str] = {reading.query_key_level: "label"}
    if reading.variable_column in names and reading.value_column in names:
        roles |= {reading.variable_column: "label", reading.value_column: "value"}
    roles |= dict.fromkeys(reading.value_columns or (), "value")
    return roles | dict.fromkeys(reading.label_columns or (), "label")


def _may_have_leading_zeros(data: bytes, separator: str) -> bool:
    """Say whether an integer may begin with a zero; a look at each column would take long."""
    text = np.frombuffer(b"\n\n" + data + b"\n", np.uint8)
    zeros = np.flatnonzero(text[:-1] == ord("0"))
    zeros = zeros[among(b"0123456789")[text[zeros + 1]]]
    before = text[zeros - 1]
    before = np.where(among(b"+-")[before], text[zeros - 2], before)
    return bool(among(b'\n" ' + separator.encode())[before].any())
