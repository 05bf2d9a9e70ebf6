from __future__ import annotations

import json

import pytest

from vm_df_writer.transport.ui_links import series_expr


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
