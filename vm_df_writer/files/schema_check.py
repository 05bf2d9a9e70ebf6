"""Whether the files of a job have the same columns, of the same kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.files.source_file import SourceFile

__all__ = ["odd_columns"]


def odd_columns(sources: Sequence[SourceFile], reading: ReadOptions) -> Mapping[str, str]:
    """Return what is odd about the columns of those sources whose columns are not those of most.

    In a long frame a label column that is missing would merge series, and one more would make
    new ones. In a wide frame a column more or less is a series more or less, and touches no other.
    """
    is_wide = (
        reading.layout == "wide" or reading.var is not None or reading.column_label is not None
    )
    if is_wide or any(name.startswith("('") for source in sources for name in source.schema):
        return {}
    readable = [source for source in sources if source.error is None]
    names = Counter(frozenset(source.schema) for source in readable)
    if not names:
        return {}
    usual = max(names, key=lambda columns: names[columns])
    example = next(source for source in readable if source.schema.keys() == usual)
    odd = {}
    for source in readable:
        lacking, added = sorted(usual - source.schema.keys()), sorted(source.schema.keys() - usual)
        other = [
            f"{name!r} holds {kind}, not {example.schema[name]}"
            for name, kind in source.schema.items()
            if name in usual and kind and example.schema[name] and kind != example.schema[name]
        ]
        differences = [
            *(f"{name!r} is missing" for name in lacking),
            *(f"{name!r} is new" for name in added),
            *other,
        ]
        if differences:
            odd[source.path] = (
                f"columns differ from those of {example.path}: {', '.join(differences[:5])}; "
                "write it in a job of its own, or name the columns with label_columns= and "
                "value_columns="
            )
    return odd
