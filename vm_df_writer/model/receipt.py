"""Receipt: what was written, in so few numbers that it can be checked later without the frame."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Self

import numpy as np
import orjson

from vm_df_writer.model.series import FloatArray, IntArray
from vm_df_writer.model.window_digest import UintArray, WindowDigest

__all__ = ["Receipt", "SeriesReceipt"]


@dataclass(frozen=True, slots=True, eq=False)
class SeriesReceipt:
    """What was written of one series.

    Attributes
    ----------
    label_set : bytes
        Its labels as a JSON object.
    first_ms, last_ms : int
        Epoch milliseconds of the first and the last sample.
    largest : float
        The size of the largest value.
    shift : int
        Windows are ``2**shift`` milliseconds long.
    ids, counts : ndarray of int64, shape (n_windows,)
        Number of each window, ascending, and its samples.
    times : ndarray of uint64, shape (n_windows,)
        The digest of its times.
    scales : ndarray of int64, shape (n_windows,)
        From which power of two on values count by their logarithm.
    sums, logs : ndarray of float64, shape (n_windows,)
        The digests of its values; NaN for `logs` that were added on different scales.
    """

    label_set: bytes
    first_ms: int
    last_ms: int
    largest: float
    shift: int
    ids: IntArray
    counts: IntArray
    times: UintArray
    scales: IntArray
    sums: FloatArray
    logs: FloatArray

    @property
    def samples(self) -> int:
        """All of its samples."""
        return int(self.counts.sum())

    def take(self, windows: slice, first_ms: int, last_ms: int) -> SeriesReceipt:
        """Return some of the windows, which hold the samples between two times."""
        columns = {name: getattr(self, name)[windows] for name in _COLUMNS}
        return replace(self, first_ms=first_ms, last_ms=last_ms, **columns)

    @classmethod
    def merge(cls, parts: Sequence[SeriesReceipt]) -> SeriesReceipt:
        """Add up parts of one series that share no sample; the widest windows hold for all."""
        if len(parts) == 1:
            return parts[0]
        shift = max(part.shift for part in parts)
        coarse = [part.ids >> (shift - part.shift) for part in parts]
        ids, places = np.unique(np.concatenate(coarse), return_inverse=True)

        def add(name: str) -> Any:
            columns = np.concatenate([getattr(part, name) for part in parts])
            total = np.zeros(len(ids), columns.dtype)
            np.add.at(total, places, columns)
            return total

        lowest = np.full(len(ids), np.iinfo(np.int64).max)
        scales = np.full(len(ids), np.iinfo(np.int64).min)
        of_parts = np.concatenate([part.scales for part in parts])
        np.minimum.at(lowest, places, of_parts)
        np.maximum.at(scales, places, of_parts)
        return cls(
            label_set=parts[0].label_set,
            first_ms=min(part.first_ms for part in parts),
            last_ms=max(part.last_ms for part in parts),
            largest=max(part.largest for part in parts),
            shift=shift,
            ids=ids,
            counts=add("counts"),
            times=add("times"),
            scales=scales,
            sums=add("sums"),
            logs=np.where(lowest == scales, add("logs"), np.nan),
        )


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What was written: of each series the count, the first, the last, and digests of windows.

    Attributes
    ----------
    series : mapping of bytes to SeriesReceipt
        By label set.

    Examples
    --------
    >>> from vm_df_writer.model.series import SeriesBlock
    >>> def digest(*times_ms):
    ...     times = np.array(times_ms)
    ...     block = SeriesBlock([b'{"__name__":"y"}'], np.array([0, 2]), times, np.ones((1, 2)))
    ...     return WindowDigest.of_block(block)
    >>> morning = Receipt.of([digest(1767250800000, 1767250860000)])
    >>> evening = Receipt.of([digest(1767294000000, 1767294060000)])
    >>> (morning + evening).samples, len((morning + evening).series)
    (4, 1)
    """

    series: Mapping[bytes, SeriesReceipt] = field(default_factory=dict)

    @classmethod
    def of(cls, digests: Iterable[WindowDigest]) -> Self:
        """Merge the digests of blocks."""
        return cls(series=_merge(map(_series_of, digests)))

    @classmethod
    def merge(cls, receipts: Iterable[Receipt]) -> Self:
        """Add up any number of receipts of parts that share no sample."""
        return cls(series=_merge(receipt.series.values() for receipt in receipts))

    @property
    def samples(self) -> int:
        """All samples."""
        return sum(each.samples for each in self.series.values())

    def __add__(self, other: Receipt) -> Receipt:
        """Merge receipts of parts that share no sample."""
        return Receipt.merge([self, other])

    def __repr__(self) -> str:
        """Return one line, for a prompt or a log."""
        return f"<Receipt: {self.samples:,} samples of {len(self.series):,} series>"

    def save(self, path: str | Path) -> None:
        """Write a file for its owner alone, compressed if its name ends with ``.gz``.

        It takes the place of another one only when it is whole.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        path = Path(path)
        data = b"".join(self.lines())
        if path.suffix == ".gz":
            data = gzip.compress(data, mtime=0)
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file that :meth:`save` wrote.

        Raises
        ------
        OSError
            If it cannot be read.
        ValueError
            If it is no receipt, one of a newer version, or one that breaks off.
        """
        data = Path(path).read_bytes()
        if data.startswith(_GZIP):
            try:
                data = gzip.decompress(data)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                raise ValueError("it is damaged or breaks off") from None
        return cls.of_lines(data.splitlines())

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of a file: a head, and one for each series.

        Examples
        --------
        >>> print(b"".join(Receipt().lines()).decode().strip())
        {"vm_df_writer_receipt":1,"series":0,"samples":0}
        """
        head = {
            "vm_df_writer_receipt": _VERSION,
            "series": len(self.series),
            "samples": self.samples,
        }
        yield orjson.dumps(head, option=orjson.OPT_APPEND_NEWLINE)
        for each in self.series.values():
            plain = {
                "metric": orjson.Fragment(each.label_set),
                **{name: getattr(each, name) for name in (*_SCALARS, *_COLUMNS)},
            }
            yield orjson.dumps(plain, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def of_lines(cls, lines: Iterable[bytes]) -> Self:
        """Read what :meth:`lines` gave.

        Raises
        ------
        ValueError
            If it is no receipt, one of a newer version, or one that breaks off.
        """
        coming = iter(lines)
        try:
            head = orjson.loads(next(coming, b""))
            version, n_series = head["vm_df_writer_receipt"], head["series"]
        except (orjson.JSONDecodeError, TypeError, KeyError):
            raise ValueError("it is no receipt") from None
        if version != _VERSION:
            raise ValueError(f"it is a receipt of version {version}, and {_VERSION} is known")
        try:
            found = [_series_of_line(line) for line in coming]
        except (orjson.JSONDecodeError, TypeError, KeyError, OverflowError):
            raise ValueError("a line of it is damaged") from None
        if len(found) != n_series or sum(each.samples for each in found) != head["samples"]:
            raise ValueError("it breaks off")
        return cls(series={each.label_set: each for each in found})


_VERSION = 1
_GZIP = b"\x1f\x8b"
_SCALARS = ("first_ms", "last_ms", "largest", "shift")
_COLUMNS = {
    "ids": np.int64,
    "counts": np.int64,
    "times": np.uint64,
    "scales": np.int64,
    "sums": np.float64,
    "logs": np.float64,
}


def _series_of_line(line: bytes) -> SeriesReceipt:
    plain = orjson.loads(line)
    columns: dict[str, Any] = {name: np.array(plain[name], kind) for name, kind in _COLUMNS.items()}
    scalars: dict[str, Any] = {name: plain[name] for name in _SCALARS}
    return SeriesReceipt(label_set=orjson.dumps(plain["metric"]), **scalars, **columns)


def _series_of(digest: WindowDigest) -> Iterator[SeriesReceipt]:
    n_groups = len(digest.shifts)
    bounds, sums = digest.bounds.tolist(), digest.sums
    for s, label_set in enumerate(digest.label_sets):
        row, group = divmod(s, n_groups)
        windows = slice(bounds[group], bounds[group + 1])
        yield SeriesReceipt(
            label_set=label_set,
            first_ms=int(digest.first_ms[group]),
            last_ms=int(digest.last_ms[group]),
            largest=min(float(digest.largest[row, group]), _LARGEST),
            shift=int(digest.shifts[group]),
            ids=sums.ids[windows],
            counts=sums.counts[windows],
            times=sums.times[windows],
            scales=np.full(bounds[group + 1] - bounds[group], digest.scales[row, group]),
            sums=sums.sums[row, windows],
            logs=sums.logs[row, windows],
        )


_LARGEST = 1e300  # JSON has no infinity


def _merge(many: Iterable[Iterable[SeriesReceipt]]) -> dict[bytes, SeriesReceipt]:
    parts: dict[bytes, list[SeriesReceipt]] = {}
    for some in many:
        for each in some:
            parts.setdefault(each.label_set, []).append(each)
    return {label_set: SeriesReceipt.merge(each) for label_set, each in parts.items()}
