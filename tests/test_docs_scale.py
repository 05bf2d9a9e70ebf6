"""The model of docs/explanation/scale.md keeps the laws of queues, and the page shows it."""
# ruff: noqa: E402 - without what is asked for first, nothing else can be imported

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

for package in ("matplotlib", "psutil", "simpy"):
    pytest.importorskip(package, reason="of the dependency group bench")

from benchmarks.scale.costs import ENCODINGS, PROCESSES
from benchmarks.scale.model import Costs, Site, bounds, simulate, steady_rate
from benchmarks.scale.tables import MADE_FROM_COSTS, SHAPE, name_of_write, predict_s
from tests.support.docs_pages import DOCS
from tests.support.http_servers import NO_CONTENT, raw_servers, read_request
from tests.support.thorough import thorough
from vm_df_writer import VmWriter
from vm_df_writer.local import LocalVictoriaMetrics

ROOT = Path(__file__).parents[1]
PAGE = (DOCS / "explanation" / "scale.md").read_text(encoding="utf-8")

SOME = Costs(
    samples_per_body=100_000,
    bytes_per_sample=30,
    format_ns=50,
    compress_ns=100,
    send_ns=20,
    parse_ns=300,
    store_ns=500,
    merge_ns=100,
    request_cores=2,
    usable=0.9,
)
NO_SERVER = replace(SOME, parse_ns=0, store_ns=0)
AMPLE = Site(client_cores=64, server_cores=1000)


def part(name: str) -> str:
    """What stands between the markers of the page."""
    return PAGE.split(f"<!-- begin: {name} -->\n\n")[1].split(f"\n<!-- end: {name} -->\n")[0]


def costs_of_the_page() -> dict[str, Costs]:
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| (\S+) \|$", part("costs"), re.MULTILINE)
    return {
        encoding: Costs(**{name: float(numbers[i]) for name, *numbers in rows})
        for i, encoding in enumerate(("none", "gzip"))
    }


@pytest.mark.parametrize(
    ("site", "processes", "concurrency", "limit", "samples_per_s"),
    [
        (AMPLE, 1, 16, "formatting", 1e9 / 50),
        (replace(AMPLE, client_cores=1), 4, 8, "client", 1e9 / (50 + 100 + 20)),
        (replace(AMPLE, server_cores=4), 4, 8, "server", 0.9 * 4e9 / (300 + 500)),
        (replace(AMPLE, server_cores=2, storage_cores=99), 4, 8, "vminsert", 0.9 * 2e9 / 300),
        (replace(AMPLE, storage_cores=4), 4, 8, "vmstorage", 0.9 * 4e9 / 500),
        (replace(AMPLE, bytes_per_s=30e6), 2, 4, "network", 1e6),
        (replace(AMPLE, round_trip_s=1, window_bytes=1e12), 1, 3, "concurrency", 3e5 / 1.05),
        (Site(client_cores=2), 2, 2, "machine", 0.9 * 2e9 / (50 + 100 + 20 + 300 + 500)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_narrowest_part_of_the_way_sets_the_rate(
    site: Site, processes: int, concurrency: int, limit: str, samples_per_s: float
) -> None:
    way = {"processes": processes, "concurrency": concurrency}
    found = bounds(SOME, site, **way)
    assert next(iter(found)) == limit
    assert found[limit] == pytest.approx(samples_per_s)
    assert steady_rate(SOME, site, **way) == pytest.approx(samples_per_s, rel=0.03)


@pytest.mark.parametrize(
    "cores", [{}, {"server_cores": 3}, {"server_cores": 2, "storage_cores": 4}]
)
def test_no_simulation_exceeds_what_any_part_allows(cores: dict[str, float]) -> None:
    for processes, concurrency, round_trip_s in product((1, 2, 5), (1, 2, 8), (0, 0.05)):
        site = Site(2, bytes_per_s=1e8, round_trip_s=round_trip_s, **cores)
        way = {"processes": processes, "concurrency": concurrency}
        least = next(iter(bounds(SOME, site, **way).values()))
        assert 0.5 * least < steady_rate(SOME, site, **way) < 1.02 * least


def test_one_process_with_an_instant_server_writes_as_fast_as_it_formats() -> None:
    costs = replace(NO_SERVER, compress_ns=0, send_ns=0)
    assert steady_rate(costs, AMPLE) == pytest.approx(1e9 / 50)
    assert simulate(costs, AMPLE, bodies=20) == pytest.approx(20 * 100_000 * 50e-9)


def test_one_body_takes_the_sum_of_its_steps() -> None:
    site = Site(2, 8, bytes_per_s=5e7, round_trip_s=0.05, window_bytes=1e12)
    # Formatting, compressing, the network (while the server works), and distance.
    assert simulate(SOME, site, bodies=1) == pytest.approx(0.005 + 0.01 + 0.06 + 0.05)


def test_a_longer_round_trip_needs_more_requests_for_the_same_rate() -> None:
    site = replace(AMPLE, server_cores=8)
    needed = []
    for round_trip_s in (0, 0.02, 0.1, 0.3):
        here = replace(site, round_trip_s=round_trip_s)
        enough = 0.9 * bounds(SOME, here)["server"]
        rates = ((n, steady_rate(SOME, here, concurrency=n)) for n in range(1, 65))
        needed.append(next(n for n, rate in rates if rate >= enough))
    assert all(a < b for a, b in pairwise(needed))


def test_requests_at_a_time_are_rate_times_duration() -> None:
    """Little's law, where all requests that may be made at a time always are."""
    site = replace(AMPLE, round_trip_s=0.4, window_bytes=1e12)
    request_s = simulate(SOME, site, bodies=1) - 0.005
    for concurrency in (1, 2, 8):
        rate = steady_rate(SOME, site, concurrency=concurrency) / SOME.samples_per_body
        assert rate * request_s == pytest.approx(concurrency, rel=0.01)


def test_more_requests_and_more_processes_are_never_slower() -> None:
    site = Site(8, 8, round_trip_s=0.02)
    by_concurrency = [steady_rate(SOME, site, concurrency=n) for n in (1, 2, 4, 8)]
    by_processes = [steady_rate(SOME, site, processes=n) for n in (1, 2, 4)]
    for rates in (by_concurrency, by_processes):
        assert all(more >= 0.99 * less for less, more in pairwise(rates))


def test_a_server_with_few_cores_takes_only_so_many_requests_at_a_time() -> None:
    site = replace(AMPLE, server_cores=1, bytes_per_s=1e9, window_bytes=3e6, round_trip_s=1)
    # Four connections that carry a window per second; the rest waits for its turn.
    assert steady_rate(NO_SERVER, site, concurrency=32) == pytest.approx(4 * 1e5, rel=0.05)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_requests_overlap_as_those_of_a_real_writer_do(concurrency: int) -> None:
    late_s, n_bodies = 0.1, 12
    in_flight: set[socket.socket] = set()
    most: list[int] = []

    def answer_late(connection: socket.socket) -> None:
        while request := read_request(connection):
            if request.startswith(b"POST"):
                in_flight.add(connection)
                most.append(len(in_flight))
                time.sleep(late_s)
                in_flight.remove(connection)
            connection.sendall(NO_CONTENT)

    instant = Costs(1, 1, 0, 0, 0, 0, 0, 0, request_cores=1, usable=1)
    site = Site(round_trip_s=late_s)
    predicted_s = simulate(instant, site, concurrency=concurrency, bodies=n_bodies)
    frame = pd.DataFrame(
        np.ones((1, n_bodies)), index=[pd.Timestamp("2026-01-01")], columns=list("abcdefghijkl")
    )
    with raw_servers() as serve:
        url = serve(answer_late)
        with VmWriter(url, batch_max_series=1, concurrency=concurrency) as writer:
            report = writer.write(frame, query_key="q")
    assert report.requests == n_bodies
    assert predicted_s == pytest.approx(late_s * n_bodies / concurrency)
    assert predicted_s <= report.elapsed_s  # by how much, a busy machine says
    assert max(most) == concurrency


@pytest.mark.parametrize("name", MADE_FROM_COSTS)
def test_the_page_shows_what_the_model_makes_of_the_costs_in_it(name: str) -> None:
    assert part(name) == MADE_FROM_COSTS[name](costs_of_the_page())


def test_the_page_compares_what_the_model_predicts_with_what_was_measured() -> None:
    rows = re.findall(
        r"^\| (.*?) \| (\S+) \| (\S+) s \| (\S+) s \(.*\) \| (\S+)% \|",
        part("checks"),
        re.MULTILINE,
    )
    costs = costs_of_the_page()
    for case, row in zip(product(ENCODINGS, PROCESSES), rows, strict=True):
        what, others, predicted, measured, error = row
        assert what == name_of_write(*case)
        assert predicted == f"{predict_s(costs, SHAPE, *case, others=float(others)):.2f}"
        assert float(predicted) / float(measured) == pytest.approx(1 + float(error) / 100, abs=0.02)


@thorough
@pytest.mark.skipif(sys.platform != "linux", reason="CPU is read as Linux tells it")
def test_the_command_makes_every_part_of_the_page_and_the_picture(
    victoria_metrics: LocalVictoriaMetrics, tmp_path: Path
) -> None:
    assert victoria_metrics.url
    page = tmp_path / "scale.md"
    page.write_text(re.sub(r"(begin: \S+ -->\n).*?(<!-- end)", r"\1\2", PAGE, flags=re.DOTALL))
    command = [sys.executable, "-m", "benchmarks.scale", "--small", "--page", str(page)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^\| .*", PAGE, re.MULTILINE)
    assert len(re.findall(r"^\| .*", page.read_text(), re.MULTILINE)) == len(rows)
    assert page.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
