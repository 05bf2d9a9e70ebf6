"""Durations of rules, which Prometheus and vmalert write alike: ``5m``, ``1h30m``."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from vm_df_writer.config.field_types import Duration
from vm_df_writer.config.seconds import seconds_of
from vm_df_writer.errors import ConfigError

__all__ = ["duration_text", "read_duration"]

_DURATION: TypeAdapter[str] = TypeAdapter(Duration)
_UNITS_S = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def read_duration(keyword: str, value: str) -> float:
    """Return the seconds of a duration; ``0s`` is one.

    Raises
    ------
    ConfigError
        If it is none; names the keyword.

    Examples
    --------
    >>> read_duration("for_", "1h30m"), read_duration("for_", "0s")
    (5400.0, 0.0)
    """
    if value in ("0", "0s"):
        return 0.0
    try:
        return seconds_of(_DURATION.validate_python(value))
    except ValidationError as error:
        text = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{keyword}: {text}") from None


def duration_text(seconds: float) -> str:
    """Return a duration, rounded up to whole seconds.

    Examples
    --------
    >>> duration_text(300), duration_text(5400), duration_text(0.2)
    ('5m', '1h30m', '1s')
    """
    rest, text = -int(-seconds // 1), ""
    for unit, unit_s in _UNITS_S.items():
        n, rest = divmod(rest, unit_s)
        text += f"{n}{unit}" if n else ""
    return text or "0s"
