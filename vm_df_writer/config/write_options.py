"""What a caller chooses of a write or a job, beside how frames are read; light to import."""

from __future__ import annotations

from typing import Literal

__all__ = ["DEFAULT_STATE", "IfExists"]

IfExists = Literal["append", "skip", "fail", "replace"]

DEFAULT_STATE = "backfill.sqlite"
