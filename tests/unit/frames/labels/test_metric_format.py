from __future__ import annotations

import pickle
import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import minutes, stored
from vm_df_writer import to_import_lines
from vm_df_writer.errors import LabelClashWarning, LabelError, VmDfWriterError
from vm_df_writer.frames.labels.cache import LabelSetCache
from vm_df_writer.frames.labels.label_column import LabelColumn, constant_label
from vm_df_writer.frames.labels.limits import LabelLimits
from vm_df_writer.frames.labels.metric_format import DEFAULT_METRIC_FORMAT, render_label_sets
from vm_df_writer.frames.parse import parse_frame

VAR = LabelColumn("var", np.array([0, 1]), ["y", "yhat"])
QUERY_KEY = constant_label("query_key", "cpu", "query_key")
HOST = LabelColumn("host", np.array([-1, 0]), ["a"])


def render(
    metric_format: dict[str, str],
    *labels: LabelColumn,
    var: LabelColumn = VAR,
    query_key: LabelColumn | None = QUERY_KEY,
    limits: LabelLimits | None = None,
) -> list[str]:
    rendered = render_label_sets(metric_format, 2, var, query_key, labels, limits or LabelLimits())
    return [label_set.decode() for label_set in rendered]


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


def test_too_many_labels_are_refused() -> None:
    labels = [constant_label(f"l{i}", "v", "labels") for i in range(28)]
    assert len(render({"__name__": "$VAR", "for": "$QUERY_KEY"}, *labels)) == 2
    message = (
        "labels: 1 series have up to 31 labels, and the server keeps 30; leave some out with "
        "label_columns=, or raise max_labels if the server runs with a higher "
        "-maxLabelsPerTimeseries"
    )
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        render({"__name__": "$VAR", "for": "$QUERY_KEY"}, *labels, HOST)


def test_absent_labels_do_not_count_towards_the_limit() -> None:
    labels = [constant_label(f"l{i}", "v", "labels") for i in range(29)]
    absent = LabelColumn("host", np.array([-1, -1]), ["a"])
    assert len(render({"__name__": "$VAR"}, *labels, absent)) == 2


def test_long_label_names_are_refused_by_bytes() -> None:
    name = "é" * 128
    assert render({"__name__": "$VAR"}, constant_label(name, "v", "labels"))
    message = (
        f"label '{name[:40]}': its name has 257 bytes, and the server keeps 1 to 256; rename it"
    )
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        render({"__name__": "$VAR"}, constant_label(name + "a", "v", "labels"))


def test_an_empty_label_name_is_refused() -> None:
    # An old server would take its value for the metric name.
    message = "label '': its name has 0 bytes, and the server keeps 1 to 256; rename it"
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        render({"__name__": "$VAR"}, constant_label("", "v", "labels"))


def test_a_label_name_that_is_no_unicode_is_refused() -> None:
    message = "label '\\ud800': its name is not valid Unicode; rename it"
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        render({"__name__": "$VAR"}, constant_label("\ud800", "v", "labels"))


@pytest.mark.parametrize("name", ["host", "__name__"])
def test_long_label_values_are_refused_by_bytes(name: str) -> None:
    def render_value(value: str) -> list[str]:
        label = constant_label(name, value, "labels")
        if name == "__name__":
            return render({"__name__": "$VAR"}, var=label)
        return render({"__name__": "$VAR"}, label)

    value = "é" * 2048
    assert render_value(value)
    message = (
        f"label {name!r}: the value {value[:40]!r}... has 4097 bytes, and the server keeps 4096; "
        "shorten it, or raise max_label_value_bytes if the server runs with a higher "
        "-maxLabelValueLen"
    )
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        render_value(value + "a")


def test_the_limits_can_be_raised() -> None:
    limits = LabelLimits(max_labels=2, max_name_bytes=1, max_value_bytes=1)
    wide = LabelLimits(max_labels=40, max_name_bytes=300, max_value_bytes=10_000)
    label = constant_label("n" * 300, "v" * 10_000, "labels")
    assert render({"__name__": "$VAR"}, label, limits=wide)
    with pytest.raises(LabelError, match="the server keeps 1 to 1; rename it"):
        render({"__name__": "$VAR"}, label, limits=limits)


def test_label_sets_are_rendered_once_for_frames_of_the_same_series() -> None:
    frame = pd.DataFrame({"y": [1.0], "z": [2.0]}, index=minutes(0))
    cache = LabelSetCache(10)
    first = parse_frame(frame, metric_format={"__name__": "$VAR"}, cache=cache)
    again = parse_frame(frame + 1, metric_format={"__name__": "$VAR"}, cache=cache)
    assert again.label_sets is first.label_sets
    other = parse_frame(frame, metric_format={"__name__": "vm_$VAR"}, cache=cache)
    assert list(other.label_sets) == [b'{"__name__":"vm_y"}', b'{"__name__":"vm_z"}']
    renamed = parse_frame(
        frame.rename(columns={"y": "x"}), metric_format={"__name__": "$VAR"}, cache=cache
    )
    assert renamed.label_sets[0] == b'{"__name__":"x"}'


@pytest.mark.parametrize(("max_entries", "kept"), [(0, []), (2, [b"c"]), (3, [b"b", b"c"])])
def test_the_cache_forgets_the_oldest_frame(max_entries: int, kept: list[bytes]) -> None:
    cache = LabelSetCache(max_entries)
    for text, size in ((b"a", 2), (b"b", 1), (b"c", 2)):
        cache.get_or_render(text, lambda text=text, size=size: [text] * size)  # type: ignore[misc]
    rendered: list[bytes] = []
    for text in (b"c", b"b", b"a"):
        cache.get_or_render(text, lambda text=text: rendered.append(text) or [text] * 9)  # type: ignore[misc,func-returns-value]
    assert [text for text in (b"a", b"b", b"c") if text not in rendered] == kept


def test_the_cache_is_pickled_empty() -> None:
    cache = LabelSetCache(5)
    cache.get_or_render("key", lambda: [b"{}"])
    copy = pickle.loads(pickle.dumps(cache))  # noqa: S301
    assert copy.get_or_render("key", lambda: [b"other"]) == [b"other"]


def test_a_clash_is_warned_of_at_every_write() -> None:
    frame = pd.DataFrame({"for": ["a"], "y": [1.0]}, index=minutes(0))
    cache = LabelSetCache(10)
    for _ in range(2):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            parse_frame(frame, metric_format={"__name__": "$VAR", "for": "x"}, cache=cache)
        assert [w.category for w in warned] == [LabelClashWarning]


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
