"""DeadlyAuth: kills the process that sends a certain text, in place of signing it."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

from requests import PreparedRequest
from requests.auth import AuthBase

__all__ = ["DeadlyAuth"]


@dataclass(frozen=True)
class DeadlyAuth(AuthBase):
    """Authentication of a caller's own that goes to worker processes."""

    deadly: bytes

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if self.deadly in (request.body or b""):
            os.kill(os.getpid(), signal.SIGKILL)
        return request
