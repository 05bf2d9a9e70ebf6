from __future__ import annotations

import pytest

from vm_df_writer.server.receivers import receiver_of
from vm_df_writer.server.server_info import ServerInfo
from vm_df_writer.transport.receiver import IMPORTING, OTHER, VICTORIA_METRICS
from vm_df_writer.wire.protocol import IMPORT_LINES, REMOTE_WRITE


@pytest.mark.parametrize("kind", ["single", "vminsert", "vmagent", "vmauth"])
def test_programs_of_victoria_metrics_are_one_receiver(kind: str) -> None:
    assert receiver_of(REMOTE_WRITE, ServerInfo(kind=kind)) is VICTORIA_METRICS


def test_what_takes_import_lines_is_victoria_metrics_whatever_it_reports() -> None:
    for kind in ("single", "unknown", "prometheus"):
        assert receiver_of(IMPORT_LINES, ServerInfo(kind=kind)) is IMPORTING


@pytest.mark.parametrize("kind", ["unknown", "cortex", "thanos", "greptime"])
def test_any_other_server_is_assumed_to_do_the_worst(kind: str) -> None:
    receiver = receiver_of(REMOTE_WRITE, ServerInfo(kind=kind))
    assert receiver is OTHER
    assert receiver.needs_order
    assert receiver.needs_plain_names
    assert not receiver.stores_nothing & {400, 409, 422}


@pytest.mark.parametrize("status", [200, 204])
def test_only_what_an_empty_body_was_acknowledged_by_is_a_success(status: int) -> None:
    assert receiver_of(REMOTE_WRITE, ServerInfo(), answered=status).successes == {status}


@pytest.mark.parametrize(
    ("version", "window", "needs_order", "needs_plain_names"),
    [("2.42.0+ds", "0ms", True, True), ("3.5.3", "3600s", False, False), (None, "1h", False, True)],
)
def test_a_prometheus_needs_order_without_a_window_and_plain_names_before_3(
    version: str | None, window: str, *, needs_order: bool, needs_plain_names: bool
) -> None:
    flags = {"out_of_order_time_window": window}
    info = ServerInfo(kind="prometheus", version=version, flags=flags)
    receiver = receiver_of(REMOTE_WRITE, info)
    assert receiver.needs_order is needs_order
    assert receiver.needs_plain_names is needs_plain_names
