"""What a server stores of labels, and the check that label sets keep to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import orjson

from vm_df_writer.errors import LabelError
from vm_df_writer.frames.labels.arrow_texts import ArrowTexts
from vm_df_writer.frames.labels.label_column import LabelColumn

__all__ = ["LabelLimits", "check_label_sets"]

# Servers drop a series whose labels have more than about 64 KiB together: 1.79.5, 1.150, clusters.
_MAX_SERIES_BYTES = 60_000

# vminsert reads the tenant from these. The latter two are from before 1.82, and stay labels.
_TENANT_LABELS = (
    "vm_account_id",
    "vm_project_id",
    "VictoriaMetrics_AccountID",
    "VictoriaMetrics_ProjectID",
)
_PLAIN_NUMBER = re.compile("0|[1-9][0-9]{0,9}")
_UINT32_END = 2**32


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
    choose_tenant : bool
        Whether the server takes the tenant of a series from its labels; then it files what is no
        number under tenant 0.
    """

    max_labels: int = 30
    max_name_bytes: int = 256
    max_value_bytes: int = 4096
    choose_tenant: bool = False

    def describe_excess(self, label_set: bytes) -> str | None:
        """Say what of a rendered label set the server would not store, and what to do.

        Returns
        -------
        str or None
            None if the server stores all of it.

        Examples
        --------
        >>> limits = LabelLimits(max_value_bytes=3)
        >>> print(limits.describe_excess(b'{"host":"long"}'))  # doctest: +ELLIPSIS
        a label value of 4 bytes, and the server keeps 3; raise max_label_value_bytes ...
        """
        labels: dict[str, str] = orjson.loads(label_set)
        longest_name = max(len(name.encode()) for name in labels)
        longest_value = max(len(text.encode()) for text in labels.values())
        series_bytes = _stored_bytes(labels.items())
        if series_bytes > _MAX_SERIES_BYTES:
            return f"{series_bytes:,} bytes of labels, and servers keep {_MAX_SERIES_BYTES:,}"
        if self.choose_tenant:
            for name in _TENANT_LABELS:
                if name in labels and not _is_uint32(labels[name]):
                    return f"{name}={labels[name][:40]!r}, which is no tenant"
        for found, most, what, key, flag in (
            (len(labels), self.max_labels, "{} labels", "max_labels", "maxLabelsPerTimeseries"),
            (
                *(longest_name, self.max_name_bytes, "a label name of {} bytes"),
                *("max_label_name_bytes", "maxLabelNameLen"),
            ),
            (
                *(longest_value, self.max_value_bytes, "a label value of {} bytes"),
                *("max_label_value_bytes", "maxLabelValueLen"),
            ),
        ):
            if found > most:
                return (
                    f"{what.format(found)}, and the server keeps {most}; raise {key} if the "
                    f"server runs with a higher -{flag}"
                )
        return None


def _stored_bytes(labels: Iterable[tuple[str, str]]) -> int:
    """Return the bytes of labels as servers keep them, with what parts names and values."""
    return sum(len(name.encode()) + len(text.encode()) + 2 for name, text in labels)


def _most_bytes(texts: Sequence[str]) -> int:
    """Return what no text is longer than; most need no encoding to be counted."""
    if isinstance(texts, ArrowTexts):
        return texts.most_bytes
    return 4 * max(map(len, texts), default=0)  # a character has at most four bytes


def _is_uint32(text: str) -> bool:
    """Say whether a text is a number as a tenant has it; ``007`` would become tenant 7.

    Examples
    --------
    >>> [text for text in ("0", "12", "007", "-1", "1.5", "4294967296") if _is_uint32(text)]
    ['0', '12']
    """
    return bool(_PLAIN_NUMBER.fullmatch(text)) and int(text) < _UINT32_END


def check_label_sets(columns: Sequence[LabelColumn], n_series: int, limits: LabelLimits) -> None:
    """Refuse what the server would cut, drop, or file under another tenant, column by column.

    Parameters
    ----------
    columns : sequence of LabelColumn, each of shape (n_series,)
        All labels, the metric name first.

    Raises
    ------
    LabelError
        Names the label, or how many series there are of that kind.
    """
    _check_lengths(columns, limits)
    _check_metric_name(columns[0])
    if len(columns) > limits.max_labels:
        _check_count(columns, n_series, limits)
    _check_series_bytes(columns, n_series)
    if limits.choose_tenant:
        _check_tenants(columns, n_series)


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
        if _most_bytes(column.texts) <= limits.max_value_bytes:
            continue
        for text in column.texts:
            if (value_bytes := len(text.encode())) > limits.max_value_bytes:
                raise LabelError(
                    f"label {column.name!r}: the value {text[:40]!r}... has {value_bytes} bytes, "
                    f"and the server keeps {limits.max_value_bytes}; shorten it, or raise "
                    "max_label_value_bytes if the server runs with a higher -maxLabelValueLen"
                )


def _check_metric_name(name: LabelColumn) -> None:
    exists = np.array([*map(bool, name.texts), False])
    if not exists[0 if name.codes is None else name.codes].all():
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


def _check_series_bytes(columns: Sequence[LabelColumn], n_series: int) -> None:
    if sum(_most_bytes([c.name]) + _most_bytes(c.texts) + 2 for c in columns) <= _MAX_SERIES_BYTES:
        return
    total = np.zeros(n_series, dtype=np.int64)
    for column in columns:
        sizes = [_stored_bytes([(column.name, text)]) if text else 0 for text in column.texts]
        total += sizes[0] if column.codes is None else np.array([*sizes, 0])[column.codes]
    worst = int(total.max(initial=0))
    if worst > _MAX_SERIES_BYTES:
        n_beyond = int((total > _MAX_SERIES_BYTES).sum())
        raise LabelError(
            f"labels: {n_beyond} series have up to {worst:,} bytes of labels together, and servers "
            f"keep {_MAX_SERIES_BYTES:,} and drop the series beyond; shorten them, or leave some "
            "out with label_columns="
        )


def _check_tenants(columns: Sequence[LabelColumn], n_series: int) -> None:
    """Refuse tenants that are no numbers, and those that only some of the series name."""
    for column in columns:
        if column.name not in _TENANT_LABELS:
            continue
        codes = np.zeros(n_series, np.int64) if column.codes is None else column.codes
        is_tenant = np.array([_is_uint32(text) for text in column.texts] + [False])
        wrong = np.flatnonzero(~is_tenant[codes])
        if wrong.size:
            text = [*column.texts, ""][codes[wrong[0]]]
            raise LabelError(
                f"label {column.name!r}: {wrong.size} of {n_series} series have "
                f"{repr(text[:40]) if text else 'none'}, where a tenant is a plain number of at "
                "most 4294967295, and the server would store them under tenant 0; give each "
                "series the number of its tenant"
            )
