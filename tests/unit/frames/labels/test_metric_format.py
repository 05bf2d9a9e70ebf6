from __future__ import annotations

import json
import random
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import minutes, stored
from tests.support.label_sets import HOST, render
from vm_df_writer import to_import_lines
from vm_df_writer.errors import LabelError, VmDfWriterError
from vm_df_writer.frames.labels.label_column import LabelColumn, constant_label
from vm_df_writer.frames.labels.limits import LabelLimits
from vm_df_writer.frames.labels.metric_format import DEFAULT_METRIC_FORMAT, render_label_sets
from vm_df_writer.warning_classes import LabelClashWarning


def test_the_default_format_is_that_of_vmanomaly() -> None:
    assert render(dict(DEFAULT_METRIC_FORMAT)) == [
        '{"__name__":"y","for":"cpu"}',
        '{"__name__":"yhat","for":"cpu"}',
    ]


def test_placeholders_may_stand_anywhere_and_often() -> None:
    metric_format = {"__name__": "vm_$VAR_$QUERY_KEY", "x": "$VAR$VAR:$QUERY_KEY!", "job": "j"}
    assert render(metric_format)[1] == ('{"__name__":"vm_yhat_cpu","x":"yhatyhat:cpu!","job":"j"}')


def test_the_name_comes_first_wherever_the_format_has_it() -> None:
    assert render({"job": "j", "__name__": "$VAR"})[0] == '{"__name__":"y","job":"j"}'


def test_what_is_filled_in_is_not_filled_again() -> None:
    tricky = LabelColumn("var", None, ["$QUERY_KEY"])
    key = constant_label("query_key", "$VAR", "query_key")
    metric_format = {"__name__": "$VAR", "for": "$QUERY_KEY"}
    assert render(metric_format, var=tricky, query_key=key)[0] == (
        '{"__name__":"$QUERY_KEY","for":"$VAR"}'
    )


def test_other_dollars_are_text() -> None:
    assert render({"__name__": "$VAR", "x": "$HOME $ $$VAR"})[0] == (
        '{"__name__":"y","x":"$HOME $ $y"}'
    )


def test_labels_follow_in_their_order_and_absent_ones_are_left_out() -> None:
    dc = constant_label("dc", "eu", "labels")
    empty = constant_label("rack", None, "labels")
    assert render({"__name__": "$VAR"}, HOST, dc, empty) == [
        '{"__name__":"y","dc":"eu"}',
        '{"__name__":"yhat","host":"a","dc":"eu"}',
    ]


def test_quotes_backslashes_and_control_characters_are_escaped_in_names_and_values() -> None:
    label = constant_label('a"\\\n', '"\\/\n\r\t\b\f\x00\x1f\x7fé\u2028', "labels")
    rendered = render({"__name__": "$VAR"}, label)[0]
    assert rendered == (
        r'{"__name__":"y","a\"\\\n":"\"\\/\n\r\t\b\f\u0000\u001f' + "\x7fé\u2028" + '"}'
    )


def test_texts_that_look_like_the_ends_of_others_are_told_apart() -> None:
    rng = random.Random(0)  # noqa: S311
    for _ in range(2000):
        texts = ["".join(rng.choices('",\\a\0é', k=rng.randint(1, 3))) for _ in range(4)]
        var = LabelColumn("var", np.arange(4), texts)
        rendered = render_label_sets({"__name__": "$VAR"}, 4, var, None, [], LabelLimits())
        assert [json.loads(label_set) for label_set in rendered] == [{"__name__": t} for t in texts]


def test_an_absent_query_key_leaves_its_label_out() -> None:
    key = LabelColumn("query_key", np.array([0, -1]), ["cpu"])
    assert render({"__name__": "$VAR", "for": "$QUERY_KEY"}, query_key=key) == [
        '{"__name__":"y","for":"cpu"}',
        '{"__name__":"yhat"}',
    ]


def test_a_missing_query_key_is_refused_where_the_format_needs_it() -> None:
    message = (
        "query_key: metric_format uses $QUERY_KEY in 'for' ('q-$QUERY_KEY'), and the frame holds "
        "no query key; pass query_key="
    )
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        render({"__name__": "$VAR", "for": "q-$QUERY_KEY"}, query_key=None)


def test_a_format_without_query_key_needs_none() -> None:
    assert render({"__name__": "$VAR"}, query_key=None)[0] == '{"__name__":"y"}'


def test_an_empty_metric_name_is_refused() -> None:
    nameless = LabelColumn("var", np.array([0, -1]), ["y"])
    message = (
        "metric_format: '__name__' is empty for at least one series; "
        "give every column or variable a name"
    )
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        render({"__name__": "$VAR"}, var=nameless)


def test_the_format_wins_over_the_frame_with_one_warning() -> None:
    frame = pd.DataFrame({"host": ["a"], "job": ["b"], "dc": ["c"], "y": [1.0]}, index=minutes(0))
    message = (
        "labels: 'host', 'job' set by the frame and by metric_format; metric_format wins: rename "
        "one of them to keep both"
    )
    metric_format = {"__name__": "$VAR", "host": "x", "job": "j"}
    with pytest.warns(LabelClashWarning, match=f"^{re.escape(message)}$") as warned:
        assert stored(frame, metric_format) == {"y{dc=c,host=x,job=j}": {0: 1.0}}
    assert len(warned) == 1
    assert warned[0].filename.endswith("frame_samples.py")  # the first caller outside the package


def test_a_column_named_like_the_metric_name_is_a_clash() -> None:
    frame = pd.DataFrame({"__name__": ["a"], "y": [1.0]}, index=minutes(0))
    with pytest.warns(LabelClashWarning, match="^labels: '__name__' set by the frame and by"):
        assert stored(frame) == {"y": {0: 1.0}}


@pytest.mark.parametrize(
    "metric_format", [{}, {"for": "$VAR"}, {"__name__": "", "for": "$VAR"}, {"__name__": "vm"}]
)
def test_a_format_that_a_config_refuses_is_refused_everywhere(
    metric_format: dict[str, str],
) -> None:
    frame = pd.DataFrame({"y": [1.0]}, index=minutes(0))
    with pytest.raises(VmDfWriterError, match=r"metric_format"):
        to_import_lines(frame, metric_format=metric_format)


def test_numbers_in_a_format_become_text() -> None:
    frame = pd.DataFrame({"y": [1.0]}, index=minutes(0))
    metric_format: Any = {"__name__": "$VAR", "port": 8080}
    assert b'{"__name__":"y","port":"8080"}' in next(
        to_import_lines(frame, metric_format=metric_format)
    )
