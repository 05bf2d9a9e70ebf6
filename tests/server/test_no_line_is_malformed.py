"""No line of ours is of a kind that a server skips; what such a line loses, verify reports."""

from __future__ import annotations

import warnings
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.malformed_lines import MALFORMED, TIMES_MS, VALUES, is_sound
from tests.support.stored_samples import export
from tests.support.writers import writer_with
from vm_df_writer import VerificationError, VmDfWriterWarning
from vm_df_writer.local import LocalVictoriaMetrics

NOW = pd.Timestamp.now("UTC").floor("s")
HOSTS = [
    'a"\\b',
    "a\r\nb",
    "\ufeffb",
    "\x00\x01\x7f",
    "\u2028\u0085",
    "😀é日本",
    "+Inf",
    "x" * 4096,
]
FLAGS = [True, 2.5, 7, None, "", "0", "\t", " "]


def times(n: int) -> pd.DatetimeIndex:
    return pd.date_range(NOW - timedelta(days=1), periods=n, freq="1s")


ODD_VALUES = [1.0, None, np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.7e308, -1e-7, 1e16, 123456.789]
ODD_TYPES = {
    "bool": [True, False],
    "int": [-(2**62), 7],
    "uint": np.array([2**64 - 1, 0], np.uint64),
    "half": np.array([0.1, 65504], np.float16),
    "nullable": pd.array([1, None], "Int64"),
    "narrow": pd.array([None, 0.1], "Float32"),
    "decimal": [Decimal("1.10"), Decimal("1E+3")],
    "object": [1, 0.5],
    "none": [None, None],
}
SHUFFLED = times(50)[np.random.default_rng(0).integers(0, 50, 300)]
GAPS = np.where(np.eye(40, dtype=bool), np.nan, 0.5)
FRAMES = {
    "values": pd.DataFrame({"y": ODD_VALUES}, index=times(len(ODD_VALUES))),
    "types": pd.DataFrame(ODD_TYPES, index=times(2)),
    "labels": pd.DataFrame({"host": HOSTS, "a\n": FLAGS, "y": 1.5}, index=times(len(HOSTS))),
    "names": pd.DataFrame(1.0, index=times(1), columns=[host for host in HOSTS if host.strip()]),
    "order": pd.DataFrame({"y": np.arange(300.0)}, index=SHUFFLED),
    "resolution": pd.DataFrame({"y": 1.0}, index=times(9) + pd.Timedelta("123456ns")),
    "long lines": pd.DataFrame({"y": np.linspace(0, 1, 25_000), "z": 0.1}, index=times(25_000)),
    "short lines": pd.DataFrame(np.ones((1, 3000)), index=times(1)).add_prefix("c"),
    "gaps": pd.DataFrame(GAPS, index=times(40)).add_prefix("g"),
}


@pytest.fixture
def passed_on(
    httpserver: HTTPServer, victoria_metrics: LocalVictoriaMetrics
) -> tuple[str, list[bytes]]:
    """The URL of what hands on to a real server each body of an import, and these bodies."""
    bodies: list[bytes] = []

    def hand_on(request: Request) -> Response:
        bodies.append(request.get_data())
        url = f"{victoria_metrics.url}/api/v1/import"
        return Response(status=requests.post(url, bodies[-1], timeout=30).status_code)

    httpserver.expect_request("/api/v1/import", method="POST").respond_with_handler(hand_on)
    return httpserver.url_for(""), bodies


@pytest.mark.parametrize("what", FRAMES)
def test_every_line_of_ours_is_sound_and_stored(
    passed_on: tuple[str, list[bytes]],
    victoria_metrics: LocalVictoriaMetrics,
    what: str,
) -> None:
    url, bodies = passed_on
    reading = {"label_columns": ["host", "a\n"]} if what == "labels" else {"layout": "wide"}
    with (
        writer_with(
            url,
            query_url=victoria_metrics.url,
            metric_format={"__name__": "$VAR", "run": uuid4().hex},
        ) as writer,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", VmDfWriterWarning)
        report = writer.write(FRAMES[what], inf="keep", duplicates="keep", verify=True, **reading)
    lines = b"".join(bodies).splitlines(keepends=True)
    assert [line for line in lines if not is_sound(line)] == []
    assert sum(line.count(b",") for line in lines) >= report.samples > 0
    assert report.verification is not None
    assert report.verification.found == report.samples


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_sound_line_is_none_of_those(kind: str) -> None:
    assert not any(map(is_sound, MALFORMED[kind].splitlines(keepends=True)))


def test_what_malformed_lines_lose_is_what_verify_reports(
    victoria_metrics: LocalVictoriaMetrics,
) -> None:
    url, run = victoria_metrics.url, f"m_{uuid4().hex}"
    names = {kind: f"{run}_{i}" for i, kind in enumerate(MALFORMED)}
    for kind, line in MALFORMED.items():
        body = line.replace(b"NAME", names[kind].encode())
        assert requests.post(f"{url}/api/v1/import", body, timeout=10).status_code == 204
    stored = export(url, f'{{__name__=~"{run}_.*"}}')
    meant = [*zip(TIMES_MS, VALUES, strict=True)]
    n_found = {
        kind: sum(
            sample in stored.get(frozenset({("__name__", name), ("host", "a")}), [])
            for sample in meant
        )
        for kind, name in names.items()
    }
    whole = [name for kind, name in names.items() if n_found[kind] == len(meant)]
    harmed = [name for kind, name in names.items() if n_found[kind] < len(meant)]
    assert len(harmed) > 60  # some versions take some of them
    with writer_with(url, metric_format={"__name__": "$VAR", "host": "a"}) as writer:
        index = pd.to_datetime(TIMES_MS, unit="ms", utc=True)
        if whole:
            assert writer.verify(pd.DataFrame(dict.fromkeys(whole, VALUES), index=index)).ok
        with pytest.raises(VerificationError, match=f"in {len(harmed)} series") as caught:
            writer.verify(pd.DataFrame(dict.fromkeys(harmed, VALUES), index=index))
    assert caught.value.verification is not None
    assert caught.value.verification.found == sum(n_found.values()) - len(meant) * len(whole)
