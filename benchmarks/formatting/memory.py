"""Peak memory above the frame, each measurement in a process of its own (Linux).

The measure is resident memory as the kernel counts it, so that the allocators of NumPy, Arrow and
polars are included. Once the frame is built, free memory goes back to the system, and the kernel's
high-water mark is reset. The result is that mark after the write, less the resident memory before.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.formatting.peers import LAYOUTS, available
from benchmarks.measuring.child import call_in_child
from benchmarks.measuring.optional import NotInstalledError, optional
from benchmarks.measuring.sizes import Shape, Sizes
from benchmarks.measuring.timing import drain
from benchmarks.peers.writers import OURS, PEERS

__all__ = ["MemoryGoal", "MemoryRun", "memory_by_rows", "memory_goals", "peak_above_frame"]

_MIB = 2**20
_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_SERIES = 600


@dataclass(frozen=True, slots=True)
class MemoryRun:
    """The memory that writing a frame took.

    Attributes
    ----------
    layout, peer : str
        The frame's layout and who wrote it.
    rows, series : int
        The frame.
    n_samples : int
        Its samples.
    frame_mib : float
        What the frame takes by itself, as pandas counts it.
    peaks_mib : tuple of float
        The peak above the frame, in each repetition.
    """

    layout: str
    peer: str
    rows: int
    series: int
    n_samples: int
    frame_mib: float
    peaks_mib: tuple[float, ...]

    @property
    def peak_mib(self) -> float:
        """The median peak."""
        return median(self.peaks_mib)


@dataclass(frozen=True, slots=True)
class MemoryGoal:
    """A peak, or the difference of two, and its limit."""

    case: str
    mib: float
    spread_mib: tuple[float, float]
    goal_mib: float

    @property
    def is_met(self) -> bool:
        """Whether it stays within the limit."""
        return self.mib <= self.goal_mib


def memory_goals(sizes: Sizes) -> tuple[list[MemoryRun], list[MemoryGoal]]:
    """Measure the frames whose memory has a goal."""
    whole = sizes.memory_wide
    half = Shape(whole.rows // 2, whole.series)
    wide, wide_half, long = (
        _measure(layout, OURS, shape, sizes.few_repetitions)
        for layout, shape in (("wide", whole), ("wide", half), ("long", sizes.memory_long))
    )
    growth = wide.peak_mib - wide_half.peak_mib
    widest = (
        min(wide.peaks_mib) - max(wide_half.peaks_mib),
        max(wide.peaks_mib) - min(wide_half.peaks_mib),
    )
    return [wide_half, wide, long], [
        MemoryGoal(_case(wide), wide.peak_mib, _spread(wide), 128),
        # Not zero: the timestamps grow with the rows.
        MemoryGoal(f"its growth from {half.rows:,} to {whole.rows:,} rows", growth, widest, 8),
        MemoryGoal(_case(long), long.peak_mib, _spread(long), 400),
    ]


def memory_by_rows(sizes: Sizes) -> Iterator[MemoryRun]:
    """Measure every peer with frames of more and more rows."""
    for rows in sizes.memory_rows:
        for peer in available("long")[0]:
            yield _measure("long", peer.name, Shape(rows, _SERIES), 1)
        wide = Shape(-(-rows // _SERIES), _SERIES)
        yield _measure("wide", OURS, wide, 1)


def peak_above_frame(layout: str, peer_name: str, rows: int, series: int) -> tuple[float, float]:
    """Build a frame and write it; return MiB of the frame, and of the peak above it."""
    peer = next(peer for peer in PEERS if peer.name == peer_name)
    write = getattr(peer, layout)
    if peer.package is not None:
        optional(peer.package)  # its code is no part of what a frame takes
    data = LAYOUTS[layout](Shape(rows, series))
    _give_back()
    before = _resident("VmRSS")
    _CLEAR_REFS.write_text("5")  # resets VmHWM
    drain(lambda: write(data))()
    peak = _resident("VmHWM") - before
    return int(data.frame.memory_usage(index=True).sum()) / _MIB, peak / _MIB


def _measure(layout: str, peer: str, shape: Shape, repetitions: int) -> MemoryRun:
    if sys.platform != "linux":
        raise NotInstalledError("memory: measured by means of Linux alone")
    runs = [
        call_in_child(__name__, "peak_above_frame", layout, peer, shape.rows, shape.series)
        for _ in range(repetitions)
    ]
    n_samples = shape.rows * (shape.series if layout == "wide" else 1)
    peaks = tuple(peak for _, peak in runs)
    return MemoryRun(layout, peer, shape.rows, shape.series, n_samples, runs[0][0], peaks)


def _case(run: MemoryRun) -> str:
    size = f" x {run.series}" if run.layout == "wide" else " rows"
    return f"peak memory above the frame, {run.layout} {run.rows:,}{size}"


def _spread(run: MemoryRun) -> tuple[float, float]:
    return min(run.peaks_mib), max(run.peaks_mib)


def _give_back() -> None:
    gc.collect()
    if pyarrow := sys.modules.get("pyarrow"):
        pyarrow.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl does not
    if trim is not None:
        trim(0)


def _resident(name: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise NotInstalledError(f"memory: {_STATUS} has no {name}")
