"""What verifying, reading and replacing cost, beside a write of the same samples."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from benchmarks.measuring.frames import Input, long_frame, wide_frame
from benchmarks.measuring.server import settle
from benchmarks.measuring.sizes import Shape, Sizes
from benchmarks.measuring.timing import Comparison, Timing, alternate, timed
from benchmarks.measuring.versions import VersionedServer, servers_for
from vm_df_writer import VmWriter, WriterConfig
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.replace_policy import ReplacePolicy

__all__ = ["compare_existing"]

# The largest that was measured in a round on two shared cores, and a third more.
_GOALS = {
    "verify": 0.6,
    "verify='count'": 1.0,
    "read(like=)": 1.0,
    "replacing a quarter": 12.0,
    "replacing what is equal": 2.0,
}
_VERIFIED_GOAL = 1.35
# Without the 15 s of waiting for the server's disk, which no machine makes shorter.
_AT_ONCE = ReplacePolicy(durable_after_s=0)


def compare_existing(sizes: Sizes) -> Iterator[Comparison]:
    """Compare with a write, on the oldest and the newest server; each time under new names."""
    shape = Shape(sizes.end_to_end.rows, max(1, sizes.end_to_end.series // 8))
    for version, program in servers_for(sizes).items():
        with VersionedServer(program) as server, TemporaryDirectory() as folder:
            rounds = [
                dict(_measure(server.url, Path(folder), f"round_{number}", shape))
                for number in range(sizes.few_repetitions)
            ]
        seconds = {name: Timing(tuple(each[name] for each in rounds)) for name in rounds[0]}
        for name, goal in _GOALS.items():
            case, n_samples = f"{name}, {version}", shape.rows * shape.series
            yield Comparison(case, "write", n_samples, seconds[name], seconds["write"], goal)
    yield from _compare_verified(sizes)


def _compare_verified(sizes: Sizes) -> Iterator[Comparison]:
    """Compare writes that verify with such that do not, the server's flush included."""
    frames = {"wide": wide_frame(sizes.end_to_end), "long": long_frame(sizes.long)}
    for version, program in servers_for(sizes).items():
        for layout, data in frames.items():
            with VersionedServer(program) as server:
                seconds = alternate(
                    {
                        "ours": partial(_write, server.url, data, verify=True),
                        "theirs": partial(_write, server.url, data, verify=False),
                    },
                    sizes.few_repetitions,
                    settle=partial(settle, server.url),
                    unmeasured=0,  # each has names of its own
                )
            case = f"write(verify=True) of a {layout} frame, {version}"
            yield Comparison(case, "write", data.n_samples, **seconds, goal=_VERIFIED_GOAL)


def _write(url: str, data: Input, *, verify: bool) -> float:
    """Write a frame under a new name, and return how long that took."""
    metric_format = {"__name__": f"verified_{uuid4().hex}_$VAR"}
    with VmWriter(url, metric_format=metric_format) as writer:
        return timed(lambda: writer.write(data.frame, verify=verify, progress=False))()


def _measure(url: str, folder: Path, name: str, shape: Shape) -> Iterator[tuple[str, float]]:
    frame = wide_frame(shape).frame
    corrected = frame.iloc[: shape.rows // 4] + 1000
    with _writer(url, folder, name) as writer:
        steps: dict[str, Callable[[], object]] = {
            "write": lambda: writer.write(frame),
            "verify='count'": lambda: writer.verify(frame, count_only=True),
            "verify": lambda: writer.verify(frame),
            "read(like=)": lambda: writer.read(like=frame),
            "replacing what is equal": lambda: writer.write(frame, if_exists="replace"),
            "replacing a quarter": lambda: writer.write(corrected, if_exists="replace"),
        }
        for step, run in steps.items():
            settle(url)
            yield step, timed(run)()


@contextmanager
def _writer(url: str, folder: Path, name: str) -> Iterator[VmWriter]:
    config = WriterConfig(
        datasource_url=url,
        metric_format={"__name__": f"{name}_$VAR"},
        spool_dir=str(folder),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what exists is left out, which is told
        with VmWriter.from_backend(Backend.of(config, replacing=_AT_ONCE)) as writer:
            yield writer
