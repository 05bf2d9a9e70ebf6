"""SampleLayout: samples of one size each, as Prometheus remote write has them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vm_df_writer.model.series import FloatArray, IntArray

__all__ = ["SampleLayout"]

_VALUE_AT, _TIME_AT = 3, 12

_Words = npt.NDArray[np.uint64]


class SampleLayout:
    r"""The bytes of a protobuf ``Sample`` in a ``TimeSeries``, given how many its time has.

    A time from 1971-02-02 to 2109-05-15 has six bytes. Earlier ones are padded to as many, which
    every protobuf decoder takes, and later ones have seven.

    Parameters
    ----------
    time_bytes : {6, 7}
        Bytes of the varint that is the time.

    Attributes
    ----------
    size : int
        Bytes of a sample.

    Examples
    --------
    >>> layout = SampleLayout.of(np.array([1767225600000]))
    >>> samples = layout.at(np.array([1767225600000]), n_rows=1)
    >>> layout.put(samples, np.array([[1.0]]))
    >>> samples.tobytes()[: layout.size]
    b'\x12\x10\t\x00\x00\x00\x00\x00\x00\xf0?\x10\x80\xd0\xea\xb6\xb73'
    >>> layout.read(samples.tobytes()[: layout.size])
    (array([1767225600000]), array([1.]))
    """

    def __init__(self, time_bytes: int) -> None:
        blank = b"\x12%c\x09%b\x10%b" % (10 + time_bytes, bytes(8), bytes(time_bytes))
        self.size: int = len(blank)
        self._blank = np.frombuffer(blank, f"V{self.size}")
        # A time is stored as a word of eight bytes, which reaches into the sample behind it.
        continued = b"\x80" * (time_bytes - 1) + b"\x00"
        self._around_time = int.from_bytes(continued + blank[: 8 - time_bytes], "little")
        self._fixed = np.frombuffer(blank[:_TIME_AT] + continued, np.uint8)
        varies = bytes([0xFF] * 3 + [0] * 8 + [0xFF] + [0x80] * time_bytes)
        self._fixed_bits = np.frombuffer(varies, np.uint8)

    @staticmethod
    def of(timestamps_ms: IntArray) -> SampleLayout:
        """Return the layout of samples at such times, none of which is before 1970."""
        return _LATE if timestamps_ms.max() >= 2**42 else _USUAL

    @staticmethod
    def of_size(size: int) -> SampleLayout:
        """Return the layout whose samples have so many bytes.

        Raises
        ------
        ValueError
            If there is none.
        """
        for layout in (_USUAL, _LATE):
            if layout.size == size:
                return layout
        raise ValueError(f"expected a sample of {_USUAL.size} bytes, got one of {size}")

    def at(self, timestamps_ms: IntArray, *, n_rows: int) -> npt.NDArray[np.void]:
        """Return samples at these times for each row, without values, and one that is spare."""
        n_samples = len(timestamps_ms)
        row = np.tile(self._blank, n_samples + 1)
        times = np.ndarray(n_samples, "<u8", row, _TIME_AT, (self.size,))
        times[:] = _spread(timestamps_ms.astype(np.uint64)) | np.uint64(self._around_time)
        return row if n_rows == 1 else np.tile(row[:-1], n_rows)

    def put(self, samples: npt.NDArray[np.void], values: FloatArray) -> None:
        """Fill in the values of as many rows as there are of them."""
        strides = values.shape[1] * self.size, self.size
        np.ndarray(values.shape, "<f8", samples, _VALUE_AT, strides)[:] = values

    def read(self, samples: bytes) -> tuple[IntArray, FloatArray]:
        """Return times and values of samples, all of which have this size.

        Raises
        ------
        ValueError
            If one of them has another layout.
        """
        table = np.frombuffer(samples, np.uint8).reshape(-1, self.size)
        if ((table & self._fixed_bits) != self._fixed).any():
            raise ValueError("expected samples, got bytes between them that differ")
        groups = table[:, _TIME_AT:] & 0x7F
        values = np.ndarray(len(table), "<f8", samples, _VALUE_AT, (self.size,))
        return groups @ (1 << 7 * np.arange(groups.shape[1])), values.astype(np.float64)


_USUAL, _LATE = SampleLayout(6), SampleLayout(7)


def _spread(words: _Words) -> _Words:
    """Move each seven bits, of 56, to a byte of their own."""
    words += (words >> 28) * np.uint64(2**32 - 2**28)  # 28 bits in each 32
    words += (words & np.uint64(0x0FFFC000_0FFFC000)) * np.uint64(3)  # 14 bits in each 16
    words += words & np.uint64(0x3F803F80_3F803F80)  # 7 bits in each 8
    return words
