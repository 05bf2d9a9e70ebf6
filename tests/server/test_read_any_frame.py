"""The law of reading: what was written comes back, in every layout, as `write` takes it again."""

from __future__ import annotations

from functools import partial
from typing import Any, get_args
from uuid import uuid4

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.column_strategies import time_columns
from tests.support.frame_strategies import FORMATS, Case, cases
from tests.support.import_lines import Samples, parse_lines
from tests.support.stored_samples import is_what_was_sent, settled
from tests.support.thorough import few_or_many
from vm_df_writer import VmWriter, to_import_lines
from vm_df_writer.config.read_options import FrameLayout
from vm_df_writer.local import LocalVictoriaMetrics

STARTS_S = st.sampled_from([951_782_390, 1_709_251_190, 1_743_296_395, 1_767_225_590])


def samples_of(frame: pd.DataFrame, metric_format: dict[str, str], **policies: Any) -> Samples:
    """Return what is stored of a frame that was read, if it is written again."""
    reading = {**frame.attrs["reading"], **policies}
    lines = b"".join(to_import_lines(frame, metric_format=metric_format, **reading))
    # The server keeps no order among samples of one time.
    return {label_set: sorted(samples) for label_set, samples in parse_lines(lines).items()}


@pytest.mark.filterwarnings("ignore::vm_df_writer.VmDfWriterWarning")
@few_or_many("n_frames", 30, 150)
def test_any_frame_is_read_as_it_was_written(
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
        texts = {text for labels in case.expected.stored for pair in labels for text in pair}
        if pd.__version__ < "3" and any("\0" in text for text in texts):
            return  # pandas 2 cuts levels at a NUL
        case = case.with_label("run", f"{batch}-{len(written)}")
        written.append(case)
        writers[case.metric_format["__name__"]].write(case.frame, **case.reading)

    write()
    settled(victoria_metrics)
    for case in written:
        writer = writers[case.metric_format["__name__"]]
        how = dict(case.reading)
        own_layout = how.pop("layout", None)
        duplicates = how.pop("duplicates", "last")
        stored = case.expected.stored
        for layout in get_args(FrameLayout):
            if own_layout not in (None, layout):
                continue  # of a frame that is read by its layout alone
            frame = writer.read(like=case.frame, layout=layout, duplicates=duplicates, **how)
            if not stored:
                assert frame.empty
                continue
            if "reading" not in frame.attrs:  # names of columns cannot hold all variables
                assert layout == "long"
                continue
            found = samples_of(frame, case.metric_format, duplicates=duplicates, inf="keep")
            assert is_what_was_sent(found, stored), (case, layout, frame, frame.attrs)
    for writer in writers.values():
        writer.close()
