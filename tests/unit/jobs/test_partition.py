from __future__ import annotations

import pandas as pd
import pytest

from vm_df_writer import LabelError, WriterConfig
from vm_df_writer.jobs.partition import PartitionWriter

FRAME = pd.DataFrame({"y": [0.5]}, index=pd.to_datetime(["2026-01-01"]))
URL = "http://localhost:8428"


def test_a_partition_needs_a_query_key_only_where_the_format_was_given() -> None:
    usual = WriterConfig(datasource_url=URL)
    (block,) = PartitionWriter(target=usual).reader({}).blocks(0, FRAME)
    assert list(block.label_sets) == [b'{"__name__":"y"}']
    given = WriterConfig(datasource_url=URL, metric_format=usual.metric_format)
    with pytest.raises(LabelError, match=r"^partition 0: query_key: metric_format uses"):
        PartitionWriter(target=given).reader({}).blocks(0, FRAME)
