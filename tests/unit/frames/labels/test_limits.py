from __future__ import annotations

import re

import numpy as np
import orjson
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


def many_labels(n: int, value: str) -> list[LabelColumn]:
    return [constant_label(f"l{i:02}", value, "labels") for i in range(n)]


def test_labels_that_servers_would_drop_a_series_for_together_are_refused() -> None:
    # 19 labels of 3 + 3,150 bytes, and y as __name__, each with 2 bytes between.
    labels = many_labels(19, "v" * 3_150)
    host = LabelColumn("host", np.array([-1, 0]), ["h" * 42])
    assert len(render({"__name__": "$VAR"}, *labels[:-1], host)) == 2
    message = (
        "labels: 1 series have up to 60,007 bytes of labels together, and servers keep 60,000 and "
        "drop the series beyond; shorten them, or leave some out with label_columns="
    )
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        render({"__name__": "$VAR"}, *labels, host)


def test_what_characters_take_as_bytes_counts_for_all_labels_together() -> None:
    text = "\u20ac" * 1_300
    assert render({"__name__": "$VAR"}, *many_labels(15, text))
    with pytest.raises(LabelError, match="2 series have up to 62,494 bytes of labels together"):
        render({"__name__": "$VAR"}, *many_labels(16, text))


def test_a_rendered_label_set_that_is_too_large_is_told() -> None:
    label_set = orjson.dumps({"__name__": "y", **{f"l{i}": "v" * 4_000 for i in range(15)}})
    told = "60,076 bytes of labels, and servers keep 60,000"
    assert LabelLimits().describe_excess(label_set) == told


TENANT_LIMITS = LabelLimits(choose_tenant=True)


@pytest.mark.parametrize("tenant", ["0", "7", "4294967295"])
def test_plain_numbers_are_tenants(tenant: str) -> None:
    labels = constant_label("vm_account_id", tenant, "labels")
    assert render({"__name__": "$VAR"}, labels, limits=TENANT_LIMITS)


@pytest.mark.parametrize("tenant", ["abc", "4294967296", "-1", "1.5", " 5", "007", "\u0665", "5\n"])
@pytest.mark.parametrize("name", ["vm_account_id", "vm_project_id", "VictoriaMetrics_AccountID"])
def test_a_tenant_that_the_server_would_take_for_another_is_refused(name: str, tenant: str) -> None:
    message = (
        f"label {name!r}: 1 of 2 series have {tenant!r}, where a tenant is a plain number of at "
        "most 4294967295, and the server would store them under tenant 0; give each series the "
        "number of its tenant"
    )
    column = LabelColumn(name, np.array([0, 1]), ["5", tenant])
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        render({"__name__": "$VAR"}, column, limits=TENANT_LIMITS)
    assert render({"__name__": "$VAR"}, column)
    excess = f"{name}={tenant!r}, which is no tenant"
    assert TENANT_LIMITS.describe_excess(orjson.dumps({name: tenant})) == excess


def test_a_series_without_the_tenant_that_others_have_is_refused() -> None:
    column = LabelColumn("vm_project_id", np.array([0, -1]), ["5"])
    with pytest.raises(LabelError, match="'vm_project_id': 1 of 2 series have none, where a tenan"):
        render({"__name__": "$VAR"}, column, limits=TENANT_LIMITS)


def test_texts_of_no_series_are_no_tenants() -> None:
    column = LabelColumn("vm_account_id", np.array([0, 0]), ["5", "abc"])
    assert render({"__name__": "$VAR"}, column, limits=TENANT_LIMITS)


def test_a_tenant_that_is_one_leaves_the_excess_to_be_told() -> None:
    limits = LabelLimits(choose_tenant=True, max_value_bytes=3)
    excess = limits.describe_excess(b'{"vm_account_id":"7","host":"long"}')
    assert excess is not None
    assert excess.startswith("a label value of 4 bytes, and the server keeps 3")
