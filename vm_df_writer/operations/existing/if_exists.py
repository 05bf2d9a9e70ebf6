"""What a write does where the server has samples already, sample by sample."""

from __future__ import annotations

from typing import get_args

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.config.write_options import IfExists
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.display.text import shown
from vm_df_writer.errors import ConfigError, SamplesExistError
from vm_df_writer.frames.given_frame import FrameLike
from vm_df_writer.operations.preflight import plan_send
from vm_df_writer.operations.send_plan import SendPlan
from vm_df_writer.operations.verify import block_reader
from vm_df_writer.verification.existing_samples import find_existing, look_up_existing

__all__ = [
    "IfExists",
    "check_if_exists",
    "existing_in_frame",
    "existing_in_plan",
    "without_existing",
]


def check_if_exists(if_exists: object) -> None:
    """Refuse what is none of the choices of `if_exists`.

    Examples
    --------
    >>> check_if_exists("skip")
    >>> check_if_exists("update")
    Traceback (most recent call last):
        ...
    vm_df_writer.errors.ConfigError: if_exists: expected append, skip, fail or replace, got \
'update'
    """
    if if_exists is not None and if_exists not in get_args(IfExists):
        *others, last = get_args(IfExists)
        raise ConfigError(
            f"if_exists: expected {', '.join(others)} or {last}, got {shown(if_exists)}",
            keyword="if_exists",
        )


def without_existing(plan: SendPlan, backend: Backend, if_exists: IfExists | None) -> SendPlan:
    """Return what a plan is to send, by what the server has at this moment.

    Raises
    ------
    SamplesExistError
        If there is one, with ``fail``.
    DeliveryError
        If the server cannot be read.
    """
    if if_exists in ("fail", "skip"):
        plan.require_reading_back("if_exists")
    if if_exists == "fail" and (found := existing_in_plan(plan, backend)):
        raise SamplesExistError(found)
    if if_exists == "skip":
        return plan.filtered(look_up_existing(plan.blocks(), block_reader(backend)).left_out)
    return plan


def existing_in_plan(plan: SendPlan, backend: Backend) -> str | None:
    """Name a sample of a plan at whose time the server has one, if there is one."""
    return find_existing(plan.blocks(), block_reader(backend))


def existing_in_frame(backend: Backend, frame: FrameLike, reading: ReadOptions) -> str | None:
    """Name a sample of a frame at whose time the server has one, if there is one."""
    return existing_in_plan(plan_send(backend, frame, reading), backend)
