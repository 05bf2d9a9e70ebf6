from __future__ import annotations

from vm_df_writer.server.drop_counters import (
    count_dropped,
    count_requests,
    describe_drops,
    describe_queue,
    moved,
)

SINGLE = """\
vm_rows{type="storage/big"} 77
vm_rows_ignored_total{reason="big_timestamp"} 3
vm_rows_ignored_total{reason="too_many_labels"} 1.5e+06
vm_rows_invalid_total{type="influx"} 9
vm_rows_invalid_total{type="vmimport"} 2
vm_relabel_metrics_dropped_total 0
vm_http_requests_total{path="/api/v1/import", protocol="vmimport"} 11
vm_http_requests_total{path="/api/v1/import/csv", protocol="csvimport"} 5
"""
AGENT = """\
vmagent_http_requests_total{path="/api/v1/import", protocol="vmimport"} 4
vmagent_remotewrite_packets_dropped_total{url="1:secret-url"} 2
vmagent_remotewrite_packets_dropped_total{url="2:secret-url"} 3
vmagent_remotewrite_pending_data_bytes{path="/tmp/a", url="1:secret-url"} 100
vmagent_remotewrite_pending_data_bytes{path="/tmp/b", url="2:secret-url"} 20
"""


def test_only_the_counters_of_what_an_import_loses_are_read() -> None:
    assert count_dropped(SINGLE) == {
        'vm_rows_ignored_total{reason="big_timestamp"}': 3,
        'vm_rows_ignored_total{reason="too_many_labels"}': 1_500_000,
        'vm_rows_invalid_total{type="vmimport"}': 2,
        "vm_relabel_metrics_dropped_total": 0,
    }
    assert count_requests(SINGLE) == 11


def test_the_queues_of_an_agent_count_together() -> None:
    assert count_dropped(AGENT) == {"vmagent_remotewrite_packets_dropped_total": 5}
    assert count_requests(AGENT) == 4
    assert describe_queue(AGENT) == "120 bytes"
    assert describe_queue(SINGLE) == ""


def test_blocks_that_an_agent_sends_in_vain_are_in_its_queue() -> None:
    made = "vmagent_remotewrite_block_size_rows_count 9\n"
    sent = 'vmagent_remotewrite_requests_total{url="1", status_code="2XX"} %d\n'
    dropped = 'vmagent_remotewrite_packets_dropped_total{url="1"} 2\n'
    assert describe_queue(made + sent % 4 + dropped) == "3 blocks"
    assert describe_queue(made + sent % 7 + dropped) == ""
    assert describe_queue(made + sent % 20 + dropped) == ""  # some are from before it was started


def test_only_what_moved_forward_is_told() -> None:
    before = count_dropped(SINGLE)
    after = count_dropped(
        SINGLE.replace('timestamp"} 3', 'timestamp"} 1003').replace(" 2\n", " 0\n")
    )
    assert moved(before, after) == {'vm_rows_ignored_total{reason="big_timestamp"}': 1000}
    assert describe_drops(moved(before, after)) == (
        'vm_rows_ignored_total{reason="big_timestamp"} by 1,000'
    )
    assert describe_drops({}) == "-"
