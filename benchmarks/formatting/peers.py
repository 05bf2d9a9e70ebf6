"""Every peer on the same frames: what it costs, and that all write the same samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks.measuring.frames import Input, long_frame, wide_frame
from benchmarks.measuring.optional import NotInstalledError, optional
from benchmarks.measuring.sizes import Shape, Sizes
from benchmarks.measuring.timing import Timing, alternate, drain, timed
from benchmarks.peers.writers import OURS, PEERS, Peer

__all__ = [
    "LAYOUTS",
    "DisagreementError",
    "PeerRun",
    "available",
    "compare_peers",
    "require_agreement",
]

LAYOUTS: dict[str, Callable[[Shape], Input]] = {"long": long_frame, "wide": wide_frame}

_SHAPE_TO_COMPARE = Shape(600, 30)


class DisagreementError(AssertionError):
    """Two writers do not write the same samples of the same frame."""


@dataclass(frozen=True, slots=True)
class PeerRun:
    """The time and the bytes that a peer took for a frame.

    Attributes
    ----------
    layout, peer : str
        The frame's layout and who wrote it.
    n_samples, n_bytes : int
        What was written.
    timing : Timing
        How long each repetition took.
    """

    layout: str
    peer: str
    n_samples: int
    n_bytes: int
    timing: Timing

    @property
    def samples_per_s(self) -> float:
        """Samples per second, by the median."""
        return self.n_samples / self.timing.median_s

    @property
    def ns_per_sample(self) -> float:
        """Nanoseconds per sample, by the median."""
        return self.timing.median_s / self.n_samples * 1e9

    @property
    def bytes_per_sample(self) -> float:
        """Size of the text by the number of samples."""
        return self.n_bytes / self.n_samples


def available(layout: str) -> tuple[list[Peer], list[str]]:
    """Return the peers that can write a layout, and why others cannot."""
    peers, missing = [], []
    for peer in PEERS:
        if getattr(peer, layout) is None:
            continue
        try:
            if peer.package is not None:
                optional(peer.package)
        except NotInstalledError as error:
            missing.append(str(error))
        else:
            peers.append(peer)
    return peers, missing


def compare_peers(sizes: Sizes) -> Iterator[PeerRun | str]:
    """Yield what each peer takes for a long and a wide frame, and which peers are missing."""
    for layout, shape in (("long", sizes.peer_long), ("wide", sizes.peer_wide)):
        peers, missing = available(layout)
        yield from missing
        data = LAYOUTS[layout](shape)
        writers = {peer.name: partial(getattr(peer, layout), data) for peer in peers}
        timings = alternate(
            {name: timed(drain(write)) for name, write in writers.items()}, sizes.few_repetitions
        )
        for name, write in writers.items():
            yield PeerRun(layout, name, data.n_samples, _size(write()), timings[name])


def require_agreement() -> list[str]:
    """Write small frames with every peer, parse the texts back and compare all samples.

    Returns
    -------
    list of str
        What was compared.

    Raises
    ------
    DisagreementError
        If a peer wrote other samples than vm_df_writer.
    """
    compared = []
    for layout, build in LAYOUTS.items():
        data = build(_SHAPE_TO_COMPARE)
        peers, _ = available(layout)
        written = {
            peer.name: peer.parse(data, b"".join(getattr(peer, layout)(data))) for peer in peers
        }
        reference = written.pop(OURS)
        if sum(map(len, reference.values())) != data.n_samples:
            raise DisagreementError(f"{layout}: {OURS} did not write {data.n_samples} samples")
        for name, samples in written.items():
            if samples != reference:
                raise DisagreementError(f"{layout}: {name} writes other samples than {OURS}")
        compared.append(f"{layout}, {data.n_samples:,} samples: {', '.join([OURS, *written])}")
    return compared


def _size(pieces: Iterable[bytes | memoryview]) -> int:
    return sum(map(len, pieces))
