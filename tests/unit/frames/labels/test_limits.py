from __future__ import annotations

import re

import numpy as np
import pytest

from tests.support.label_sets import HOST, render
from vm_df_writer.errors import LabelError
from vm_df_writer.frames.labels.label_column import LabelColumn, constant_label
from vm_df_writer.frames.labels.limits import LabelLimits


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


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (
            LabelLimits(max_labels=1),
            (
                "2 labels, and the server keeps 1; raise max_labels if the server runs with "
                "a higher -maxLabelsPerTimeseries"
            ),
        ),
        (
            LabelLimits(max_name_bytes=7),
            (
                "a label name of 8 bytes, and the server keeps 7; raise max_label_name_bytes if "
                "the server runs with a higher -maxLabelNameLen"
            ),
        ),
        (
            LabelLimits(max_value_bytes=3),
            (
                "a label value of 4 bytes, and the server keeps 3; raise max_label_value_bytes if "
                "the server runs with a higher -maxLabelValueLen"
            ),
        ),
        (LabelLimits(max_labels=2, max_name_bytes=8, max_value_bytes=4), None),
    ],
)
def test_what_a_rendered_label_set_has_beyond_the_limits_is_named(
    limits: LabelLimits, message: str | None
) -> None:
    assert limits.describe_excess('{"__name__":"y","a":"éé"}'.encode()) == message
