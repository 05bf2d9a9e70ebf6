"""What a server keeps of remote write, beside the same frames as import lines."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.column_strategies import time_columns
from tests.support.frame_strategies import Case, cases
from tests.support.import_lines import Samples
from tests.support.stored_samples import export, is_what_was_sent
from tests.support.thorough import few_or_many
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.wire.compression import compress
from vm_df_writer.wire.packing import pack_bodies
from vm_df_writer.wire.protocol import IMPORT_LINES, REMOTE_WRITE, Wire

# Each month is a folder of the server, so that times lie close to a few days that are worth it.
STARTS_S = st.sampled_from([31_536_000, 34_359_730, 951_782_390, 1_743_296_395, 1_767_225_590])


def post(url: str, wire: Wire, payload: bytes, encoding: str) -> int:
    headers = dict(wire.headers(encoding))
    return requests.post(url + wire.path, payload, headers=headers, timeout=30).status_code


def send(url: str, wire: Wire, case: Case, encoding: str) -> None:
    read = parse_frame(
        case.frame, metric_format=case.metric_format, reading=ReadOptions.of(**case.reading)
    )
    for body in pack_bodies(read.blocks(), max_bytes=500, max_series=3, wire=wire):
        assert post(url, wire, compress(body.data, encoding), encoding) == 204


def without_run(series: Samples) -> Samples:
    return {
        frozenset(label for label in labels if label[0] != "run"): samples
        for labels, samples in series.items()
    }


@pytest.mark.filterwarnings("ignore::vm_df_writer.warning_classes.InexactWarning")
@few_or_many("n_frames", 25, 100)
def test_both_wires_leave_the_same_samples_of_any_frame(
    victoria_metrics: LocalVictoriaMetrics, n_frames: int
) -> None:
    url, batch = victoria_metrics.url, uuid4().hex
    ways = [(IMPORT_LINES, "gzip"), (REMOTE_WRITE, "snappy"), (REMOTE_WRITE, "stored")]
    sent: list[Case] = []

    @settings(
        max_examples=n_frames,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(partial(time_columns, starts_s=STARTS_S)))
    def send_all_ways(case: Case) -> None:
        for way, (wire, encoding) in enumerate(ways):
            send(url, wire, case.with_label("run", f"{batch}-{len(sent)}-{way}"), encoding)
        sent.append(case)

    send_all_ways()
    assert len(sent) == n_frames
    of_run: dict[str, Samples] = {}
    for labels, samples in export(url, f'{{run=~"{batch}-.*"}}').items():
        of_run.setdefault(dict(labels)["run"], {})[labels] = samples
    for i, case in enumerate(sent):
        expected = without_run(case.with_label("run", "x").expected.stored)
        stored = [without_run(of_run.pop(f"{batch}-{i}-{way}", {})) for way in range(len(ways))]
        for found in stored:
            assert is_what_was_sent(found, expected), (case, found)
    assert not of_run


def test_an_empty_request_is_taken(victoria_metrics: LocalVictoriaMetrics) -> None:
    for wire in (IMPORT_LINES, REMOTE_WRITE):
        assert post(victoria_metrics.url, wire, wire.probe, wire.encodings[0]) == 204
