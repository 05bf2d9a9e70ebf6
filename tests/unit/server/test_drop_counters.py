from __future__ import annotations

import re

import pytest

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
VMINSERT = """\
vm_http_requests_total{path="/insert/{}/prometheus/api/v1/import", protocol="vmimport"} 7
vm_http_requests_total{path="/insert/{}/influx/write", protocol="influx"} 3
vm_relabel_metrics_dropped_total 10
vm_rpc_rows_dropped_on_overload_total{name="vminsert", addr="10.0.0.1:8400"} 5
vm_rpc_rows_dropped_on_overload_total{name="vminsert", addr="10.0.0.2:8400"} 6
vm_rpc_rows_pending{name="vminsert", addr="10.0.0.1:8400"} 0
vm_rpc_rows_pending{name="vminsert", addr="10.0.0.2:8400"} 0
vm_rpc_buf_pending_bytes{name="vminsert", addr="10.0.0.1:8400"} 0
vm_rpc_vmstorage_is_reachable{name="vminsert", addr="10.0.0.1:8400"} 1
vm_rpc_vmstorage_is_reachable{name="vminsert", addr="10.0.0.2:8400"} 1
vm_rpc_vmstorage_is_read_only{name="vminsert", addr="10.0.0.1:8400"} 0
vm_rpc_vmstorage_is_read_only{name="vminsert", addr="10.0.0.2:8400"} 0
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


def test_braces_in_the_path_of_a_vminsert_end_no_labels() -> None:
    assert count_requests(VMINSERT) == 7
    assert count_dropped(VMINSERT) == {
        "vm_relabel_metrics_dropped_total": 10,
        "vm_rpc_rows_dropped_on_overload_total": 11,
    }


def test_what_a_full_queue_dropped_is_counted_and_no_longer_queued() -> None:
    agent = (
        "vmagent_remotewrite_block_size_rows_count 9\n"
        'vm_persistentqueue_blocks_dropped_total{path="/tmp/a \\"b\\""} 6\n'
        'vm_persistentqueue_bytes_dropped_total{path="/tmp/a \\"b\\""} 6000\n'
    )
    assert count_dropped(agent) == {"vm_persistentqueue_blocks_dropped_total": 6}
    assert describe_queue(agent) == "3 blocks"


def test_label_sets_that_were_too_long_are_counted() -> None:
    counter = 'vm_indexdb_items_dropped_total{reason="too_long_item"}'
    assert count_dropped(f"{counter} 5\n") == {counter: 5}


def with_gauges(text: str, **gauges: int) -> str:
    """Set gauges of the second node of a vminsert."""
    for name, value in gauges.items():
        gauge = f'vm_rpc_{name}{{name="vminsert", addr="10.0.0.2:8400"}}'
        text = re.sub(f"^{re.escape(gauge)} .*$", f"{gauge} {value}", text, flags=re.MULTILINE)
    return text


def test_a_vminsert_whose_nodes_take_all_has_nothing_to_hand_on() -> None:
    assert describe_queue(VMINSERT) == ""
    busy = with_gauges(VMINSERT, rows_pending=9)  # for a fifth of a second
    assert describe_queue(busy) == ""
    assert describe_queue(with_gauges(VMINSERT, vmstorage_is_reachable=0)) == ""  # rerouted


@pytest.mark.parametrize("gauge", [{"vmstorage_is_reachable": 0}, {"vmstorage_is_read_only": 1}])
def test_rows_that_wait_for_a_node_of_a_vminsert_are_queued(gauge: dict[str, int]) -> None:
    waiting = with_gauges(VMINSERT, rows_pending=1234, **gauge)
    assert describe_queue(waiting) == (
        "1,234 samples (1 of 2 vmstorage nodes is unreachable or read-only)"
    )
    # As new versions write it.
    assert describe_queue(waiting.replace('"}', '", rpc_call="write_metric_rows"}')) == (
        describe_queue(waiting)
    )


def test_a_vminsert_none_of_whose_nodes_takes_anything_may_have_samples_to_hand_on() -> None:
    refusing = VMINSERT.replace('is_read_only{name="vminsert", addr="10.0.0.1:8400"} 0', "x")
    refusing += 'vm_rpc_vmstorage_is_read_only{name="vminsert", addr="10.0.0.1:8400"} 1\n'
    refusing = with_gauges(refusing, vmstorage_is_reachable=0)
    assert describe_queue(refusing) == (
        "samples (2 of 2 vmstorage nodes are unreachable or read-only)"
    )


@pytest.mark.parametrize("value", ["1e999", "1.2.3", ".", "e"])
def test_what_is_no_count_counts_nothing(value: str) -> None:
    counter = 'vm_rows_invalid_total{type="vmimport"}'
    assert count_dropped(f"{counter} {value}\n") == {counter: 0}
    requests = f'vm_http_requests_total{{path="/api/v1/import", protocol="vmimport"}} {value}\n'
    assert count_requests(requests) == 0
    assert describe_queue(f"vmagent_remotewrite_block_size_rows_count {value}\n") == ""
