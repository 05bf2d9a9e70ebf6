"""Makes docs/explanation/scale.md: ``python -m benchmarks.scale``.

It measures, simulates, compares and writes the page. That takes about three minutes on a machine
that does nothing else, and needs Linux. The text of the page stays; what stands between its
markers, and the picture, are made anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.measuring.frames import long_frame, periodic_frame, wide_frame
from benchmarks.measuring.machine import describe_machine, describe_versions, use_two_cores
from benchmarks.measuring.sizes import Shape
from benchmarks.measuring.timing import drain
from benchmarks.scale.costs import cpu_ns, measure
from benchmarks.scale.tables import (
    MADE_FROM_COSTS,
    SHAPE,
    Check,
    checks_table,
    costs_table,
    draw,
    formatting_table,
    name_of_write,
    predict_s,
)

__all__ = ["put_into_page"]

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "scale.md"


def put_into_page(page: str, parts: Mapping[str, str]) -> str:
    r"""Return the page with its parts between their markers.

    Examples
    --------
    >>> page = "<!-- begin: a -->\nold\n<!-- end: a -->\n"
    >>> print(put_into_page(page, {"a": "new\n"}), end="")
    <!-- begin: a -->
    <BLANKLINE>
    new
    <BLANKLINE>
    <!-- end: a -->
    """
    for name, text in parts.items():
        begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->\n"
        before, rest = page.split(begin)
        _, after = rest.split(end)
        page = f"{before}{begin}\n{text}\n{end}{after}"
    return page


def _measure_formatting(repetitions: int, scale: int) -> dict[str, float]:
    frames = {
        "wide, 300 series": wide_frame(Shape(10_000 // scale, 300)),
        "long, 600 series, two label columns": long_frame(Shape(3_000_000 // scale, 600)),
        "wide, 200,000 series of one sample": periodic_frame(200_000 // scale),
    }
    return {
        what: cpu_ns(drain(data.lines), data.n_samples, repetitions)
        for what, data in frames.items()
    }


def _describe() -> str:
    machine, versions = describe_machine(), describe_versions()
    named = ("vm_df_writer", "Python", "pandas", "orjson", "isal", "VictoriaMetrics")
    where = ", ".join(f"{name} {versions[name]}" for name in named)
    return (
        f"{machine['date']}; {machine['processor']}, {machine['cores used']} cores, "
        f"{machine['memory']}; load average at the start {machine['load average at the start']}; "
        f"{where}.\n"
    )


def main() -> None:
    """Measure, and put the results into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, default=PAGE, help="the page (default: %(default)s)")
    parser.add_argument("--small", action="store_true", help="show only that it runs")
    arguments = parser.parse_args()
    repetitions, patience_s, scale = (1, 0.0, 100) if arguments.small else (5, 90.0, 1)
    shape = Shape(SHAPE.rows // scale, SHAPE.series)
    use_two_cores()
    parts = {"machine": _describe()}
    parts["formatting"] = formatting_table(_measure_formatting(repetitions, scale))
    found = measure(shape, repetitions, patience_s=patience_s)
    checks = []
    for (encoding, k), uses in found.writes.items():
        cost = found.costs[encoding]
        others = max(0.0, round(median(use.others for use in uses), 2))
        cpu_s = median(use.own_s + use.children_s for use in uses)
        check = Check(
            name_of_write(encoding, k),
            predict_s(found.costs, shape, encoding, k, others=others),
            sorted(use.wall_s for use in uses),
            others,
            cost.client_ns + cost.server_ns,
            cpu_s / (k * shape.rows * shape.series) * 1e9,
        )
        checks.append(check)
    parts |= {"costs": costs_table(found.costs), "checks": checks_table(checks)}
    parts |= {name: make(found.costs) for name, make in MADE_FROM_COSTS.items()}
    page = put_into_page(arguments.page.read_text(encoding="utf-8"), parts)
    arguments.page.write_text(page, encoding="utf-8")
    draw(checks, found.costs).savefig(arguments.page.with_suffix(".png"), dpi=110)
    print(parts["checks"])


if __name__ == "__main__":
    main()
