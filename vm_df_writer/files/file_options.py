"""The file options: how text becomes cells and times, declared once for every caller."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from vm_df_writer.display.text import did_you_mean, shown
from vm_df_writer.errors import FrameError

__all__ = ["FileOptions"]

DecimalMark = Literal[".", ","]

# What a shell cannot type easily.
_NAMED_SEPARATORS = {"tab": "\t", r"\t": "\t"}


def _option(description: str, default: Any = None) -> Any:
    return field(default=default, metadata={"help": description})


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    r"""How files are to be read; by default the files themselves show it.

    All but those of the time concern text files (CSV and TSV) alone. Each field's
    ``metadata["help"]`` is the text that the command line shows.

    Attributes
    ----------
    separator : str or None
        The character between cells; ``"tab"`` is a tab.
    decimal : {".", ","} or None
        The decimal mark.
    thousands : str or None
        The character between groups of three digits; without it such numbers are refused.
    encoding : str or None
        The encoding, by a name that Python knows.
    time_format : str or None
        The form of the times, in the codes of ``strptime``; ``"excel"`` is the serial dates of
        spreadsheets.
    time_columns : sequence of str
        Columns that are the time together, such as one of dates and one of times of day; they
        become a column ``timestamp``.
    na_values : sequence of str
        Further words for a missing value, in numbers and in text.
    chunk_bytes : int
        How much text is read at a time; a chunk is a part of a job. It bounds the memory.

    Raises
    ------
    FrameError
        If an option has an impossible value.

    Examples
    --------
    >>> FileOptions(separator="tab").separator
    '\t'
    >>> FileOptions.of(decimals=",")
    Traceback (most recent call last):
        ...
    vm_df_writer.errors.FrameError: decimals: not a file option; did you mean 'decimal'?
    """

    separator: str | None = _option("text files: the character between cells, or 'tab'")
    decimal: DecimalMark | None = _option("text files: the decimal mark")
    thousands: str | None = _option("text files: the character between groups of three digits")
    encoding: str | None = _option("text files: the encoding, such as cp1252 or utf-16")
    time_format: str | None = _option("the form of the times, such as '%d/%m/%Y %H:%M', or 'excel'")
    time_columns: Sequence[str] = _option("a column that is the time together with others", ())
    na_values: Sequence[str] = _option("text files: a further word for a missing value", ())
    chunk_bytes: int = _option("text files: how many bytes are read at a time", 16 * 2**20)

    @classmethod
    def of(cls, **options: Any) -> FileOptions:
        """Check the options and fill in the defaults."""
        known = [f.name for f in fields(cls)]
        for name in options:
            if name not in known:
                raise FrameError(f"{name}: not a file option{did_you_mean(name, known)}")
        return cls(**options)

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        named = _NAMED_SEPARATORS.get(str(self.separator), self.separator)
        object.__setattr__(self, "separator", named)
        for name in ("separator", "thousands"):
            mark = getattr(self, name)
            is_mark = isinstance(mark, str) and len(mark.encode()) == 1 and mark not in '"\r\n'
            # pandas splits cells at a single byte. Groups may be parted by a narrow blank, too.
            if name == "thousands":
                is_mark = isinstance(mark, str) and len(mark) == 1 and not mark.isalnum()
            if mark is not None and not is_mark:
                raise FrameError(f"{name}: expected one character, got {shown(mark)}")
        if self.decimal is not None and self.decimal not in get_args(DecimalMark):
            raise FrameError(f"decimal: expected '.' or ',', got {shown(self.decimal)}")
        if not isinstance(self.chunk_bytes, int) or self.chunk_bytes < 1:
            raise FrameError(f"chunk_bytes: expected a positive int, got {shown(self.chunk_bytes)}")
        self._check_marks_differ()
        self._check_encoding()
        form = self.time_format
        if form is not None and form != "excel" and "%" not in str(form):
            raise FrameError(
                "time_format: expected codes such as '%d/%m/%Y %H:%M', got "
                f"{shown(self.time_format)}; see the codes of Python's strptime"
            )
        for name in ("na_values", "time_columns"):
            found = getattr(self, name)
            if isinstance(found, str):
                raise FrameError(
                    f"{name}: expected a list, got the string {found!r}; write [{found!r}]"
                )
            object.__setattr__(self, name, tuple(map(str, found)))
        if len(self.time_columns) == 1:
            raise FrameError(
                f"time_columns: expected two or more, got {self.time_columns[0]!r} alone; name the "
                "column of the time with time="
            )

    def _check_marks_differ(self) -> None:
        decimal = self.decimal or "."
        if self.thousands == decimal:
            raise FrameError(
                f"thousands: {shown(self.thousands)} is the decimal mark too; pass another decimal="
            )
        if self.separator is not None and self.separator == decimal:
            raise FrameError(
                f"separator: {shown(self.separator)} is the decimal mark too; change one"
            )

    def _check_encoding(self) -> None:
        try:
            codecs.lookup(self.encoding or "utf-8")
        except (LookupError, TypeError, ValueError):
            raise FrameError(
                f"encoding: {self.encoding!r} is no encoding that Python knows; use a name such as "
                "'utf-8', 'cp1252' or 'utf-16'"
            ) from None
