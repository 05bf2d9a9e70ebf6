"""Where the lines of a CSV end, and how many cells each has, quotes minded."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from vm_df_writer.errors import SourceError

__all__ = ["among", "check_cell_counts", "first_line_end", "last_line_end"]

_QUOTE, _LINE_FEED, _BLANK = b'"\n '


def last_line_end(data: bytes, separator: str) -> int:
    r"""Return where the last whole line ends, given that `data` begins with one; 0 if nowhere.

    Examples
    --------
    >>> last_line_end(b'a,1\n"b\nb",2\n"c\nc', ",")
    12
    >>> last_line_end(b'5" disk,1\n6" disk,2\n7" di', ",")
    20
    """
    if b'"' not in data:
        return data.rfind(b"\n") + 1
    ends = _line_ends(data, separator)
    return int(ends[-1]) + 1 if len(ends) else 0


def first_line_end(data: bytes, separator: str) -> int:
    """Return where the first line ends; the end of `data` if nowhere."""
    end = data.find(b"\n") + 1
    if not end or b'"' not in data[:end]:
        return end or len(data)
    ends = _line_ends(data, separator)
    return int(ends[0]) + 1 if len(ends) else len(data)


def check_cell_counts(data: bytes, separator: str, n_names: int, first_line: int) -> None:
    """Refuse lines that have more cells than the header has names; some may have fewer.

    pandas would take the first cells of such lines for an index, or leave out the last ones.

    Parameters
    ----------
    data : bytes
        Whole lines.
    separator : str
        The character between cells.
    n_names : int
        The names in the header.
    first_line : int
        The number of the first line in the file, from 1.

    Raises
    ------
    SourceError
        Names the first of them.
    """
    text = np.frombuffer(data, np.uint8)
    is_separator = text == ord(separator)
    if b'"' in data:
        is_separator &= _outside_quotes(data, separator)
    ends = np.append(_line_ends(data, separator), len(data))
    cells = np.diff(np.searchsorted(np.flatnonzero(is_separator), ends), prepend=0) + 1
    if (cells > n_names).any():
        bad = int((cells > n_names).argmax())
        line = first_line + (data.count(b"\n", 0, int(ends[bad - 1]) + 1) if bad else 0)
        raise SourceError(
            f"line {line:,} has {cells[bad]} cells, and the header has {n_names} "
            f"names; name every column, put cells that hold {separator!r} in double quotes, or "
            "name another separator="
        )


def among(some: bytes) -> npt.NDArray[np.bool_]:
    """Return a table that says of each byte whether it is one of some."""
    table = np.zeros(256, dtype=bool)
    table[[*some]] = True
    return table


def _line_ends(data: bytes, separator: str) -> npt.NDArray[np.intp]:
    ends = np.frombuffer(data, np.uint8) == _LINE_FEED
    if b'"' in data:
        ends &= _outside_quotes(data, separator)
    return np.flatnonzero(ends)


def _outside_quotes(data: bytes, separator: str) -> npt.NDArray[np.bool_]:
    """Mark what is in no quoted cell, as pandas' parser sees it.

    A quote opens only where a cell begins; elsewhere, as in ``5" disk``, it is a character.
    """
    text = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(text == _QUOTE)
    if _open_and_close(text, quotes, separator):
        toggles = np.zeros(len(text), dtype=np.uint8)
        toggles[quotes] = 1
        quoted_so_far = np.cumsum(toggles, dtype=np.uint8)  # it wraps, and stays odd or even
        outside: npt.NDArray[np.bool_] = quoted_so_far & 1 == 0
        return outside
    outside = np.ones(len(text), dtype=bool)
    pattern = rb'(?:\A|[\n\r%s])[ \t]*("[^"]*(?:""[^"]*)*(?:"|\Z))' % re.escape(separator.encode())
    for match in re.finditer(pattern, data):
        outside[match.start(1) : match.end(1)] = False
    return outside


def _open_and_close(
    text: npt.NDArray[np.uint8], quotes: npt.NDArray[np.intp], separator: str
) -> bool:
    """Say whether every other quote opens a cell, and each between closes it or stands twice."""
    borders = among(b'\n\r"' + separator.encode())
    framed = np.concatenate([[_LINE_FEED, _LINE_FEED], text, [_LINE_FEED]]).astype(np.uint8)
    opening, closing = quotes[::2] + 2, quotes[1::2] + 2
    before = framed[opening - 1]
    before = np.where(before == _BLANK, framed[opening - 2], before)
    return bool(borders[before].all() and borders[framed[closing + 1]].all())
