"""Numbers as they are written for readers: ``3,201``, ``0,5``, ``1.234,50``, ``12 004``.

pandas takes them for text. Text becomes a label, so each row would be a series of its own.
"""

from __future__ import annotations

import re

import pandas as pd

from vm_df_writer.files.csv.cells import is_missing
from vm_df_writer.files.csv.dialect import CsvDialect

__all__ = ["FormattedNumbers"]

_A_FEW = 100
_BLANKS = " \u00a0\u202f'"  # between groups: also blanks that break no line, and a Swiss apostrophe


def _forms(decimal: str) -> dict[str, str]:
    """Return what numbers can look like, given the decimal mark; the first that fits counts."""
    point, comma = re.escape(decimal), "," if decimal == "." else r"\."
    group = r"[1-9]\d{0,2}"
    return {
        "whole": r"\d+",
        "plain": rf"(?:\d+{point}\d*|{point}?\d+)(?:[eE][+-]?\d+)?",
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
        self.are_numbers = True
        self._dialect = dialect
        self._examples: dict[str, str] = {}

    def add(self, texts: pd.Series) -> None:
        """Look at more cells of the column."""
        cells = texts[~is_missing(texts, self._dialect)]
        for some in (cells.iloc[:_A_FEW], cells):
            rest = some.drop_duplicates()
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
        return self.are_numbers and bool(self._examples.keys() - {"whole", "plain"})

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
        allowed = {"whole", "plain"}
        if mark == other:
            allowed |= {"groups", "group or fraction"}
        elif mark is not None and mark in _BLANKS:
            allowed |= {"blanks"}
        return mark is not None and self.are_numbers and self._examples.keys() <= allowed

    def describe(self, column: str) -> str:
        """Say what they look like, and which option reads them."""
        forms = self._examples
        odd = next(text for form, text in forms.items() if form not in ("whole", "plain"))
        decimal, other = self._dialect.decimal, "," if self._dialect.decimal == "." else "."
        mark, its = ("comma", "decimal comma") if other == "," else ("point", "decimal point")
        has_fractions, has_groups = "fraction" in forms, "groups" in forms
        has_groups |= "group or fraction" in forms and "plain" in forms and not has_fractions
        start = f"column {column!r}: {odd!r}"
        end = ", or name the column in label_columns= if it is a label"
        if "blanks" in forms and len(forms.keys() - {"whole", "plain"}) == 1:
            blank = next(sign for sign in odd if sign in _BLANKS)
            return f"{start} looks like digits in groups; pass thousands={blank!r}{end}"
        if "groups and fraction" in forms and not has_groups:
            options = f"decimal={other!r} and thousands={decimal!r}"
            return f"{start} looks like a number with a {its} and groups; pass {options}{end}"
        if has_fractions and not has_groups and "plain" not in forms:
            return f"{start} looks like a number with a {its}; pass decimal={other!r}{end}"
        if has_groups and not has_fractions:
            return f"{start} looks like digits in groups; pass thousands={other!r}{end}"
        if "group or fraction" in forms and not has_fractions:
            return (
                f"{start} may have a {its} or a {mark} between thousands; pass "
                f"decimal={other!r} or thousands={other!r}{end}"
            )
        shown = " and ".join(map(repr, forms.values()))
        return f"column {column!r}: {shown} are written in different ways; correct the file{end}"
