from __future__ import annotations

import warnings

import pytest

from vm_df_writer.operations.preflight import warn_of_dropped, warn_of_tenant_labels
from vm_df_writer.server.time_limits import TimeLimits
from vm_df_writer.warning_classes import DroppedWarning, TenantLabelWarning


@pytest.mark.parametrize(
    ("tenant_id", "labels", "message"),
    [
        ("multitenant", {"host"}, "have no label 'vm_account_id' and 'vm_project_id', for which"),
        ("multitenant", {"vm_account_id"}, "have no label 'vm_project_id', for which the server"),
        ("5", {"vm_project_id"}, "it is not 'multitenant', and the series have the label"),
        (None, {"vm_account_id"}, "set tenant_id to 'multitenant', or leave the label out$"),
    ],
)
def test_tenant_labels_that_choose_no_tenant_are_warned_of(
    tenant_id: str | None,
    labels: set[str],
    message: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.warns(TenantLabelWarning, match=message) as warned:
        warn_of_tenant_labels(tenant_id, frozenset(labels))
    assert str(warned[0].message) in caplog.text


@pytest.mark.parametrize(
    ("tenant_id", "labels"),
    [("multitenant", {"vm_account_id", "vm_project_id"}), (None, {"host"}), ("5:7", set())],
)
def test_tenant_labels_that_fit_are_not(tenant_id: str | None, labels: set[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_tenant_labels(tenant_id, frozenset(labels))


def test_a_large_share_that_is_dropped_for_one_reason_is_warned_of() -> None:
    message = (
        r"^frame: 1,100 of 10,000 samples \(11%\) are left out as 'duplicate'; samples of one "
        "series have one time: name what tells them apart with label_columns=, or pass duplicates="
    )
    with pytest.warns(DroppedWarning, match=message) as warned:
        warn_of_dropped({"duplicate": 1100, "inf": 1000, "nan": 5000}, 10_000, TimeLimits())
    assert len(warned) == 1
