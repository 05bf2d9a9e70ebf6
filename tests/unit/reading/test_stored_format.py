"""`metric_format` read backwards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.frames.labels.label_column import LabelColumn
from vm_df_writer.frames.labels.limits import LabelLimits
from vm_df_writer.frames.labels.metric_format import render_label_sets
from vm_df_writer.reading.stored_format import SeriesRoles, StoredFormat, _render

FORMATS = (
    {"__name__": "$VAR", "for": "$QUERY_KEY"},
    {"__name__": "vm_$VAR", "for": "$QUERY_KEY", "run": "1"},
    {"__name__": "$VAR:$QUERY_KEY", "for": "q-$QUERY_KEY", 'é"$': "$VAR$VAR \\ \n{}"},
    {"__name__": "$VAR$QUERY_KEY$VAR", "of": "$VAR"},
    {"__name__": "scores", "var": "$VAR"},
)


@given(st.sampled_from(FORMATS), st.text(min_size=1), st.none() | st.text(min_size=1))
def test_what_a_format_made_is_read_backwards(
    metric_format: dict[str, str], var: str, query_key: str | None
) -> None:
    stored = StoredFormat(metric_format)
    known = {"VAR": var, "QUERY_KEY": query_key}
    labels = {name: _render(text, known) for name, text in metric_format.items()}
    labels = {name: text for name, text in labels.items() if text} | {"host": "a"}
    roles = stored.roles_of(labels)
    if query_key is None and "$QUERY_KEY$VAR" in metric_format["__name__"]:
        assert roles == SeriesRoles(var, None, {"host": "a"})
    elif any("$QUERY_KEY" in text for text in metric_format.values()):
        assert roles == SeriesRoles(var, query_key, {"host": "a"})
    else:
        assert roles == SeriesRoles(var, None, {"host": "a"})


@given(st.text(min_size=1), st.text(min_size=1))
def test_where_one_label_holds_both_the_same_series_is_made_again(var: str, query_key: str) -> None:
    metric_format = {"__name__": "$VAR:$QUERY_KEY"}
    roles = StoredFormat(metric_format).roles_of({"__name__": f"{var}:{query_key}"})
    assert roles is not None
    assert f"{roles.var}:{roles.query_key}" == f"{var}:{query_key}"


@pytest.mark.parametrize(
    "labels",
    [
        {"__name__": "up"},
        {"__name__": "vm_"},
        {"__name__": "vm_y", "run": "2"},
        {"__name__": "vm_y"},
        {"run": "1"},
    ],
)
def test_series_of_another_format_have_no_roles(labels: dict[str, str]) -> None:
    assert StoredFormat({"__name__": "vm_$VAR", "run": "1"}).roles_of(labels) is None


def test_it_reads_what_the_writer_renders() -> None:
    metric_format = {"__name__": "vm_$VAR", "for": "$QUERY_KEY"}
    [label_set] = render_label_sets(
        metric_format,
        1,
        LabelColumn("var", None, ["y"]),
        LabelColumn("query_key", None, ["cpu"]),
        [LabelColumn("host", None, ["a"])],
        LabelLimits(),
    )
    assert label_set == b'{"__name__":"vm_y","for":"cpu","host":"a"}'
    labels = {"__name__": "vm_y", "for": "cpu", "host": "a"}
    assert StoredFormat(metric_format).roles_of(labels) == SeriesRoles("y", "cpu", {"host": "a"})
