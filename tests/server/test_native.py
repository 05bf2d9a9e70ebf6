"""The law of native blocks: with them or without, a verification says the same."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import requests

from tests.support.blocks import T
from vm_df_writer import VmWriter
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.model.series import FloatArray, IntArray, SeriesBlock
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.block_reader import BlockReader
from vm_df_writer.verification.findings import VerificationResult
from vm_df_writer.verification.read_back_policy import ReadBackPolicy
from vm_df_writer.verification.verify_blocks import verify_blocks

N_SERIES, N_SAMPLES = 12, 900

StartServer = Callable[..., LocalVictoriaMetrics]
Samples = list[tuple[IntArray, FloatArray]]


def times_of(rng: np.random.Generator) -> IntArray:
    if rng.random() < 0.5:
        return T + 15_000 * np.arange(N_SAMPLES)
    return T + np.sort(rng.choice(20_000_000, N_SAMPLES, replace=False))


def values(rng: np.random.Generator) -> FloatArray:
    normal = rng.standard_normal(N_SAMPLES)
    drawn = [
        normal,
        normal.round(2),
        rng.integers(-5, 5, N_SAMPLES).astype(np.float64),
        rng.integers(-(2**53), 2**53, N_SAMPLES).astype(np.float64),
        np.full(N_SAMPLES, 42.0),
        np.arange(N_SAMPLES) * 0.25,
        np.cumsum(rng.integers(0, 99, N_SAMPLES)).astype(np.float64),
        normal * 10.0 ** rng.integers(-6, 6, N_SAMPLES),
        normal * 1e300,
    ]
    return drawn[int(rng.integers(len(drawn)))]


def block_of(rng: np.random.Generator, run: str) -> SeriesBlock:
    """Return a block of one row: series with times and values of their own."""
    names = (f'{{"__name__":"{run}","i":"{i}","odd":"\\u0001é"}}' for i in range(N_SERIES))
    return SeriesBlock(
        label_sets=[name.encode() for name in names],
        offsets=N_SAMPLES * np.arange(N_SERIES + 1),
        timestamps_ms=np.concatenate([times_of(rng) for _ in range(N_SERIES)]),
        values=np.concatenate([values(rng) for _ in range(N_SERIES)])[None],
    )


def damaged(rng: np.random.Generator, ms: IntArray, sent: FloatArray) -> Samples:
    """Return the parts in which a series is sent, more or less as it should be."""
    some = np.sort(rng.choice(len(ms), int(rng.integers(1, 50)), replace=False))
    rest = np.delete(np.arange(len(ms)), some)
    other = ms[some], sent[some] + 1 + np.abs(sent[some])
    match rng.integers(14):
        case 0:
            return [(ms[rest], sent[rest])]
        case 1:
            return [(ms[rest], sent[rest]), other]
        case 2:
            return [(ms, sent), other]
        case 3:
            return [(ms, sent), (ms[some], sent[some])]
        case 4:
            return [(ms, sent), (ms[some] + 1, sent[some])]
        case 5:
            return [(ms, sent), (ms[:50] - 86_400_000, sent[:50]), (ms[-1:] + 5, sent[:1])]
        case 6:
            return [(ms[some], sent[some]), (ms[rest], sent[rest])]
        case 7:
            return []
        case _:
            return [(ms, sent)]


def send(url: str, rng: np.random.Generator, block: SeriesBlock) -> None:
    lines = []
    for label_set, ms, sent in block:
        for part_ms, part in damaged(rng, ms, sent):
            texts = ",".join(map(repr, part.tolist()))
            lines.append(
                f'{{"metric":{label_set.decode()},"values":[{texts}],'
                f'"timestamps":{part_ms.tolist()}}}'
            )
    for half in (lines[::2], lines[1::2]):
        body = "\n".join(half).encode()
        assert requests.post(f"{url}/api/v1/import", body, timeout=30).status_code == 204


def verified(url: str, block: SeriesBlock, *, natively: bool) -> VerificationResult:
    config = WriterConfig(datasource_url=url)
    endpoint = Endpoint.of(config)
    client = HttpClient(config, endpoint)
    policy = ReadBackPolicy(patience_s=0.5)
    reader = BlockReader(
        client,
        endpoint,
        policy,
        acknowledged_at=policy.clock(),
        shows_all_stored=natively,
    )
    try:
        return verify_blocks([block], reader)
    finally:
        client.close()


@pytest.mark.parametrize("seed", range(12))
def test_with_native_blocks_or_without_the_same_is_found(
    victoria_metrics: LocalVictoriaMetrics, name: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    block = block_of(rng, name)
    send(victoria_metrics.url, rng, block)
    plainly = verified(victoria_metrics.url, block, natively=False)
    assert verified(victoria_metrics.url, block, natively=True) == plainly
    assert not plainly.verification.ok


def export_paths(server: LocalVictoriaMetrics, name: str, frame: pd.DataFrame) -> set[str]:
    """Return by which paths a write is verified."""
    with VmWriter(server.url, metric_format={"__name__": f"{name}_$VAR"}) as writer:
        report = writer.write(frame, verify=True)
    assert report.verification is not None
    assert report.verification.found == report.samples
    time.sleep(1.1)  # for so long the server gives the same page
    text = requests.get(f"{server.url}/metrics", timeout=30).text
    found = re.findall(r'vm_http_requests_total\{path="/api/v1/(export[a-z/]*)"\} (\d+)', text)
    return {path for path, n in found if int(n)}


def frame_of(n_rows: int, n_columns: int) -> pd.DataFrame:
    index = pd.date_range("2026-01-01", periods=n_rows, freq="15s", tz="UTC")
    numbers = np.random.default_rng(0).standard_normal((n_rows, n_columns))
    return pd.DataFrame(numbers, index=index, columns=[f"c{i}" for i in range(n_columns)])


def test_a_write_is_verified_by_native_blocks_alone(
    start_victoria_metrics: StartServer, name: str
) -> None:
    server = start_victoria_metrics()
    assert export_paths(server, name, frame_of(30_000, 20)) == {"export/native"}


def test_a_server_that_deduplicates_is_asked_for_what_it_shows(
    start_victoria_metrics: StartServer, name: str
) -> None:
    server = start_victoria_metrics("-dedup.minScrapeInterval=1ms")
    assert export_paths(server, name, frame_of(1000, 3)) == {"export"}
