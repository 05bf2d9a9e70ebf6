"""How many examples the property tests draw: many with CI=true, fewer at a desk."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Frames of many dtypes take a while to draw, and a busy machine makes any deadline a lie.
_SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("ci", max_examples=250, print_blob=True, **_SLOW)  # type: ignore[arg-type]
settings.register_profile("desk", max_examples=100, **_SLOW)  # type: ignore[arg-type]
settings.load_profile("ci" if os.environ.get("CI") == "true" else "desk")
