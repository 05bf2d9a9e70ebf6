from __future__ import annotations

from dataclasses import replace

import pytest

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.config.writer_parameters import WriterParameters
from vm_df_writer.frames.labels.limits import LabelLimits
from vm_df_writer.server.limits import ServerLimits, label_limits_of
from vm_df_writer.server.server import ServerPair
from vm_df_writer.server.server_info import ServerInfo
from vm_df_writer.server.time_limits import NEAR_MS
from vm_df_writer.transport.receiver import OTHER


def single(**flags: str) -> ServerInfo:
    return ServerInfo(kind="single", flags=flags, set_flags=frozenset(flags))


UNKNOWN = ServerInfo()
TOLD = {"maxLabelsPerTimeseries": "20", "maxLabelNameLen": "99", "maxLabelValueLen": "16384"}


def test_a_receiver_that_no_limit_knows_is_held_to_the_strictest_ones() -> None:
    unheard = replace(OTHER, name="unheard")  # type: ignore[arg-type]
    servers = ServerPair(receiver=unheard)
    limits = ServerLimits.of(WriterConfig(datasource_url="http://h"), servers)
    assert limits.labels.max_value_bytes == 2048
    assert limits.times.newest_ms is not None
    assert limits.times.newest_ms <= servers.now_ms() + NEAR_MS


@pytest.mark.parametrize(
    ("configured", "write", "read_from", "limits"),
    [
        ({}, UNKNOWN, UNKNOWN, (30, 256, 4096)),
        ({"max_labels": 40}, UNKNOWN, UNKNOWN, (40, 256, 4096)),
        ({}, single(**TOLD), single(**TOLD), (20, 99, 16384)),
        ({"max_labels": 40}, single(**TOLD), UNKNOWN, (20, 99, 16384)),
        ({"max_labels": 5}, single(**TOLD), UNKNOWN, (5, 99, 16384)),
        ({}, ServerInfo(kind="vminsert", flags=TOLD), UNKNOWN, (20, 99, 16384)),
        ({}, ServerInfo(kind="vmagent"), single(**TOLD), (20, 99, 16384)),
        ({"max_labels": 40}, ServerInfo(kind="vmagent"), single(**TOLD), (40, 99, 16384)),
        ({}, ServerInfo(kind="vmagent", flags=TOLD), UNKNOWN, (30, 256, 4096)),
        ({}, single(maxLabelsPerTimeseries="0"), UNKNOWN, (30, 256, 4096)),
    ],
)
def test_the_server_that_stores_has_the_last_word_on_labels(
    configured: WriterParameters,
    write: ServerInfo,
    read_from: ServerInfo,
    limits: tuple[int, int, int],
) -> None:
    config = WriterConfig(datasource_url="http://localhost:8428", **configured)
    assert label_limits_of(config, write, read_from) == LabelLimits(*limits)


@pytest.mark.parametrize(
    ("url", "tenant_id", "choose"),
    [
        ("http://h", "multitenant", True),
        ("http://h/insert/multitenant/prometheus", None, True),
        ("http://h", "5", False),
        ("http://h", None, False),
    ],
)
def test_tenants_are_looked_at_where_labels_choose_them(
    url: str, tenant_id: str | None, choose: bool
) -> None:
    config = WriterConfig(datasource_url=url, tenant_id=tenant_id)
    limits = label_limits_of(config, ServerInfo(), ServerInfo())
    assert limits.choose_tenant is choose


def test_the_limits_of_times_follow_from_storages_and_configuration() -> None:
    config = WriterConfig(datasource_url="http://h", retention="30d")
    storage = ServerInfo(kind="vmstorage", flags={"retentionPeriod": "7d"})
    alone = ServerLimits.of(config, ServerPair()).times.oldest_ms
    told = ServerLimits.of(config, ServerPair(storages=(storage,))).times.oldest_ms
    assert alone is not None
    assert told is not None
    assert round((told - alone) / 86_400_000, 2) == 23


@pytest.mark.parametrize("kind", ["vmagent", "unknown"])
def test_before_what_hands_on_the_retention_of_the_server_that_is_read_from_holds(
    kind: str,
) -> None:
    servers = ServerPair(write=ServerInfo(kind=kind), read=single(retentionPeriod="7d"))
    config = WriterConfig(datasource_url="http://h", query_url="http://i")
    times = ServerLimits.of(config, servers).times
    assert times.oldest_ms is not None
    assert round((servers.now_ms() - times.oldest_ms) / 86_400_000, 2) == 7
    assert times.newest_ms is not None
    assert times.oldest_remedy.startswith("raise the -retentionPeriod of the server that is read")
    set_by_hand = config.model_copy(update={"retention": "400d"})
    oldest_ms = ServerLimits.of(set_by_hand, servers).times.oldest_ms
    assert oldest_ms is not None
    assert round((times.oldest_ms - oldest_ms) / 86_400_000, 2) == 393


@pytest.mark.parametrize("value", ["9" * 5000, "٣", "1e9", "-1", ""])
def test_a_number_that_is_none_is_not_known(value: str) -> None:
    flags = {"maxLabelsPerTimeseries": value, "import.maxLineLen": value + "TiB"}
    info = ServerInfo(kind="single", flags=flags)
    assert info.number("maxLabelsPerTimeseries") is None
    assert info.size("import.maxLineLen") is None
