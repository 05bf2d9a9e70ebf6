"""Whether the files of a job have the same columns, of the same kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.files.source_file import SourceFile

__all__ = ["odd_columns"]

_NUMBERS = ("integers", "unsigned", "floats", "booleans", "grouped")
_FAMILIES = {
    **dict.fromkeys(_NUMBERS, "numbers"),
    "text": "text",
    "whole": "text",
    "times": "times",
}


def _are_different(kind: str, other: str) -> bool:
    """Say whether two kinds cannot be of one column; times may be written as text."""
    return bool(kind and other) and (kind in _NUMBERS) != (other in _NUMBERS)


def odd_columns(sources: Sequence[SourceFile], reading: ReadOptions) -> Mapping[str, str]:
    """Return what is odd about the columns of those sources whose columns are not those of most.

    In a long frame a label column that is missing would merge series, and one more would make
    new ones. In a wide frame a column more or less is a series more or less, and touches no other.
    """
    is_wide = (
        reading.layout == "wide" or reading.var is not None or reading.column_label is not None
    )
    if is_wide or any(
        name.startswith("('") for source in sources for name in source.schema.columns
    ):
        return {}
    # An index without a name is the time, or numbers the rows.
    kinds = {
        source.path: {name: kind for name, kind in source.schema.columns.items() if name}
        for source in sources
        if source.error is None
    }
    names = Counter(frozenset(columns) for columns in kinds.values())
    if not names:
        return {}
    usual = max(names, key=lambda columns: names[columns])
    example = next(path for path, columns in kinds.items() if columns.keys() == usual)
    others = kinds[example]
    odd = {}
    for path, columns in kinds.items():
        lacking, added = sorted(usual - columns.keys()), sorted(columns.keys() - usual)
        other = [
            f"{name!r} holds {_FAMILIES[kind]}, not {_FAMILIES[others[name]]}"
            for name, kind in columns.items()
            if name in usual and _are_different(kind, others[name])
        ]
        differences = [
            *(f"{name!r} is missing" for name in lacking),
            *(f"{name!r} is new" for name in added),
            *other,
        ]
        if differences:
            odd[path] = (
                f"columns differ from those of {example}: {', '.join(differences[:5])}; "
                "write it in a job of its own, or name the columns with label_columns= and "
                "value_columns="
            )
    return odd
