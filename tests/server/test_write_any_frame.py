from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.column_strategies import time_columns
from tests.support.frame_strategies import FORMATS, Case, cases
from tests.support.stored_samples import export, is_what_was_sent
from tests.support.thorough import few_or_many
from vm_df_writer import VmWriter
from vm_df_writer.local import LocalVictoriaMetrics

# Each month is a folder of the server, so that times lie close to a few days that are worth it.
STARTS_S = st.sampled_from(
    [31_536_000, 951_782_390, 1_709_251_190, 1_743_296_395, 1_761_440_395, 1_767_225_590]
)


@pytest.mark.filterwarnings("ignore::vm_df_writer.VmDfWriterWarning")
@few_or_many("n_frames", 60, 300)
def test_any_frame_lands_as_the_naive_reference_reads_it(
    victoria_metrics: LocalVictoriaMetrics, n_frames: int
) -> None:
    batch = uuid4().hex
    writers = {
        metric_format["__name__"]: VmWriter(victoria_metrics.url, metric_format=metric_format)
        for metric_format in FORMATS
    }
    written: list[Case] = []

    @settings(
        max_examples=n_frames,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(partial(time_columns, starts_s=STARTS_S)))
    def write(case: Case) -> None:
        # A label of its own, instead of a server of its own.
        case = case.with_label("run", f"{batch}-{len(written)}")
        written.append(case)
        writer = writers[case.metric_format["__name__"]]
        report = writer.write(case.frame, **case.reading)
        expected = case.expected
        assert report.samples == sum(map(len, expected.stored.values()))
        assert report.dropped == expected.dropped
        assert report.series == len(expected.stored)
        assert report.total == len(case.cells)

    write()
    assert len(written) == n_frames
    found = export(victoria_metrics.url, f'{{run=~"{batch}-.*"}}')
    of_run: dict[str, dict[frozenset[tuple[str, str]], list[tuple[int, float]]]] = {}
    for label_set, samples in found.items():
        of_run.setdefault(dict(label_set)["run"], {})[label_set] = samples
    for i, case in enumerate(written):
        stored = of_run.pop(f"{batch}-{i}", {})
        assert is_what_was_sent(stored, case.expected.stored), (case, stored)
    assert not of_run
    for writer in writers.values():
        writer.close()
