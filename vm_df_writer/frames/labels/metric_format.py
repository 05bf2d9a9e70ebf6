"""``$VAR``, ``$QUERY_KEY``: label sets rendered column-wise, each distinct value once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from operator import itemgetter

import numpy as np
import numpy.typing as npt
import orjson

from vm_df_writer.errors import LabelError
from vm_df_writer.frames.labels.label_column import LabelColumn
from vm_df_writer.frames.labels.limits import LabelLimits, check_label_sets
from vm_df_writer.frames.labels.query_names import warn_of_names
from vm_df_writer.model.label_sets import LabelSets, label_fields
from vm_df_writer.model.series import IntArray

__all__ = ["DEFAULT_METRIC_FORMAT", "render_label_sets"]

DEFAULT_METRIC_FORMAT: Mapping[str, str] = {"__name__": "$VAR", "for": "$QUERY_KEY"}

# Fragments are joined beforehand where each of these then serves as many series at least.
_SERIES_PER_FRAGMENT = 4

# The fragments of as many do not stay in the cache.
_MANY_TEXTS = 4096

_ANY = LabelColumn("", None, [""])
_PLACEHOLDER = re.compile(r"\$(VAR|QUERY_KEY)")


def render_label_sets(
    metric_format: Mapping[str, str],
    n_series: int,
    var: LabelColumn,
    query_key: LabelColumn | None,
    labels: Sequence[LabelColumn],
    limits: LabelLimits,
) -> LabelSets:
    """Render the label set of each series.

    Parameters
    ----------
    metric_format : mapping of str to str
        Labels whose values may hold ``$VAR`` and ``$QUERY_KEY``; a label is absent where what
        it holds is.
    n_series : int
        Number of series.
    var, query_key : LabelColumn
        What the placeholders stand for in each series.
    labels : sequence of LabelColumn
        The other labels of each series; none that `metric_format` sets.
    limits : LabelLimits
        What the server stores.

    Returns
    -------
    LabelSets, length n_series
        Absent labels are left out; the JSON objects begin with ``__name__``.

    Raises
    ------
    LabelError
        If the server would cut or drop a label set, a metric name is empty, or the format
        needs a query key and there is none.

    Examples
    --------
    >>> var = LabelColumn("var", np.array([0, 1]), ["y", "yhat"])
    >>> list(render_label_sets({"__name__": "vm_$VAR"}, 2, var, None, [], LabelLimits()))
    [b'{"__name__":"vm_y"}', b'{"__name__":"vm_yhat"}']
    """
    columns = [
        _fill_template(name, template, var, query_key)
        for name, template in sorted(metric_format.items(), key=lambda kv: kv[0] != "__name__")
    ]
    columns += [label.in_order() if len(label.texts) >= _MANY_TEXTS else label for label in labels]
    check_label_sets(columns, n_series, limits)
    warn_of_names(columns[0].texts, (column.name for column in columns[1:]))
    return LabelSets(_render_json(columns, n_series), partial(_render_fields, columns, n_series))


def _fill_template(
    name: str, template: str, var: LabelColumn, query_key: LabelColumn | None
) -> LabelColumn:
    parts = _PLACEHOLDER.split(template)  # text, placeholder, text, ..., text
    used = set(parts[1::2])
    if "QUERY_KEY" in used and query_key is None:
        raise LabelError(
            f"query_key: metric_format uses $QUERY_KEY in {name!r} ({template!r}), and the frame "
            "holds no query key; pass query_key="
        )
    if not used:
        return LabelColumn(name, None, [template])
    v = var if "VAR" in used else _ANY
    q = query_key if query_key is not None and "QUERY_KEY" in used else _ANY
    codes, pairs = _distinct_pairs(v, q)
    if len(parts) == 3:
        head, _, tail = parts
        filled = [v_text + q_text for v_text, q_text in pairs]  # one of them is empty
        return LabelColumn(name, codes, [text and head + text + tail for text in filled])
    placeholders, texts = parts[1::2], []
    for v_text, q_text in pairs:
        parts[1::2] = [v_text if placeholder == "VAR" else q_text for placeholder in placeholders]
        texts.append("".join(parts) if all(parts[1::2]) else "")
    return LabelColumn(name, codes, texts)


def _distinct_pairs(
    v: LabelColumn, q: LabelColumn
) -> tuple[IntArray | None, list[tuple[str, str]]]:
    v_texts, q_texts = [*v.texts, ""], [*q.texts, ""]
    if v.codes is None and q.codes is None:
        return None, [(v_texts[0], q_texts[0])]
    if q.codes is None:
        return v.codes, [(text, q_texts[0]) for text in v_texts]
    if v.codes is None:
        return q.codes, [(v_texts[0], text) for text in q_texts]
    pair_ids = v.codes.astype(np.int64) * len(q_texts) + q.codes.astype(np.int64) % len(q_texts)
    distinct, codes = np.unique(pair_ids, return_inverse=True)
    pairs = [divmod(pair, len(q_texts)) for pair in distinct.tolist()]
    return codes, [(v_texts[i], q_texts[j]) for i, j in pairs]


def _render_json(columns: Sequence[LabelColumn], n_series: int) -> list[bytes]:
    def fragments(column: LabelColumn) -> list[bytes]:
        # The first one is the name, which no series lacks.
        before = b"{" if column is columns[0] else b","
        return _json_fragments(before + orjson.dumps(column.name) + b":", list(column.texts))

    return _join(((column.codes, fragments(column)) for column in columns), n_series, end=b"}")


def _json_fragments(key: bytes, texts: list[str]) -> list[bytes]:
    """Return a label with each of some values, as it stands in a JSON object; empty if one is.

    All texts are one call of orjson, cut where one ends and the next begins. If no quote or
    backslash ends a text or stands in it, the next quote is always such an end.
    """
    whole = orjson.dumps(texts)[2:-2]
    if b'\\"' in whole or not texts:
        pieces = [key + orjson.dumps(text) for text in texts]
    else:
        begin = key + b'"'
        pieces = (begin + whole.replace(b'","', b'"\0' + begin) + b'"').split(b"\0")
    if "" in texts:
        pieces = [piece if text else b"" for piece, text in zip(pieces, texts, strict=True)]
    return pieces


def _render_fields(columns: Sequence[LabelColumn], n_series: int) -> list[bytes]:
    def fragments(name: bytes, column: LabelColumn) -> list[bytes]:
        fields = label_fields(name, list(map(str.encode, column.texts)))
        return [field if text else b"" for field, text in zip(fields, column.texts, strict=True)]

    by_name = sorted(((column.name.encode(), column) for column in columns), key=itemgetter(0))
    parts = ((column.codes, fragments(name, column)) for name, column in by_name)
    return _join(parts, n_series)


def _join(
    columns: Iterable[tuple[npt.NDArray[np.signedinteger] | None, list[bytes]]],
    n_series: int,
    *,
    end: bytes = b"",
) -> list[bytes]:
    """Join what each column has for each series, given by codes of its fragments.

    Columns of few fragments are one column of all that they make together.
    """
    parts: list[tuple[npt.NDArray[np.signedinteger] | None, list[bytes]]] = []
    for codes, given in (*columns, (None, [end])):
        fragments = given if codes is None else [*given, b""]  # code -1, absent, picks the last one
        if parts and len(parts[-1][1]) * len(fragments) <= n_series // _SERIES_PER_FRAGMENT:
            before_codes, before = parts.pop()
            fragments = [one + other for one in before for other in fragments]
            codes = _codes_of_pairs(before_codes, codes, len(fragments) // len(before))
        parts.append((codes, fragments))
    pieces = [
        [fragments[0]] * n_series
        if codes is None
        else np.array(fragments, dtype=object)[codes].tolist()
        for codes, fragments in parts
    ]
    return list(map(b"".join, zip(*pieces, strict=True)))


def _codes_of_pairs(
    first: npt.NDArray[np.signedinteger] | None,
    second: npt.NDArray[np.signedinteger] | None,
    n_second: int,
) -> npt.NDArray[np.signedinteger] | None:
    if first is None:
        return second
    codes = first.astype(np.int64) * n_second  # of an absent one: from the end, as its code is
    return codes if second is None else codes + second.astype(np.int64) % n_second
