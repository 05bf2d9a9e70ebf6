"""``$VAR``, ``$QUERY_KEY``: label sets rendered column-wise, each distinct value once."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from threading import Lock
from typing import Any

import numpy as np

from vm_df_writer.errors import LabelError
from vm_df_writer.frames.labels import LabelColumn
from vm_df_writer.series import IntArray

__all__ = ["DEFAULT_METRIC_FORMAT", "LabelLimits", "LabelSetCache", "render_label_sets"]

DEFAULT_METRIC_FORMAT: Mapping[str, str] = {"__name__": "$VAR", "for": "$QUERY_KEY"}

_ANY = LabelColumn("", None, [""])
_PLACEHOLDER = re.compile(r"\$(VAR|QUERY_KEY)")


@dataclass(frozen=True, slots=True)
class LabelLimits:
    """What the server stores of labels; beyond it, old servers cut and new ones drop the series.

    Attributes
    ----------
    max_labels : int
        Labels of a series, ``__name__`` included (``-maxLabelsPerTimeseries``: 30 up to
        v1.105, 40 since).
    max_name_bytes, max_value_bytes : int
        UTF-8 length of a label's name (256) and value (``-maxLabelValueLen``: 4 KiB).
    """

    max_labels: int = 30
    max_name_bytes: int = 256
    max_value_bytes: int = 4096


class LabelSetCache:
    """Rendered label sets, kept between writes of frames that have the same series.

    Parameters
    ----------
    max_entries : int
        How many label sets are kept; 0 keeps none. The oldest frame's go first.
    """

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._kept: OrderedDict[Any, list[bytes]] = OrderedDict()
        self._lock = Lock()

    def get_or_render(self, key: Any, render: Callable[[], list[bytes]]) -> list[bytes]:
        """Return the label sets kept under a key, or render and keep them."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        label_sets = render()
        if len(label_sets) <= self._max_entries:
            with self._lock:
                self._kept[key] = label_sets
                while sum(map(len, self._kept.values())) > self._max_entries:
                    self._kept.popitem(last=False)
        return label_sets

    def __getstate__(self) -> int:
        """Pickle empty: another process renders its own."""
        return self._max_entries

    def __setstate__(self, max_entries: int) -> None:
        """Start empty."""
        self.__init__(max_entries)  # type: ignore[misc]


def render_label_sets(
    metric_format: Mapping[str, str],
    n_series: int,
    var: LabelColumn,
    query_key: LabelColumn | None,
    labels: Sequence[LabelColumn],
    limits: LabelLimits,
) -> list[bytes]:
    """Render the label set of each series as a JSON object.

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
    list of bytes, length n_series
        JSON objects that begin with ``__name__``. Absent labels are left out.

    Raises
    ------
    LabelError
        If the server would cut or drop a label set, a metric name is empty, or the format
        needs a query key and there is none.

    Examples
    --------
    >>> var = LabelColumn("var", np.array([0, 1]), ["y", "yhat"])
    >>> render_label_sets({"__name__": "vm_$VAR"}, 2, var, None, [], LabelLimits())
    [b'{"__name__":"vm_y"}', b'{"__name__":"vm_yhat"}']
    """
    columns = [
        _fill_template(name, template, var, query_key)
        for name, template in sorted(metric_format.items(), key=lambda kv: kv[0] != "__name__")
    ]
    columns += labels
    _check_lengths(columns, limits)
    _check_metric_name(columns[0])
    if len(columns) > limits.max_labels:
        _check_count(columns, n_series, limits)
    return _join_fragments(columns, n_series)


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


def _check_lengths(columns: Sequence[LabelColumn], limits: LabelLimits) -> None:
    for column in columns:
        try:
            name_bytes = len(column.name.encode())
        except UnicodeEncodeError:
            raise LabelError(
                f"label {column.name!r}: its name is not valid Unicode; rename it"
            ) from None
        if not name_bytes or name_bytes > limits.max_name_bytes:
            raise LabelError(
                f"label {column.name[:40]!r}: its name has {name_bytes} bytes, and the server "
                f"keeps 1 to {limits.max_name_bytes}; rename it"
            )
        for text in column.texts:
            # A character has at most four bytes, so most texts need no encoding to be counted.
            if len(text) * 4 <= limits.max_value_bytes:
                continue
            if (value_bytes := len(text.encode())) > limits.max_value_bytes:
                raise LabelError(
                    f"label {column.name!r}: the value {text[:40]!r}... has {value_bytes} bytes, "
                    f"and the server keeps {limits.max_value_bytes}; shorten it, or raise "
                    "max_label_value_bytes if the server runs with a higher -maxLabelValueLen"
                )


def _check_metric_name(name: LabelColumn) -> None:
    used = range(1) if name.codes is None else np.unique(name.codes).tolist()
    if any(code < 0 or not name.texts[code] for code in used):
        raise LabelError(
            "metric_format: '__name__' is empty for at least one series; "
            "give every column or variable a name"
        )


def _check_count(columns: Sequence[LabelColumn], n_series: int, limits: LabelLimits) -> None:
    present = np.zeros(n_series, dtype=np.int64)
    for column in columns:
        exists = np.array([bool(text) for text in column.texts] + [False])
        present += exists[0] if column.codes is None else exists[column.codes]
    worst = int(present.max(initial=0))
    if worst > limits.max_labels:
        raise LabelError(
            f"labels: {int((present > limits.max_labels).sum())} series have up to {worst} labels, "
            f"and the server keeps {limits.max_labels}; leave some out with label_columns=, or "
            "raise max_labels if the server runs with a higher -maxLabelsPerTimeseries"
        )


def _join_fragments(columns: Sequence[LabelColumn], n_series: int) -> list[bytes]:
    parts: list[list[bytes]] = []
    constant = b"{"
    for column in columns:
        separator = b"" if column is columns[0] else b","
        key = separator + encode_basestring(column.name).encode() + b":"
        fragments = [
            key + encode_basestring(text).encode() if text else b"" for text in column.texts
        ]
        if column.codes is None:
            constant += fragments[0]
            continue
        # Code -1, absent, picks the last one.
        choices = np.array([constant + f for f in (*fragments, b"")], dtype=object)
        parts.append(choices[column.codes].tolist())
        constant = b""
    parts.append([constant + b"}"] * n_series)
    return list(map(b"".join, zip(*parts, strict=True)))
