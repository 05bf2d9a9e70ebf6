from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.transport.ui_links import grafana_url, report_links, series_expr, vmui_url

HOUR_MS = 3_600_000
NEW_YEAR_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def endpoint(datasource_url: str, **parameters: Any) -> Endpoint:
    return Endpoint.of(WriterConfig(datasource_url=datasource_url, **parameters))


def expr(*label_sets: dict[str, str]) -> str:
    return series_expr([json.dumps(labels).encode() for labels in label_sets])


@pytest.mark.parametrize(
    ("label_sets", "expected"),
    [
        ([{"__name__": "y"}], '{__name__="y"}'),
        ([{"__name__": "y", "host": "a"}], '{__name__="y",host="a"}'),
        (
            [{"__name__": "y", "host": "a", "dc": "x"}, {"__name__": "y", "host": "b", "dc": "x"}],
            '{__name__="y",dc="x"}',
        ),
        (
            [{"__name__": "y", "for": "q"}, {"__name__": "yhat", "for": "q"}],
            '{__name__=~"y|yhat",for="q"}',
        ),
        (
            [{"__name__": "y", "host": "a"}, {"__name__": "yhat"}],
            '{__name__=~"y|yhat"}',
        ),
    ],
)
def test_the_names_and_what_all_series_share_are_asked_for(
    label_sets: list[dict[str, str]], expected: str
) -> None:
    assert expr(*label_sets) == expected


def test_names_are_matched_as_they_are() -> None:
    assert expr({"__name__": "a.b|c"}, {"__name__": 'd"e'}) == r'{__name__=~"a\\.b\\|c|d\"e"}'
    assert expr({"__name__": 'say "hi"\n'}) == r'{__name__="say \"hi\"\n"}'


def test_many_names_are_cut_to_ten() -> None:
    found = expr(*({"__name__": f"m{i}"} for i in range(50)))
    assert found == '{__name__=~"m0|m1|m2|m3|m4|m5|m6|m7|m8|m9"}'


def test_of_very_many_series_only_the_names_are_asked_for() -> None:
    assert expr(*({"__name__": "y", "dc": "x", "host": str(i)} for i in range(5000))) == (
        '{__name__="y"}'
    )


def vmui_query(link: str | None) -> dict[str, list[str]]:
    assert link is not None
    page, separator, query = link.partition("/vmui/#/?")
    assert separator, page
    return parse_qs(query)


def test_vmui_link_shows_the_whole_time_range() -> None:
    expr = '{__name__=~"vmanomaly_.*", for="a b&c?"}'
    link = vmui_url(endpoint("http://vm:8428"), expr, NEW_YEAR_MS, NEW_YEAR_MS + HOUR_MS + 1)
    assert vmui_query(link) == {
        "g0.expr": [expr],
        "g0.range_input": ["3961s"],
        "g0.end_input": ["2026-01-01T01:03:01"],
        "g0.relative_time": ["none"],
        "g0.tab": ["0"],
    }
    assert link is not None
    assert "%20" in link
    assert "+" not in link


def test_vmui_link_of_a_single_sample_has_a_range_all_the_same() -> None:
    query = vmui_query(vmui_url(endpoint("http://vm"), "up", NEW_YEAR_MS, NEW_YEAR_MS))
    assert query["g0.range_input"] == ["120s"]
    assert query["g0.end_input"] == ["2026-01-01T00:01:00"]


def test_vmui_link_of_a_cluster_leads_to_vmselect() -> None:
    cluster = endpoint("http://vmi:8480", tenant_id="5:7", query_url="http://vms:8481")
    link = vmui_url(cluster, "up", 0, 0)
    assert link is not None
    assert link.startswith("http://vms:8481/select/5:7/vmui/#/?")


def test_no_vmui_link_where_nothing_tells_the_vmselect() -> None:
    assert vmui_url(endpoint("http://vmi:8480", tenant_id="5"), "up", 0, 0) is None


def test_grafana_link_opens_explore_on_the_datasource() -> None:
    found = endpoint("http://vm", grafana_url="https://grafana/sub/", grafana_datasource="vm-uid")
    link = grafana_url(found, '{for="cpu"}', NEW_YEAR_MS, NEW_YEAR_MS + HOUR_MS)
    assert link is not None
    assert link.startswith("https://grafana/sub/explore?schemaVersion=1&orgId=1&panes=%7B")
    panes = json.loads(unquote(urlsplit(link).query.partition("panes=")[2]))
    assert panes == {
        "a": {
            "datasource": "vm-uid",
            "queries": [
                {
                    "refId": "A",
                    "expr": '{for="cpu"}',
                    "datasource": {"type": "prometheus", "uid": "vm-uid"},
                }
            ],
            "range": {
                "from": str(NEW_YEAR_MS - 180_000),
                "to": str(NEW_YEAR_MS + HOUR_MS + 180_000),
            },
        }
    }


def test_no_grafana_link_without_grafana() -> None:
    assert grafana_url(endpoint("http://vm"), "up", 0, 0) is None


def test_there_is_no_link_to_a_user_interface_that_a_server_does_not_have() -> None:
    given = [b'{"__name__":"y"}'], NEW_YEAR_MS, NEW_YEAR_MS + HOUR_MS
    alone = endpoint("http://h:8428")
    assert report_links(alone, *given, has_vmui=False) == (None, None)
    vmui, grafana = report_links(alone, *given, has_vmui=True)
    assert vmui is not None
    assert grafana is None
    both = endpoint("http://h:8428", grafana_url="http://g:3000")
    vmui, grafana = report_links(both, *given, has_vmui=False)
    assert vmui is None
    assert grafana is not None
