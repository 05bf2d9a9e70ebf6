"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.delivery.stages import STAGES
from benchmarks.measuring.timing import Comparison, Timing
from benchmarks.report.results import Results

__all__ = ["render_report"]

_MOST_GROWTH = 1.05
"""What a fit through noisy times may make of linear growth."""


def render_report(results: Results, plots: Mapping[str, str]) -> str:
    """Return the report.

    Parameters
    ----------
    results : Results
        What was measured.
    plots : mapping of str to str
        The path of each picture, as seen from the report.
    """
    parts = [
        _introduction(results),
        *_goals(results),
        *_peers(results, plots),
        *_scaling(results, plots),
        *_memory(results, plots),
        *_end_to_end(results, plots),
        *_stages(results, plots),
        *_delivery(results, plots),
        *_wires(results),
        *_missing(results),
    ]
    return "\n\n".join(parts) + "\n"


def _introduction(results: Results) -> str:
    machine = _table(["Machine", ""], results.machine.items())
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    sizes, took_s = results.sizes, sum(results.parts_s.values())
    warning = "These frames are too small to show anything.\n\n" if sizes.name == "small" else ""
    return (
        f"# Benchmarks of vm_df_writer\n\n{warning}"
        f"Made by `python -m benchmarks`, size {sizes.name}, in {took_s / 60:.1f} minutes. Every "
        f"time is the median of {sizes.repetitions} repetitions, of {sizes.few_repetitions} for "
        "what has a server in it, wires, peers and scaling, of twice as many for imports. What is "
        "compared runs in turns, forwards and backwards. In brackets: the smallest and the largest "
        "that was seen. Formatting is `to_import_lines`, each piece dropped as it comes. Values "
        "are standard normal float64 with all their digits.\n\n"
        f"{machine}\n\nVersions: {versions}."
    )


def _goals(results: Results) -> Iterable[str]:
    rows: list[Sequence[str]] = []
    for found in results.comparisons:
        low, high = found.ratio_spread
        rows.append(
            (
                found.case,
                found.yardstick,
                _ns(found),
                _seconds(found.ours.median_s),
                _seconds(found.theirs.median_s),
                f"**{found.ratio:.2f}** ({low:.2f} to {high:.2f})",
                f"≤ {found.goal:.3g}",
                _yes(found.is_met),
            )
        )
    for peak in results.memory_goals:
        low, high = peak.spread_mib
        measured = f"**{peak.mib:.0f} MiB** ({low:.0f} to {high:.0f})"
        goal = f"≤ {peak.goal_mib:g} MiB"
        rows.append((peak.case, *[""] * 4, measured, goal, _yes(peak.is_met)))
    for size in results.size_goals:
        measured, goal = f"**{size.ratio:.2f}**", f"≤ {size.goal:g}"
        rows.append((size.case, size.yardstick, *[""] * 3, measured, goal, _yes(size.is_met)))
    for layout, exponent in results.growth.items():
        case = f"k of time ~ rows^k, {layout} frames, from 100,000 rows on"
        measured, goal = f"**{exponent:.2f}**", f"≤ {_MOST_GROWTH}"
        rows.append((case, *[""] * 4, measured, goal, _yes(exponent <= _MOST_GROWTH)))
    if rows:
        columns = ["Case", "Yardstick", "ns/sample", "Ours", "Its time", "Measured", "Goal", "Met"]
        yield (
            "## Goals\n\nMeasured is our time by the yardstick's, or what the case says. polars "
            "starts from a frame of its own here. The second write is a dry run of `VmWriter`, "
            "which does all but send: label sets are kept by the writer. curl posts files that "
            "`to_import_lines` made beforehand, in one request or two at a time: the faster. "
            "All that has a server in it shares the two cores with that, over loopback and "
            f"uncompressed, until everything is acknowledged.\n\n{_table(columns, rows)}"
        )


def _peers(results: Results, plots: Mapping[str, str]) -> Iterable[str]:
    if not results.peers:
        return
    rows = [
        (
            f"{run.layout}, {run.n_samples:,} samples",
            run.peer,
            f"{run.ns_per_sample:,.0f}",
            f"{run.samples_per_s / 1e6:.2f} M",
            f"{run.bytes_per_sample:.0f}",
            _spread(run.timing),
        )
        for run in results.peers
    ]
    columns = ["Frame", "Writer", "ns/sample", "samples/s", "bytes/sample", "Spread"]
    agreement = "\n".join(f"- {text}" for text in results.agreement)
    yield (
        f"## Peers\n\n{_picture(plots, 'peers')}"
        "All formatted from the same pandas frames; polars converts them first, and uses both "
        "cores. On small frames all texts were parsed back, and hold the same samples:\n\n"
        f"{agreement}\n\n{_table(columns, rows)}"
    )


def _scaling(results: Results, plots: Mapping[str, str]) -> Iterable[str]:
    if not results.scaling:
        return
    rows = [
        (
            f"{point.layout}, by {point.axis}",
            f"{point.x:,}",
            f"{point.n_samples:,}",
            f"{point.ns_per_sample:,.0f}",
            _spread(point.timing),
        )
        for point in results.scaling
    ]
    columns = ["Frame", "Rows or series", "Samples", "ns/sample", "Spread"]
    yield (
        f"## Scaling\n\n{_picture(plots, 'rows')}{_picture(plots, 'series')}"
        "By rows, long frames have 100 series and wide ones 4 columns; by series, all have the "
        f"same number of samples.\n\n{_table(columns, rows)}"
    )


def _memory(results: Results, plots: Mapping[str, str]) -> Iterable[str]:
    if not results.memory:
        return
    rows = [
        (
            run.peer,
            f"{run.layout}, {run.rows:,} rows, {run.series:,} series",
            f"{run.frame_mib:,.0f}",
            f"{run.peak_mib:,.0f} ({min(run.peaks_mib):,.0f} to {max(run.peaks_mib):,.0f})",
        )
        for run in sorted(results.memory, key=lambda run: (run.layout, run.peer, run.n_samples))
    ]
    columns = ["Writer", "Frame", "Frame itself, MiB", "Peak above it, MiB"]
    yield (
        f"## Memory\n\n{_picture(plots, 'memory')}"
        "Each in a process of its own: the kernel's high-water mark of resident memory, reset "
        "when the frame is built, less what was resident then. All allocators are in it, and "
        f"nothing is sampled.\n\n{_table(columns, rows)}"
    )


def _end_to_end(results: Results, plots: Mapping[str, str]) -> Iterable[str]:
    if not results.end_to_end:
        return
    rows = [
        (
            run.writer,
            _seconds(run.timing.median_s),
            f"{run.samples_per_s / 1e6:.2f} M",
            _spread(run.timing),
        )
        for run in results.end_to_end
    ]
    yield (
        f"## End to end\n\n{_picture(plots, 'end_to_end')}"
        f"A wide frame of {results.end_to_end[0].n_samples:,} samples into the newest server, "
        "which is left to finish its merges before each repetition. It was asked afterwards: it "
        "holds every sample as often as it was sent.\n\n"
        f"{_table(['Writer', 'Time', 'samples/s', 'Spread'], rows)}"
    )


def _stages(results: Results, plots: Mapping[str, str]) -> Iterable[str]:
    if not results.stages:
        return
    rows = [
        (
            f"{run.layout}, {run.encoding}",
            *(f"{run.stages_s[stage]:.2f}" for stage in STAGES),
            f"{sum(run.stages_s.values()):.2f}",
            f"{run.write.median_s:.2f}",
            f"{run.n_bytes / run.n_samples:.1f}",
        )
        for run in results.stages
    ]
    columns = ["Frame, coding", *STAGES, "sum", "VmWriter.write", "bytes/sample"]
    yield (
        f"## Stages\n\n{_picture(plots, 'stages')}"
        "Seconds of each stage when one follows the other over a single connection, and of "
        "`VmWriter.write`, which overlaps them. While bytes are sent the server reads and parses: "
        f"*sending* and *waiting* are its time, not ours.\n\n{_table(columns, rows)}"
    )


def _delivery(results: Results, plots: Mapping[str, str]) -> Iterable[str]:
    if not results.delivery:
        return
    rows = [
        (
            run.compression,
            str(run.concurrency),
            f"{run.samples_per_s / 1e6:.2f} M",
            f"{run.bytes_sent / run.n_samples:.1f}",
            _spread(run.timing),
        )
        for run in results.delivery
    ]
    columns = ["Compression", "Concurrency", "samples/s", "bytes/sample sent", "Spread"]
    yield (
        f"## Concurrency and compression\n\n{_picture(plots, 'delivery')}"
        "`VmWriter.write` of a wide frame: what the client spends, the server on the same cores "
        f"lacks.\n\n{_table(columns, rows)}"
    )


def _wires(results: Results) -> Iterable[str]:
    if not results.wire_sizes:
        return
    rows = [
        (size.kind, size.wire, size.encoding, f"{size.bytes_per_sample:.2f}")
        for size in results.wire_sizes
    ]
    yield (
        "## Wires\n\nBytes of wide frames in bodies of the default size. Series share their times, "
        "which zstd finds again if they are short enough for its window. What remote write and "
        "import lines cost is CPU time, and stands among the goals.\n\n"
        f"{_table(['Values', 'Wire', 'Encoding', 'bytes/sample'], rows)}"
    )


def _missing(results: Results) -> Iterable[str]:
    if results.missing:
        yield "## Not measured\n\n" + "\n".join(f"- {what}" for what in results.missing)


def _picture(plots: Mapping[str, str], subject: str) -> str:
    return f"![{subject.replace('_', ' ')}]({plots[subject]})\n\n" if subject in plots else ""


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _ns(found: Comparison) -> str:
    if not found.n_samples:
        return ""
    ns = found.ours.median_s / found.n_samples * 1e9
    return f"{ns:,.0f}" if ns >= 10 else f"{ns:.1f}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def _spread(timing: Timing) -> str:
    return f"{_seconds(timing.fastest_s)} to {_seconds(timing.slowest_s)}"


def _yes(is_met: bool) -> str:  # noqa: FBT001 - it is all there is
    return "yes" if is_met else "**no**"
