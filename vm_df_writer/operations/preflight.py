"""The labels that choose a tenant, and the two ways in which they miss it."""

from __future__ import annotations

import logging

from vm_df_writer.errors import TenantLabelWarning, warn_caller

__all__ = ["warn_of_tenant_labels"]

_log = logging.getLogger("vm_df_writer")

_TENANT_LABELS = ("vm_account_id", "vm_project_id")


def warn_of_tenant_labels(tenant_id: str | None, label_names: frozenset[str]) -> None:
    """Warn, as vmanomaly does, where tenant labels and `tenant_id` do not fit each other.

    A cluster reads the tenant from these labels only at ``/insert/multitenant/``, takes 0 for
    each that is missing, and removes them; elsewhere they are stored as any other label.

    Examples
    --------
    >>> warn_of_tenant_labels("multitenant", frozenset({"vm_account_id", "vm_project_id"}))
    >>> warn_of_tenant_labels("12:30", frozenset({"host"}))
    """
    present = [name for name in _TENANT_LABELS if name in label_names]
    missing = [name for name in _TENANT_LABELS if name not in label_names]
    if tenant_id == "multitenant" and missing:
        _warn(
            f"tenant_id: it is 'multitenant', and the series have no label {_names(missing)}, for "
            "which the server takes 0; add it with labels= or metric_format, or set tenant_id to "
            "the tenant"
        )
    if tenant_id != "multitenant" and present:
        _warn(
            f"tenant_id: it is not 'multitenant', and the series have the label {_names(present)}, "
            "which the server stores as it is and does not choose a tenant by; set tenant_id to "
            "'multitenant', or leave the label out"
        )


def _names(names: list[str]) -> str:
    return " and ".join(map(repr, names))


def _warn(message: str) -> None:
    _log.warning(message)
    warn_caller(message, TenantLabelWarning)
