"""The forms in which people and programs write times, other than ISO 8601."""

from __future__ import annotations

import re
from itertools import product

import pandas as pd

__all__ = ["forms_of", "how_to_convert"]

_EXAMINED = 10_000
_CLOCKS = (
    *("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %H.%M.%S"),
    *(" %H", " @ %H:%M:%S.%f", ":%H:%M:%S %z", " %I.%M.%S.%f %p", ", %H:%M:%S", ", %I:%M:%S %p"),
)
# Of dates in digits the day or the month may come first; both are tried.
_IN_DIGITS = tuple(
    f"{first}{sign}{second}{sign}{year}"
    for sign in "/.-"
    for year in ("%Y", "%y")
    for first, second in (("%d", "%m"), ("%m", "%d"))
)
_YEAR_FIRST = ("%y-%m-%d", "%y/%m/%d", "%y.%m.%d")
_WITH_NAMES = (
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%b %d, %Y", "%b %d %Y"),
    *("%d %B %Y", "%B %d, %Y", "%d. %B %Y"),
)
# A time, and the end of an interval behind it.
_INTERVAL = re.compile(r".*\d.*?(\s+[-\u2013]\s+|/(?=\d{4}-)).*\d.*")
_QUARTER = re.compile(r"\d{4}[ -]?Q[1-4]")
_WHOLE = (
    *("%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S %Z %Y", "%a, %d %b %Y %H:%M:%S %z"),
    *("%a, %d %b %Y %H:%M:%S %Z", "%Y-%m-%d %H:%M:%S,%f", "%Y-%m-%d %H:%M:%S %Z", "%G-W%V-%u"),
    *("%Y-%m-%d_%H:%M:%S", "%Y-%m-%d-%H.%M.%S.%f", "%Y%m%d %H:%M", "%Y%m%d %H:%M:%S", "%Y%j"),
)


def forms_of(texts: pd.Index) -> list[str]:
    """Return the forms, in the codes of strptime, that all of some texts have.

    Examples
    --------
    >>> forms_of(pd.Index(["13/03/2026 06:00"])), forms_of(pd.Index(["1-MAR-26"]))
    (['%d/%m/%Y %H:%M'], ['%d-%b-%y'])
    >>> forms_of(pd.Index(["03/04/2026"]))
    ['%d/%m/%Y', '%m/%d/%Y']
    """
    texts = texts[:_EXAMINED]
    if not len(texts):
        return []
    dates = (*_IN_DIGITS, *_YEAR_FIRST, *_WITH_NAMES)
    forms = [*map("".join, product(dates, _CLOCKS)), *_WHOLE]
    for some in (texts[:1], texts):  # most forms do not fit the first
        forms = [form for form in forms if _fits(some, form)]
    return forms


def _fits(texts: pd.Index, form: str) -> bool:
    has_zone = "%z" in form or "%Z" in form
    try:
        times = pd.to_datetime(texts, format=form, utc=has_zone, errors="coerce")
    except Exception:  # noqa: BLE001 - each pandas has its own for hours that clocks skip
        return False
    return bool(times.notna().all())


def how_to_convert(texts: pd.Index, column: str) -> tuple[str, str]:
    """Return what to do with text that is in no form of ISO 8601: in a frame, and in a file.

    Parameters
    ----------
    texts : Index of str
        The known ones.
    column : str
        The code of the column.
    """
    known, forms = list(map(str, texts[:_EXAMINED].tolist())), forms_of(texts)
    if known and all(map(_QUARTER.fullmatch, known)):
        hint = f"convert it with {column} = pd.PeriodIndex({column}, freq='Q').to_timestamp()"
        return hint, "write the first day of each quarter into the file"
    intervals = list(map(_INTERVAL.fullmatch, known))
    if not forms and intervals and intervals[0] and all(intervals):
        separator = intervals[0][1]
        forms = forms_of(pd.Index([text.split(separator)[0] for text in known]))
        options = f", format={forms[0]!r}" if len(forms) == 1 else ""
        hint = f"these are intervals; take their starts with {column} = pd.to_datetime({column}"
        return (
            f"{hint}.str.split({separator!r}).str[0]{options})",
            "these are intervals; write the start of each into the file",
        )
    if len(forms) == 1:
        hint = f"convert it with {column} = pd.to_datetime({column}, format={forms[0]!r})"
        return hint, f"pass time_format={forms[0]!r}"
    if len(forms) == 2 and forms[0][1] == "d" and forms[1][1] == "m":
        hint = (
            f"convert it with pd.to_datetime, and say with format= whether the day comes first "
            f"({forms[0]!r}) or the month ({forms[1]!r})"
        )
        file_hint = (
            f"pass time_format={forms[0]!r} if the day comes first, or time_format={forms[1]!r} if "
            "the month does"
        )
        return hint, file_hint
    if forms:
        hint = "convert it with pd.to_datetime, and say which form it has with format="
        ways = ", or ".join(f"time_format={form!r}" for form in forms[:4])
        return (
            f"{hint}: {' or '.join(map(repr, forms[:4]))}",
            f"pass the form that is meant: {ways}",
        )
    return (
        "convert the column with pd.to_datetime",
        "name the form with time_format=, such as time_format='%d/%m/%Y %H:%M'",
    )
