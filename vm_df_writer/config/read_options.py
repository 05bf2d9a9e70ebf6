"""The reading keywords: how a frame is to be read, declared once for every caller."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NoReturn, TypedDict, get_args, get_type_hints

from vm_df_writer.display.keywords import Keyword
from vm_df_writer.display.text import did_you_mean, shown
from vm_df_writer.errors import ColumnError, FrameError

__all__ = [
    "READING_KEYWORDS",
    "ROLE_KEYWORDS",
    "DuplicatesPolicy",
    "FrameLayout",
    "ReadOptions",
    "ReadingKeywords",
    "RoleKeywords",
    "check_provided",
]

LayoutChoice = Literal["auto", "wide", "long", "melted"]
FrameLayout = Literal["wide", "long", "melted"]
DuplicatesPolicy = Literal["last", "first", "max", "error", "keep"]
InfPolicy = Literal["drop", "error", "keep"]
TimeUnit = Literal["s", "ms", "us", "ns"]


# Powers of ten up to here are exact in float64.
_MOST_DIGITS = 22


class RoleKeywords(TypedDict, total=False):
    """The keywords of :class:`ReadOptions` but `layout` and `duplicates`."""

    query_key: str | None
    labels: Mapping[str, object]
    time: Hashable
    time_unit: TimeUnit | None
    naive_tz: str
    label_columns: Sequence[Hashable] | None
    value_columns: Sequence[Hashable] | None
    var: str | None
    column_label: str | None
    var_level: str
    query_key_level: str
    variable_column: Hashable
    value_column: Hashable
    provide_series: Sequence[str] | None
    inf: InfPolicy
    significant_figures: int | None
    round_digits: int | None


class ReadingKeywords(RoleKeywords, total=False):
    """The keywords of :class:`ReadOptions`, as `write`, `preview` and the others take them."""

    layout: LayoutChoice
    duplicates: DuplicatesPolicy


def _keyword(default: Any, description: str) -> Any:
    return field(default=default, metadata={"help": description})


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How a frame is to be read; the defaults read what needs no telling.

    Each field's ``metadata["help"]`` is the text that the command line shows.

    Examples
    --------
    >>> ReadOptions.of(query_key="cpu").query_key
    'cpu'
    >>> ReadOptions.of(querykey="cpu")
    Traceback (most recent call last):
        ...
    vm_df_writer.errors.FrameError: querykey: not a reading keyword; did you mean 'query_key'?
    """

    layout: LayoutChoice = _keyword("auto", "how the frame is laid out")
    query_key: str | None = _keyword(None, "what $QUERY_KEY stands for")
    labels: Mapping[str, object] = field(
        default_factory=dict, metadata={"help": "labels that every series gets"}
    )
    time: Hashable = _keyword(None, "the column or index level that holds the time")
    time_unit: TimeUnit | None = _keyword(None, "the unit of timestamps that are numbers")
    naive_tz: str = _keyword("UTC", "the zone of timestamps that name none")
    label_columns: Sequence[Hashable] | None = _keyword(
        None, "the columns that hold labels; then no other column becomes one"
    )
    value_columns: Sequence[Hashable] | None = _keyword(None, "the columns that hold values")
    var: str | None = _keyword(None, "what $VAR stands for, where each column is one series")
    column_label: str | None = _keyword(
        None, "the label that takes the column name, where each column is one series"
    )
    var_level: str = _keyword("var", "the level of MultiIndex columns that $VAR stands for")
    query_key_level: str = _keyword("query_key", "the level or column that $QUERY_KEY stands for")
    variable_column: Hashable = _keyword("variable", "melted: the column that $VAR stands for")
    value_column: Hashable = _keyword("value", "melted: the column that holds the values")
    provide_series: Sequence[str] | None = _keyword(None, "write only these variables")
    duplicates: DuplicatesPolicy = _keyword(
        "last", "which sample stays when a series has two at one millisecond"
    )
    inf: InfPolicy = _keyword("drop", "what happens to infinite values")
    significant_figures: int | None = _keyword(None, "round values to this many figures")
    round_digits: int | None = _keyword(None, "round values to this many decimal digits")

    @classmethod
    def of(cls, **keywords: Any) -> ReadOptions:
        """Check the keywords and fill in the defaults.

        Raises
        ------
        FrameError
            If a keyword is unknown or has an impossible value.
        """
        known = [f.name for f in fields(cls)]
        for name in keywords:
            if name not in known:
                raise FrameError(f"{name}: not a reading keyword{did_you_mean(name, known)}")
        return cls(**keywords)

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        self._check_choices()
        self._check_names()
        for name in ("label_columns", "value_columns", "provide_series"):
            if (found := getattr(self, name)) is not None:
                object.__setattr__(self, name, _listed(name, found))
        self._check_digits()
        if not isinstance(self.labels, Mapping) or not all(
            isinstance(name, str) for name in self.labels
        ):
            raise FrameError(
                f"labels: expected a mapping of label names to values, got {shown(self.labels)}"
            )

    def _check_choices(self) -> None:
        for name, choices in (
            ("layout", LayoutChoice),
            ("duplicates", DuplicatesPolicy),
            ("inf", InfPolicy),
        ):
            allowed, found = get_args(choices), getattr(self, name)
            if found not in allowed:
                raise FrameError(
                    f"{name}: expected one of {', '.join(allowed)}, got {shown(found)}"
                    + did_you_mean(found, allowed)
                )
        if self.time_unit is not None and self.time_unit not in get_args(TimeUnit):
            raise FrameError(
                f"time_unit: expected one of s, ms, us, ns, got {shown(self.time_unit)}"
            )

    def _check_digits(self) -> None:
        for name, least in (("significant_figures", 1), ("round_digits", -_MOST_DIGITS)):
            found = getattr(self, name)
            is_count = isinstance(found, int) and not isinstance(found, bool)
            if found is not None and not (is_count and least <= found <= _MOST_DIGITS):
                raise FrameError(
                    f"{name}: expected a whole number from {least} to {_MOST_DIGITS}, got "
                    f"{shown(found)}"
                )

    def _check_names(self) -> None:
        for name in ("query_key", "var", "column_label", "var_level", "query_key_level"):
            found = getattr(self, name)
            if found is not None and not isinstance(found, str):
                raise FrameError(f"{name}: expected text, got {shown(found)}")
            _check_unicode(name, found)
        for name in ("time", "variable_column", "value_column"):
            if not isinstance(getattr(self, name), Hashable):
                raise FrameError(f"{name}: expected one name, got {shown(getattr(self, name))}")
            _check_unicode(name, getattr(self, name))


def _listed(keyword: str, names: Iterable[Hashable]) -> tuple[Hashable, ...]:
    """Return names, which may be an Index or a generator, as a tuple."""
    if isinstance(names, str):
        raise FrameError(
            f"{keyword}: expected a list of names, got the string {names!r}; write [{names!r}]"
        )
    listed = tuple(names)
    for name in listed:
        _check_unicode(keyword, name)
    if not listed and keyword != "label_columns":
        raise FrameError(f"{keyword}: the list is empty; leave it out, or name what to write")
    return listed


def _check_unicode(keyword: str, name: object) -> None:
    """Refuse text that no server can store, and that pandas cannot look up in Arrow's text."""
    try:
        if isinstance(name, str):
            name.encode()
    except UnicodeEncodeError:
        raise FrameError(
            f"{keyword}: {name!r} is not valid Unicode (a lone surrogate); rename it"
        ) from None


def _keywords_of(family: type) -> tuple[Keyword, ...]:
    """Describe the keywords of a family, in the order of the fields."""
    kinds, defaults = get_type_hints(family), ReadOptions()
    return tuple(
        Keyword(f.name, kinds[f.name], getattr(defaults, f.name), _sentence(f.metadata["help"]))
        for f in fields(ReadOptions)
        if f.name in kinds
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


READING_KEYWORDS = _keywords_of(ReadingKeywords)
ROLE_KEYWORDS = _keywords_of(RoleKeywords)


def check_provided(wanted: Sequence[str], variables: Sequence[str]) -> NoReturn:
    """Refuse `provide_series` that would leave nothing to write."""
    raise ColumnError(
        f"provide_series: none of {', '.join(map(repr, wanted))} is a variable of the frame "
        f"(there are: {', '.join(map(repr, variables[:20]))})"
    )
