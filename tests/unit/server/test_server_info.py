from __future__ import annotations

import pytest

from vm_df_writer.server.server_info import (
    ServerInfo,
    info_from_flags,
    info_from_metrics,
    seconds_of_flag,
)


def metrics(version: str = "", **flags: str) -> str:
    """Return the text of /metrics, in which every flag is set."""
    lines = [f'vm_app_version{{version="{version}", short_version=""}} 1']
    lines += [
        f'flag{{name="{name.replace("__", ".")}", value="{value}", is_set="true"}} 1'
        for name, value in flags.items()
    ]
    return "vm_rows 1\n" + "\n".join(lines) + "\nvm_blocks 2\n"


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("victoria-metrics-20220718-110303-tags-v1.79.0-0-g1234567", "single"),
        ("vminsert-20250101-110303-tags-v1.109.0-cluster-0-g1234567", "vminsert"),
        ("vmselect-20250101-110303-tags-v1.109.0-cluster-0-g1234567", "vmselect"),
        ("vmagent-20250101-110303-tags-v1.109.0-0-g1234567", "vmagent"),
        ("vmauth-20250101-110303-tags-v1.109.0-0-g1234567", "vmauth"),
        ("vmalert-20250101-110303-tags-v1.109.0-0-g1234567", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_version_says_what_program_it_is(version: str, kind: str) -> None:
    assert info_from_metrics(metrics(version)).kind == kind


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ({"auth__config": "auth.yml", "httpListenAddr": ":8427"}, "vmauth"),
        ({"storageDataPath": "data", "remoteWrite__url": "x"}, "single"),
        ({"storageDataPath": "data", "vminsertAddr": ":8400"}, "vmstorage"),
        ({"storageNode": "a,b", "maxLabelsPerTimeseries": "30"}, "vminsert"),
        ({"storageNode": "a,b", "search__latencyOffset": "30s"}, "vmselect"),
        ({"remoteWrite__url": "secret"}, "vmagent"),
        ({"httpListenAddr": ":1"}, "unknown"),
    ],
)
def test_where_the_version_is_empty_the_flags_say_it(flags: dict[str, str], kind: str) -> None:
    assert info_from_metrics(metrics(**flags)).kind == kind


def test_flags_are_read_with_all_that_their_values_may_hold() -> None:
    text = 'flag{name="a", value="say \\"hi\\", b=\\\\c}", is_set="false"} 1\n'
    facts = info_from_metrics(text + metrics(b="2"))
    assert facts.flags == {"a": 'say \\"hi\\", b=\\\\c}', "b": "2"}
    assert facts.set_flags == {"b"}


def test_a_text_of_something_else_tells_nothing() -> None:
    for facts in (info_from_metrics("up 1\n"), info_from_flags("<html>no</html>"), ServerInfo()):
        assert not facts.is_known
        assert facts.kind == "unknown"


def test_a_single_node_that_only_shows_what_was_set_has_the_default_retention() -> None:
    facts = info_from_flags('-storageDataPath="data"\n-maxLabelsPerTimeseries="5"\n')
    assert facts.kind == "single"
    assert facts.flags["retentionPeriod"] == "1"
    assert facts.number("maxLabelsPerTimeseries") == 5
    assert facts.number("maxLabelValueLen") is None


def test_only_what_was_set_to_something_alters() -> None:
    facts = info_from_metrics(
        metrics(precisionBits="8", relabelConfig="", storage__maxHourlySeries="0")
        + 'flag{name="streamAggr.config", value="x", is_set="false"} 1\n'
    )
    assert facts.altering == {"precisionBits": "8"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0), ("1ms", 0.001), ("1h0m5s", 3605), ("2w", 1_209_600), ("1.5d", 129_600),
        ("3M", 8_035_200), ("1y", 31_536_000), ("", None), ("1", None), ("5 s", None), ("s", None),
        ("-5s", None),
    ],
)  # fmt: skip
def test_durations_are_those_of_the_flags(text: str, seconds: float | None) -> None:
    assert seconds_of_flag(text) == seconds
