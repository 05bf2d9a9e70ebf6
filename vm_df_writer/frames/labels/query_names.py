"""Names that a query cannot write as they are: stored all the same, and warned of."""

from __future__ import annotations

from collections.abc import Iterable

from vm_df_writer.display.warn import warn_caller
from vm_df_writer.warning_classes import NameWarning

__all__ = ["is_plain_name", "warn_of_names"]

_MOST_SHOWN = 3


def is_plain_name(name: str) -> bool:
    """Say whether MetricsQL takes a name of a metric or label without quotes.

    It takes letters of any script, digits, ``_``, ``:`` and ``.``; the first one is no digit.
    PromQL takes no letters beyond ASCII and no ``.``.

    Examples
    --------
    >>> [is_plain_name(name) for name in ("cpu:usage.p99", "température", "a-b", "score (%)")]
    [True, True, False, False]
    """
    return name.isidentifier() or name.replace(":", "_").replace(".", "_").isidentifier()


def warn_of_names(metric_names: Iterable[str], label_names: Iterable[str]) -> None:
    """Warn once of all names that a query must quote."""
    metrics = [name for name in metric_names if name and not is_plain_name(name)]
    labels = [name for name in label_names if not is_plain_name(name)]
    if not metrics and not labels:
        return
    odd = [*metrics, *labels]
    shown = ", ".join(map(repr, odd[:_MOST_SHOWN]))
    more = f" and {len(odd) - _MOST_SHOWN} more" if len(odd) > _MOST_SHOWN else ""
    query = f"{{__name__={metrics[0]!r}}}" if metrics else f'{{"{labels[0]}"="..."}}'
    warn_caller(
        f"names: {shown}{more} cannot stand in a query without quotes; rename the columns, such as "
        f"frame.rename(columns=...), or quote them: {query}",
        NameWarning,
    )
