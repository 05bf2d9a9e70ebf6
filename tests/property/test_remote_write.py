from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.frame_strategies import Case, cases
from tests.support.import_lines import parse_lines
from tests.support.write_request import WriteRequest, parse_request
from vm_df_writer import to_import_lines, to_remote_write
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.frames.parse import ParsedFrame, parse_frame
from vm_df_writer.model.label_sets import LabelSets
from vm_df_writer.wire.packing import pack_bodies
from vm_df_writer.wire.protocol import IMPORT_LINES, REMOTE_WRITE, Wire

pytestmark = pytest.mark.filterwarnings("ignore::vm_df_writer.warning_classes.InexactWarning")


def read(case: Case) -> ParsedFrame:
    return parse_frame(
        case.frame, metric_format=case.metric_format, reading=ReadOptions.of(**case.reading)
    )


def request_of(case: Case) -> bytes:
    bodies = to_remote_write(case.frame, metric_format=case.metric_format, **case.reading)
    return b"".join(bodies)


@given(cases())
def test_every_sample_and_label_comes_back(case: Case) -> None:
    assert parse_request(request_of(case)) == case.expected.stored


@given(cases())
def test_both_wires_carry_the_same_samples_in_the_same_order(case: Case) -> None:
    lines = to_import_lines(case.frame, metric_format=case.metric_format, **case.reading)
    by_lines = parse_lines(b"".join(lines))
    assert list(parse_request(request_of(case)).items()) == list(by_lines.items())


@given(cases(), st.integers(1, 400), st.integers(1, 4), st.integers(1, 400))
def test_cutting_at_any_limit_stores_the_same(
    case: Case, max_bytes: int, max_series: int, max_chunk_bytes: int
) -> None:
    bodies = list(
        pack_bodies(
            read(case).blocks(),
            max_bytes=max_bytes,
            max_series=max_series,
            wire=REMOTE_WRITE,
            max_chunk_bytes=max_chunk_bytes,
        )
    )
    assert parse_request(b"".join(body.data for body in bodies)) == case.expected.stored
    for body in bodies:
        messages = WriteRequest.FromString(body.data).timeseries
        assert len(body.data) <= max_bytes or len(messages) == 1
        stored = parse_request(body.data)
        assert body.n_series == len(stored) <= max_series
        assert [len(one.samples) for one in messages] == body.counts.samples.tolist()
        assert [one.samples[0].timestamp for one in messages] == body.counts.first_ms.tolist()
        assert [one.samples[-1].timestamp for one in messages] == body.counts.last_ms.tolist()


@pytest.mark.parametrize("wire", [IMPORT_LINES, REMOTE_WRITE], ids=lambda wire: wire.name)
@given(case=cases())
def test_counts_are_read_back_from_any_body(case: Case, wire: Wire) -> None:
    for body in pack_bodies(read(case).blocks(), max_bytes=300, max_series=3, wire=wire):
        found = wire.read_counts(body.data)
        assert found.samples.tolist() == body.counts.samples.tolist()
        assert found.first_ms.tolist() == body.counts.first_ms.tolist()
        assert found.last_ms.tolist() == body.counts.last_ms.tolist()
        label_sets = list(map(json.loads, found.label_sets))
        assert label_sets == list(map(json.loads, body.counts.label_sets))


@given(cases())
def test_blocks_of_every_frame_carry_labels_that_are_rendered_for_both_wires(case: Case) -> None:
    for block in read(case).blocks():
        assert isinstance(block.label_sets, LabelSets) or not block.n_series
        of_json = LabelSets.of(list(block.label_sets))
        assert LabelSets.of(block.label_sets).fields() == of_json.fields()
