from __future__ import annotations

from itertools import accumulate

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.frame_samples import minutes, read
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.operations.send_plan import SendPlan, _rest_of
from vm_df_writer.server.limits import ServerLimits
from vm_df_writer.server.server import ServerPair
from vm_df_writer.server.server_info import ServerInfo
from vm_df_writer.wire.protocol import IMPORT_LINES

FRAME = pd.DataFrame(
    np.arange(40.0).reshape(10, 4), index=minutes(*range(10)), columns=["a", "b", "c", "d"]
)
FRAME.iloc[3, 1] = np.nan  # so that it takes more than one block


def plan_of(frame: pd.DataFrame, servers: ServerPair | None = None) -> SendPlan:
    servers = servers or ServerPair()
    config = WriterConfig(datasource_url="http://localhost:8428")
    return SendPlan(
        parsed=read(frame),
        servers=servers,
        wire=IMPORT_LINES,
        limits=ServerLimits.of(config, servers),
        max_bytes=2**16,
        max_series=2,
    )


def samples_of(block: SeriesBlock) -> list[tuple[bytes, int, float]]:
    return [
        (labels, ms, value)
        for labels, times, values in block
        for ms, value in zip(times.tolist(), values.tolist(), strict=True)
    ]


@given(
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    n_rows=st.integers(1, 3),
    data=st.data(),
)
def test_the_rest_of_a_block_is_what_follows_in_the_order_of_its_lines(
    lengths: list[int], n_rows: int, data: st.DataObject
) -> None:
    offsets = np.array([0, *accumulate(lengths)])
    width = int(offsets[-1])
    block = SeriesBlock(
        [b"s%d" % s for s in range(n_rows * len(lengths))],
        offsets,
        np.arange(width),
        np.arange(n_rows * width, dtype=np.float64).reshape(n_rows, width),
    )
    skipped = data.draw(st.integers(0, block.n_samples - 1))
    rest = list(_rest_of(block, skipped))
    assert [s for b in rest for s in samples_of(b)] == samples_of(block)[skipped:]
    assert all(b.values.flags.c_contiguous for b in rest)  # noqa: PD011 - no Series


@pytest.mark.parametrize("n_bodies", [0, 1, 2])
def test_what_follows_some_bodies_is_what_the_other_bodies_carry(n_bodies: int) -> None:
    plan = plan_of(FRAME)
    bodies = list(plan.bodies(plan.blocks()))
    assert len(bodies) == 2
    taken = sum(body.n_samples for body in bodies[:n_bodies])
    rest = list(plan.bodies(plan.blocks_after(taken)))
    assert [body.data for body in rest] == [body.data for body in bodies[n_bodies:]]


def test_each_reading_of_a_plan_leaves_out_what_the_server_would_drop() -> None:
    single = ServerInfo(kind="single", flags={"retentionPeriod": "1d"})
    plan = plan_of(FRAME, ServerPair(write=single, read=single))
    for _ in range(2):
        (block, *_) = plan.blocks()
        assert block.n_samples == 0
        assert block.dropped["too_old"] > 0
