"""The model of docs/scale.md: that it keeps its own laws, and that the page shows what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the page has a picture")

from benchmarks.scale_model import Costs, Site, limits, simulate
from docs import scale
from vm_df_writer.local import LocalVictoriaMetrics

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")

SOME = Costs(
    samples_per_body=100_000,
    bytes_per_sample=30,
    format_ns=50,
    compress_ns=100,
    send_ns=20,
    parse_ns=300,
    store_ns=500,
    client_request_us=500,
    server_request_us=200,
)
AMPLE = Site(client_cores=64, server_cores=1000)


def page_table(heading: str) -> str:
    """The table under a heading of the page."""
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return "".join(f"{line}\n" for line in lines)


def page_costs() -> dict[str, Costs]:
    """The costs that the page gives."""
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| (\S+) \|$", PAGE, re.MULTILINE)
    plain = Costs(**{name: float(cost) for name, cost, _ in rows})
    return {"none": plain, "gzip": Costs(**{name: float(cost) for name, _, cost in rows})}


@pytest.mark.parametrize(
    ("site", "processes", "concurrency", "limit", "samples_per_s"),
    [
        (AMPLE, 1, 16, "formatting", 1e9 / 50),
        (replace(AMPLE, client_cores=1), 4, 8, "client CPU", 1e9 / (50 + 120 + 5)),
        (replace(AMPLE, server_cores=4), 4, 8, "server CPU", 4e9 / (800 + 2)),
        (replace(AMPLE, bytes_per_s=30e6), 2, 4, "network", 1e6),
        (replace(AMPLE, round_trip_s=10, window_bytes=1e12), 1, 3, "concurrency", 30e3),
        (Site(client_cores=2), 2, 2, "client CPU", 2e9 / (50 + 120 + 5 + 800 + 2)),
    ],
    ids=["formatting", "client", "server", "network", "concurrency", "one machine"],
)
def test_the_narrowest_part_of_the_way_sets_the_speed(
    site: Site, processes: int, concurrency: int, limit: str, samples_per_s: float
) -> None:
    found = limits(SOME, site, processes=processes, concurrency=concurrency)
    assert next(iter(found)) == limit
    assert found[limit] == pytest.approx(samples_per_s, rel=0.01)
    speed = simulate(SOME, site, processes=processes, concurrency=concurrency, bodies=200)
    assert speed == pytest.approx(samples_per_s, rel=0.1)


@pytest.mark.parametrize("cores", [None, 1, 8])
def test_no_simulation_exceeds_a_limit(cores: int | None) -> None:
    for processes, concurrency, round_trip_s in product((1, 2, 5), (1, 2, 8), (0, 0.05)):
        site = Site(2, cores, bytes_per_s=1e8, round_trip_s=round_trip_s)
        speed = simulate(SOME, site, processes=processes, concurrency=concurrency, bodies=8)
        least = next(
            iter(limits(SOME, site, processes=processes, concurrency=concurrency).values())
        )
        assert 0.3 * least < speed <= least * (1 + 1e-9)


def test_more_requests_and_more_processes_are_never_slower() -> None:
    site = Site(8, 8, round_trip_s=0.02)
    by_concurrency = [simulate(SOME, site, concurrency=n) for n in (1, 2, 4, 8)]
    by_processes = [simulate(SOME, site, processes=n) for n in (1, 2, 4)]
    assert by_concurrency == sorted(by_concurrency)
    assert by_processes == sorted(by_processes)


def test_one_body_takes_the_sum_of_its_steps() -> None:
    site = Site(2, 8, bytes_per_s=1e8, round_trip_s=0.05, window_bytes=1e12)
    # format, compress and send, network, distance, and two cores of the server.
    seconds = 0.005 + 0.0125 + 0.03 + 0.05 + (0.08 + 0.0002) / 2
    assert simulate(SOME, site, bodies=1) == pytest.approx(100_000 / seconds)


def test_a_connection_has_no_more_than_its_window_under_way() -> None:
    site = replace(AMPLE, bytes_per_s=1e9, round_trip_s=0.1, window_bytes=1e6)
    wide = replace(site, window_bytes=1e12)
    assert simulate(SOME, site) < 0.6 * simulate(SOME, wide)


@pytest.mark.parametrize("heading", scale.PREDICTED)
def test_the_page_shows_what_the_model_says_of_the_costs_that_it_gives(heading: str) -> None:
    assert page_table(heading) == scale.markdown(scale.PREDICTED[heading](page_costs()))


def test_the_predictions_that_are_checked_are_those_of_the_model() -> None:
    rows = re.findall(r"^\| ((?:server|sink)[^|]*) \| (\S+) M/s \|", PAGE, re.MULTILINE)
    expected = scale.predictions(page_costs(), scale.SHAPE).items()
    assert rows == [(what, f"{speed / 1e6:.3g}") for what, speed in expected]


def test_every_ratio_is_that_of_its_row() -> None:
    rows = re.findall(r"\| (\S+) M/s \| (\S+) M/s \(.*?\) \| (\S+) \|", PAGE)
    assert rows
    for predicted, measured, ratio in rows:
        assert float(measured) / float(predicted) == pytest.approx(float(ratio), abs=0.006)


@pytest.mark.skipif(sys.platform != "linux", reason="CPU is read from /proc")
def test_a_small_version_of_the_measurement_runs(
    victoria_metrics: LocalVictoriaMetrics, tmp_path: Path
) -> None:
    assert victoria_metrics.url
    command = [sys.executable, "-m", "docs.scale", str(tmp_path), "small"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    heads = [line for line in done.stdout.splitlines() if line.startswith("| ---")]
    assert len(heads) == 3 + len(scale.PREDICTED)
    assert (tmp_path / "scale.png").read_bytes().startswith(b"\x89PNG")
