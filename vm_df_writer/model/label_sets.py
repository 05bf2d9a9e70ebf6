"""LabelSets: the labels of series, as JSON and as the fields of protobuf messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from operator import add
from typing import overload

import numpy as np
import numpy.typing as npt
import orjson

from vm_df_writer.model.kept_attribute import kept_attribute
from vm_df_writer.model.varint import varint

__all__ = ["LabelSets", "label_fields"]


class LabelSets(Sequence[bytes]):
    r"""The label sets of some series, in the two forms that the wires need.

    As a sequence, these are JSON objects: they say which series is which. The other form is made
    when it is first asked for, once for all that is taken of these.

    Parameters
    ----------
    json : list of bytes
        Each label set as a JSON object, ``{"__name__":"y",...}``.
    render_fields : callable
        Makes the other form of all of them.

    Examples
    --------
    >>> label_sets = LabelSets.of([b'{"__name__":"y","Host":"a"}', b'{"__name__":"z"}'])
    >>> label_sets.fields()[0]
    b'\n\t\n\x04Host\x12\x01a\n\r\n\x08__name__\x12\x01y'
    >>> list(label_sets[1:])
    [b'{"__name__":"z"}']
    """

    def __init__(self, json: list[bytes], render_fields: Callable[[], list[bytes]]) -> None:
        self.json: list[bytes] = json
        self._render_fields = render_fields
        self._fields: list[bytes] | None = None

    @kept_attribute
    def lengths(self) -> npt.NDArray[np.int64]:
        """The bytes of each JSON object."""
        return np.fromiter(map(len, self.json), np.int64, len(self.json))

    @classmethod
    def of(cls, label_sets: Sequence[bytes]) -> LabelSets:
        """Return label sets that may be JSON alone, whose other form is then made of that."""
        if isinstance(label_sets, cls):
            return label_sets
        json = list(label_sets)
        return cls(json, lambda: list(map(_fields_of_json, json)))

    @classmethod
    def concat(cls, parts: Sequence[LabelSets]) -> LabelSets:
        """Put several behind each other."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            list(chain.from_iterable(part.json for part in parts)),
            lambda: list(chain.from_iterable(part.fields() for part in parts)),
        )

    def fields(self) -> list[bytes]:
        """Return each label set as the `labels` of a ``TimeSeries`` of Prometheus remote write.

        These are sorted by the bytes of their names, as its specification demands.
        """
        if self._fields is None:
            self._fields = self._render_fields()
        return self._fields

    def take(self, series: Sequence[int]) -> LabelSets:
        """Return those of some series."""
        return LabelSets(
            list(map(self.json.__getitem__, series)),
            lambda: list(map(self.fields().__getitem__, series)),
        )

    def __len__(self) -> int:
        return len(self.json)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.json)

    @overload
    def __getitem__(self, series: int) -> bytes: ...
    @overload
    def __getitem__(self, series: slice) -> LabelSets: ...
    def __getitem__(self, series: int | slice) -> bytes | LabelSets:
        if isinstance(series, slice):
            if series.indices(len(self)) == (0, len(self), 1):
                return self
            some = LabelSets(self.json[series], lambda: self.fields()[series])
            vars(some)["lengths"] = self.lengths[series]  # these are kept between writes
            return some
        return self.json[series]


def label_fields(name: bytes, values: Sequence[bytes]) -> list[bytes]:
    r"""Return a label with each of some values, as a field of a ``TimeSeries``.

    Examples
    --------
    >>> label_fields(b"job", [b"node", b"vm"])
    [b'\n\x0b\n\x03job\x12\x04node', b'\n\t\n\x03job\x12\x02vm']
    """
    key = b"\n" + varint(len(name)) + name + b"\x12"
    lengths = list(map(len, values))
    heads = {}
    for length in set(lengths):
        before_value = key + varint(length)
        heads[length] = b"\n" + varint(len(before_value) + length) + before_value
    return list(map(add, map(heads.__getitem__, lengths), values))


def _fields_of_json(label_set: bytes) -> bytes:
    labels = {name.encode(): text.encode() for name, text in orjson.loads(label_set).items()}
    return b"".join(
        chain.from_iterable(label_fields(name, [labels[name]]) for name in sorted(labels))
    )
