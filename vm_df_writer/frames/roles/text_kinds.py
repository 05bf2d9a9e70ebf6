"""What text looks like: a name, or a number, a time or an answer that was written down as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

__all__ = ["TextKind", "conversion_of", "is_time_of_day", "is_time_text", "kind_of_text"]

TextKind = Literal[
    "missing", "time of day", "time", "number", "formatted number", "answer", "uuid",
    "identifier", "words",
]  # fmt: skip

_EXAMINED = 200

# What programs and people write where there is nothing.
_MISSING = frozenset(
    ("", "-", "--", "---", "?", ".", "*", "\\n", "na", "n/a", "#n/a", "nan", "nil", "null", "none",
     "missing", "<na>", "nat", "no data", "nodata", "undefined", "unavailable", "#div/0!", "#ref!",
     "#value!", "#num!", "#name?")
)  # fmt: skip
_ANSWERS = frozenset(("yes", "no", "y", "n", "true", "false", "t", "f", "on", "off"))
_TIME_OF_DAY = re.compile(
    r"(\d{1,2}:\d\d(:\d\d([.,]\d+)?)?|\d{1,2}\.\d\d\.\d\d)(\s*[AaPp]\.?[Mm]\.?)?"
)
_DATE = r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d\d))"
# Behind a date: a time of day, its zone, and the other end of an interval.
_TIME = re.compile(_DATE + r"([T t_-]\s*\d{1,2}[\w\s:.,+/-]*)?")
_DIGITS = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_PADDED = re.compile(r"0\d+")
_NUMBER = r"[-+(]?\s*(\d{1,3}([,.'\s  ]\d{3})+|\d+)([.,]\d+)?([eE][-+]?\d+)?\)?"
_MARK = r"[$€£¥₹]|USD|EUR|GBP|CHF"
# A unit: a mark such as % or °C, or letters, of which a blank or nothing parts it.
_UNIT = r"(?!\d)[%‰°µμΩ\w/²³·^]{1,10}"
_FORMATTED = re.compile(rf"(({_MARK})\s*)?{_NUMBER}(\s*({_MARK})|\s*{_UNIT})?")
# Of money: a mark, digits in groups, and what was spent in brackets.
_AMOUNT = re.compile(
    r"(?=.*[$€£¥₹(])[-+]?[$€£¥₹]?\s?\(?[$€£¥₹]?\s?\d{1,3}(,?\d{3})*(\.\d+)?\)?\s?[€£¥₹]?"
)
# An exponent is of the number, and no unit.
_WITH_UNIT = re.compile(r"[-+]?\d+(\.\d+)?(?![eE][-+]?\d)[^\d.].*", re.DOTALL)
_UUID = re.compile(r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?")
_IDENTIFIER = re.compile(r"(?=.*[\d._:/@-])[\w.:/@#-]+")


def kind_of_text(texts: Sequence[str]) -> TextKind:
    """Say what the distinct texts of a column look like: what more than half of them do.

    Missing values and times of day have to be all of it. An absent text says nothing.

    Examples
    --------
    >>> kind_of_text(["53.2%", "51.0%"]), kind_of_text(["3,201", "980"]), kind_of_text(["4 TB"])
    ('formatted number', 'formatted number', 'formatted number')
    >>> kind_of_text(["p50", "p99"]), kind_of_text(["007", "113"]), kind_of_text(["Idle"])
    ('identifier', 'identifier', 'words')
    >>> kind_of_text(["2026-03-01T00:00Z"]), kind_of_text(["23:58:00"]), kind_of_text(["-"])
    ('time', 'time of day', 'missing')
    """
    seen = list(texts[:: max(1, len(texts) // _EXAMINED)])
    known = [text for text in seen if text.strip().lower() not in _MISSING]
    if not known:
        return "missing"
    if all(map(is_time_of_day, known)):
        return "time of day"
    if all(text.strip().lower() in _ANSWERS for text in known):
        return "answer"
    if any(map(_PADDED.fullmatch, known)) and all(text.strip().isdigit() for text in known):
        return "identifier"  # of a number no one writes the leading zeros
    tests: list[tuple[TextKind, Callable[[str], object]]] = [
        ("number", lambda text: _DIGITS.fullmatch(text.strip())),
        ("time", is_time_text),
        ("uuid", lambda text: _UUID.fullmatch(text.strip())),
        ("formatted number", lambda text: _FORMATTED.fullmatch(text.strip())),
        ("identifier", lambda text: _IDENTIFIER.fullmatch(text.strip())),
    ]
    for kind, looks_so in tests:
        if sum(map(bool, map(looks_so, known))) > len(known) / 2:
            return kind
    return "words"


def is_time_of_day(text: str) -> bool:
    """Say whether text is a time without a date, such as ``23:58``."""
    return _TIME_OF_DAY.fullmatch(text.strip()) is not None


def is_time_text(text: str) -> bool:
    """Say whether text begins with a whole date, in digits, of whatever order.

    Examples
    --------
    >>> [
    ...     is_time_text(text)
    ...     for text in ("2026-03-01T00:00Z", "3/4/2026 12:00 AM", "2026-01", "1.5")
    ... ]
    [True, True, False, False]
    """
    return _TIME.fullmatch(text.strip()) is not None


def conversion_of(column: str, texts: Sequence[str]) -> str | None:
    """Return the pandas expression that makes numbers of formatted ones; None if none is safe.

    Examples
    --------
    >>> conversion_of("frame['cpu']", ["53.2%"])
    "frame['cpu'].str.rstrip('% ').astype(float)"
    >>> conversion_of("frame['n']", ["3,201", "12,004"])
    "frame['n'].str.replace(',', '').astype(float)"
    >>> conversion_of("frame['score']", ["0,487", "3,025"])
    "frame['score'].str.replace(',', '.').astype(float)"
    >>> conversion_of("frame['t']", ["19.5 °C", "66.2 °F"]) is None
    True
    """
    given = [text for text in texts if text.strip().lower() not in _MISSING]
    known = [text.strip() for text in given]
    if not known:
        return None
    if all(text.lower() in _ANSWERS for text in known):
        yes = ("yes", "y", "true", "t", "on")
        answers = {text: int(text.strip().lower() in yes) for text in given}
        return f"{column}.map({answers})"
    if missing := [text for text in texts if text.strip().lower() in _MISSING]:
        column = f"{column}.mask({column}.isin({missing}))"
    if all(re.fullmatch(r"[-+]?\d+(\.\d+)?\s*%", text) for text in known):
        return f"{column}.str.rstrip('% ').astype(float)"
    if all(_DIGITS.fullmatch(text) for text in known):
        return f"{column}.astype(float)"
    if all(re.fullmatch(r"[-+]?\d+,\d+[eE][-+]?\d+", text) for text in known):
        return f"{column}.str.replace(',', '.').astype(float)"
    if all(_AMOUNT.fullmatch(text) for text in known):
        plain = f"{column}.str.replace(r'[$€£¥₹, )]', '', regex=True)"
        return f"{plain}.str.replace('(', '-').astype(float)"
    if all(re.fullmatch(r"[-+]?[\d,]+(\.\d+)?", text) for text in known):
        is_grouped = all(
            re.fullmatch(r"[-+]?[1-9]\d{0,2}(,\d{3})*(\.\d+)?", text) for text in known
        )
        return f"{column}.str.replace(',', '{'' if is_grouped else '.'}').astype(float)"
    units = {re.sub(r"^[-+]?[\d.]+", "", text) for text in known}
    if len(units) == 1 and all(map(_WITH_UNIT.fullmatch, known)):
        return f"{column}.str.removesuffix({units.pop()!r}).astype(float)"
    return None
