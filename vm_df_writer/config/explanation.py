"""What is told of a parameter that is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vm_df_writer.display.text import did_you_mean, shown

__all__ = ["explain"]


def explain(detail: Mapping[str, Any], known: Sequence[str]) -> str:
    """Return what is wrong with a parameter, as pydantic found it, beside the known ones."""
    where, kind = ".".join(map(str, detail["loc"])), detail["type"]
    if kind == "extra_forbidden":
        return f"{where}: not a writer parameter{did_you_mean(where, known)}"
    if kind == "missing":
        return f"{where}: missing; set it, for example to http://localhost:8428"
    if kind == "value_error":
        reason = str(detail["ctx"]["error"])
        return f"{where}: {reason}" if where else reason
    # Secrets are strings, so that only of other types what was found may be told.
    found = "" if kind.startswith("string") else f", got {shown(detail['input'])}"
    return f"{where}: {detail['msg'].replace('Input should be', 'expected', 1)}{found}"
