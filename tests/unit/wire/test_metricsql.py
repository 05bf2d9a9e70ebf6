from __future__ import annotations

import pytest

from vm_df_writer.wire.metricsql import exact_selector, shared_selectors


@pytest.mark.parametrize(
    ("labels", "selector"),
    [
        ({"__name__": "y", "host": "a"}, '{__name__="y",host="a"}'),
        ({"__name__": "a b", "x:y_1": "ü"}, '{__name__="a b",x:y_1="ü"}'),
        ({"__name__": "y", "l": 'say "hi"\\\n'}, r'{__name__="y",l="say \"hi\"\\\n"}'),
        ({"host": "a"}, '{__name__="",host="a"}'),
        ({"__name__": "y", "a.b-c d": "1"}, r'{__name__="y",a\x2eb\x2dc\x20d="1"}'),
        ({"__name__": "y", "1st": "1"}, r'{__name__="y",\x31st="1"}'),
        ({"__name__": "y", "größe": "1"}, r'{__name__="y",gr\ö\ße="1"}'),
        ({"__name__": "y", "a\u2028": "1", "b": "2"}, '{__name__="y",b="2"}'),
    ],
)
def test_labels_are_escaped_for_metricsql(labels: dict[str, str], selector: str) -> None:
    assert exact_selector(labels) == selector


def test_shared_labels_keep_their_order() -> None:
    shared = {"__name__": "y"} | {f"label_{i}": "x" for i in range(20)}
    expected = [exact_selector(shared)]
    assert shared_selectors([shared | {"host": "a"}, shared | {"host": "b"}]) == expected


def test_shared_selectors_keep_what_all_series_of_a_name_have() -> None:
    assert shared_selectors(
        [
            {"__name__": "y", "for": "cpu", "host": "a"},
            {"__name__": "y", "for": "cpu", "host": "b", "extra": "1"},
            {"__name__": "z", "host": "a"},
            {"for": "cpu"},
        ]
    ) == ['{__name__="y",for="cpu"}', '{__name__="z",host="a"}', '{__name__="",for="cpu"}']
