from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.column_strategies import texts
from tests.support.reference import Cell, label_set
from tests.support.write_request import parse_labels
from vm_df_writer.frames.labels.label_column import LabelColumn
from vm_df_writer.frames.labels.limits import LabelLimits
from vm_df_writer.frames.labels.metric_format import render_label_sets

TEMPLATES = st.sampled_from(
    ["$VAR", "vm_$VAR", "$QUERY_KEY", "q-$QUERY_KEY", "a$VARb", "$", "", "x"]
)


@st.composite
def label_columns(
    draw: st.DrawFn, name: str, n_series: int, *, is_always_there: bool = False
) -> LabelColumn:
    """Draw a label of all series: one text that they share, or codes with -1 where it is absent."""
    distinct = draw(st.lists(texts().filter(bool), min_size=1, max_size=5, unique=True))
    if draw(st.booleans()):
        return LabelColumn(name, None, distinct[:1])
    codes = st.integers(0 if is_always_there else -1, len(distinct) - 1)
    drawn = draw(st.lists(codes, min_size=n_series, max_size=n_series))
    return LabelColumn(name, np.array(drawn, draw(st.sampled_from([np.int64, np.int8]))), distinct)


def text_of(column: LabelColumn, series: int) -> str | None:
    code = 0 if column.codes is None else int(column.codes[series])
    return None if code < 0 else column.texts[code]


@given(st.integers(1, 20), st.data())
def test_the_vectorised_renderer_is_the_naive_loop(n_series: int, data: st.DataObject) -> None:
    other_names = data.draw(
        st.lists(texts().filter(lambda name: name not in ("", "__name__", "for")), max_size=4)
    )
    var = data.draw(label_columns("var", n_series, is_always_there=True))
    query_key = data.draw(label_columns("query_key", n_series, is_always_there=True))
    labels = [data.draw(label_columns(name, n_series)) for name in dict.fromkeys(other_names)]
    metric_format = {
        "for": data.draw(TEMPLATES),
        "__name__": data.draw(st.sampled_from(["$VAR", "vm_$VAR:$QUERY_KEY"])),
    }
    rendered = render_label_sets(metric_format, n_series, var, query_key, labels, LabelLimits())
    assert len(rendered) == len(rendered.fields()) == n_series
    for series, (text, fields) in enumerate(zip(rendered, rendered.fields(), strict=True)):
        cell = Cell(
            time_ns=0,
            var=text_of(var, series) or "",
            query_key=text_of(query_key, series),
            labels={label.name: text_of(label, series) for label in labels},
            value=0.0,
        )
        assert frozenset(json.loads(text).items()) == label_set(cell, metric_format)
        assert b"\n" not in text
        assert text.startswith(b'{"__name__":"')
        by_name = sorted(json.loads(text).items(), key=lambda label: label[0].encode())
        assert parse_labels(fields) == by_name
