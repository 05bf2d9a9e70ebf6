"""The command line: ``python -m benchmarks [--small | --full] [--out FOLDER] [PART ...]``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from benchmarks.delivery.concurrency import vary_delivery
from benchmarks.delivery.end_to_end import compare_end_to_end, write_with_peers
from benchmarks.delivery.existing_samples import compare_existing
from benchmarks.delivery.jobs import compare_jobs
from benchmarks.delivery.small_writes import compare_small_writes
from benchmarks.delivery.stages import split_writes
from benchmarks.delivery.wire_servers import compare_servers
from benchmarks.formatting.drawn import compare_drawn
from benchmarks.formatting.goals import compare_formatting
from benchmarks.formatting.imports import compare_imports
from benchmarks.formatting.memory import memory_by_rows, memory_goals
from benchmarks.formatting.peers import compare_peers, require_agreement
from benchmarks.formatting.scaling import growth_exponents, scale_rows, scale_series
from benchmarks.formatting.wires import compare_wires, measure_sizes, size_goal
from benchmarks.measuring.machine import describe_machine, describe_versions, use_two_cores
from benchmarks.measuring.optional import NotInstalledError
from benchmarks.measuring.sizes import FULL, NORMAL, SMALL, Sizes
from benchmarks.report.markdown import render_report
from benchmarks.report.results import Results, to_record
from vm_df_writer.local import ServerNotInstalled

_OUT = Path(__file__).parent / "out"

_Found = TypeVar("_Found")


def _keep(found: Iterable[_Found | str], kept: list[_Found], results: Results) -> None:
    """Keep what was measured; a text says what could not be."""
    for one in found:
        if isinstance(one, str):
            results.miss(one)
        else:
            kept.append(one)


def _formatting(sizes: Sizes, results: Results) -> None:
    _keep(compare_formatting(sizes), results.comparisons, results)


def _drawn(sizes: Sizes, results: Results) -> None:
    _keep(compare_drawn(sizes), results.comparisons, results)


def _imports(sizes: Sizes, results: Results) -> None:
    results.comparisons.append(compare_imports(sizes))


def _small_writes(sizes: Sizes, results: Results) -> None:
    results.comparisons.append(compare_small_writes(sizes))


def _memory(sizes: Sizes, results: Results) -> None:
    runs, goals = memory_goals(sizes)
    results.memory_goals += goals
    results.memory += [*runs, *memory_by_rows(sizes)]


def _peers(sizes: Sizes, results: Results) -> None:
    results.agreement += require_agreement()
    _keep(compare_peers(sizes), results.peers, results)


def _scaling(sizes: Sizes, results: Results) -> None:
    results.scaling += [*scale_rows(sizes), *scale_series(sizes)]
    results.growth = growth_exponents(results.scaling)


def _end_to_end(sizes: Sizes, results: Results) -> None:
    results.comparisons += compare_end_to_end(sizes)


def _server_peers(sizes: Sizes, results: Results) -> None:
    _keep(write_with_peers(sizes), results.end_to_end, results)


def _stages(sizes: Sizes, results: Results) -> None:
    results.stages += split_writes(sizes)


def _delivery(sizes: Sizes, results: Results) -> None:
    results.delivery += vary_delivery(sizes)


def _wires(sizes: Sizes, results: Results) -> None:
    _keep(compare_wires(sizes), results.comparisons, results)
    results.wire_sizes += measure_sizes(sizes)
    results.size_goals.append(size_goal(results.wire_sizes))


def _wire_servers(sizes: Sizes, results: Results) -> None:
    results.comparisons += compare_servers(sizes)


def _existing(sizes: Sizes, results: Results) -> None:
    results.comparisons += compare_existing(sizes)


def _jobs(sizes: Sizes, results: Results) -> None:
    results.comparisons += compare_jobs(sizes)


_PARTS: dict[str, Callable[[Sizes, Results], None]] = {
    "formatting": _formatting,
    "drawn": _drawn,
    "wires": _wires,
    "wire_servers": _wire_servers,
    "imports": _imports,
    "small_writes": _small_writes,
    "memory": _memory,
    "peers": _peers,
    "scaling": _scaling,
    "end_to_end": _end_to_end,
    "server_peers": _server_peers,
    "stages": _stages,
    "delivery": _delivery,
    "existing": _existing,
    "jobs": _jobs,
}


def main() -> None:
    """Run the parts that are named, or all, and write what they found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"run these alone: {', '.join(_PARTS)}"
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--small", action="store_true", help="small frames, which show nothing")
    size.add_argument("--full", action="store_true", help="large frames for every peer too")
    parser.add_argument("--out", type=Path, default=_OUT, help="where the results are written to")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(_PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(_PARTS)}")
    use_two_cores()
    sizes = SMALL if arguments.small else FULL if arguments.full else NORMAL
    results = Results(sizes, describe_machine(), describe_versions())
    try:
        for name in arguments.parts or _PARTS:
            _run(name, sizes, results)
    finally:  # a part that fails takes nothing of those before it along
        _write(results, arguments.out)


def _run(name: str, sizes: Sizes, results: Results) -> None:
    start = time.monotonic()
    print(f"{name} ...", end="", file=sys.stderr, flush=True)
    try:
        _PARTS[name](sizes, results)
    except (NotInstalledError, ServerNotInstalled) as error:
        results.miss(f"{name}: {error}")
    results.parts_s[name] = time.monotonic() - start
    print(f" {results.parts_s[name]:.0f} s", file=sys.stderr)


def _write(results: Results, out: Path) -> None:
    folder = out / "plots"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        from benchmarks.report.plots import draw_plots  # matplotlib may be missing
    except ImportError as error:
        results.miss(f"plots: {error.name} is not installed")
        plots = {}
    else:
        plots = {name: f"plots/{file}" for name, file in draw_plots(results, folder).items()}
    (out / "results.json").write_text(json.dumps(to_record(results), indent=1), encoding="utf-8")
    report = out / "results.md"
    report.write_text(render_report(results, plots), encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
