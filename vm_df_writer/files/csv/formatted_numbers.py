"""Numbers as they are written for readers: ``3,201``, ``0,5``, ``1.234,50``, ``12 004``.

pandas takes them for text. Text becomes a label, so each row would be a series of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from vm_df_writer.files.csv.cells import is_missing
from vm_df_writer.files.csv.dialect import CsvDialect

__all__ = ["FormattedNumbers"]

_A_FEW = 100
_READ_AS_THEY_ARE = {"whole", "plain", "infinite"}
_BLANKS = " \u00a0\u202f'"  # between groups: also blanks that break no line, and a Swiss apostrophe


def _forms(decimal: str) -> dict[str, str]:
    """Return what numbers can look like, given the decimal mark; the first that fits counts."""
    point, comma = re.escape(decimal), "," if decimal == "." else r"\."
    group = r"[1-9]\d{0,2}"
    return {
        "whole": r"\d+(?:[eE][+-]?\d+)?",
        "plain": rf"(?:\d+{point}\d*|{point}?\d+)(?:[eE][+-]?\d+)?",
        "infinite": r"(?i:inf(?:inity)?)",
        "group or fraction": rf"{group}{comma}\d{{3}}",
        "fraction": rf"\d*{comma}\d+",
        "groups": rf"{group}(?:{comma}\d{{3}})+(?:{point}\d+)?",
        "groups and fraction": rf"{group}(?:{point}\d{{3}})+(?:{comma}\d+)?",
        "blanks": rf"{group}(?:[{_BLANKS}]\d{{3}})+(?:[.,]\d+)?",
    }


class FormattedNumbers:
    """Whether all that a column of text has shown so far are numbers, and in which forms.

    Parameters
    ----------
    dialect : CsvDialect
        How the file is written.

    Examples
    --------
    >>> found = FormattedNumbers(CsvDialect())
    >>> found.add(pd.Series(["12", "3,201", "NA"]))
    >>> found.describe("requests").split(";")[0]
    "column 'requests': '3,201' may have a decimal comma or a comma between thousands"
    >>> found.add(pd.Series(["web-01"]))
    >>> found.are_numbers
    False
    """

    def __init__(self, dialect: CsvDialect) -> None:
        self.are_numbers: bool = True
        self._dialect = dialect
        self._examples: dict[str, str] = {}

    def add(self, texts: pd.Series) -> None:
        """Look at more cells of the column."""
        cells = texts[~is_missing(texts, self._dialect)]
        for some in (cells.iloc[:_A_FEW], cells):
            rest = some.drop_duplicates() if self.are_numbers else some.iloc[:0]
            for name, form in _forms(self._dialect.decimal).items():
                fits = rest.str.fullmatch(rf"[+-]?(?:{form})").astype(bool)
                if fits.any():
                    self._examples.setdefault(name, rest[fits].iloc[0])
                rest = rest[~fits]
            if len(rest):
                self.are_numbers = False
                return

    @property
    def are_formatted(self) -> bool:
        """Whether all are numbers, and some of them none that pandas reads."""
        return self.are_numbers and bool(self._examples.keys() - _READ_AS_THEY_ARE)

    @property
    def show_decimal_commas(self) -> bool:
        """Whether they can only be numbers with decimal commas."""
        forms = self._examples.keys()
        return (
            self.are_numbers
            and "fraction" in forms
            and not forms & {*("plain", "groups", "groups and fraction", "blanks")}
        )

    @property
    def show_points(self) -> bool:
        """Whether some of them have a decimal point."""
        return self.are_numbers and "plain" in self._examples

    @property
    def are_grouped(self) -> bool:
        """Whether they are numbers in groups of the mark that the dialect names."""
        mark, other = self._dialect.thousands, "," if self._dialect.decimal == "." else "."
        allowed = {*_READ_AS_THEY_ARE}
        if mark == other:
            allowed |= {"groups", "group or fraction"}
        elif mark is not None and mark in _BLANKS:
            allowed |= {"blanks"}
        return mark is not None and self.are_numbers and self._examples.keys() <= allowed

    def describe(
        self, column: str, *, beside_fractions: bool = False, others: Sequence[str] = ()
    ) -> str:
        """Say what they look like, and which option reads them.

        Parameters
        ----------
        column : str
            The name of the column.
        beside_fractions : bool
            Whether there are numbers in it, too, that pandas reads as fractions.
        others : sequence of str
            The columns that hold fractions with the decimal mark of the dialect.
        """
        forms = self._examples.keys() | ({"plain"} if beside_fractions else set())
        examples = [text for form, text in self._examples.items() if form not in _READ_AS_THEY_ARE]
        decimal, other = self._dialect.decimal, "," if self._dialect.decimal == "." else "."
        name = {",": "comma", ".": "point"}
        has_fractions = "fraction" in forms
        has_groups = "groups" in forms or (
            {"group or fraction", "plain"} <= forms and not has_fractions
        )
        if forms - _READ_AS_THEY_ARE == {"blanks"}:
            blank = next(sign for sign in examples[0] if sign in _BLANKS)
            found, options = "looks like digits in groups", f"thousands={blank!r}"
        elif has_groups and not has_fractions and "groups and fraction" not in forms:
            found, options = "looks like digits in groups", f"thousands={other!r}"
        elif "plain" in forms or has_groups:
            shown = " and ".join(map(repr, self._examples.values()))
            return f"column {column!r}: {shown} are written in different ways; correct the file"
        elif has_fractions or "groups and fraction" in forms:
            if others:
                return (
                    f"column {column!r}: {examples[0]!r} looks like a number with a decimal "
                    f"{name[other]}, and column {others[0]!r} has decimal {name[decimal]}s; "
                    "correct the file, or name the column in label_columns= if it is a label"
                )
            found, options = (
                f"looks like a number with a decimal {name[other]}",
                f"decimal={other!r}",
            )
            if "groups and fraction" in forms:
                options += f" and thousands={decimal!r}"
        elif others:
            found, options = "looks like digits in groups", f"thousands={other!r}"
        else:
            found = f"may have a decimal {name[other]} or a {name[other]} between thousands"
            options = f"decimal={other!r} or thousands={other!r}"
        return (
            f"column {column!r}: {examples[0]!r} {found}; pass {options}, or name the column in "
            "label_columns= if it is a label"
        )
