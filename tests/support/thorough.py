"""What is tried a few times by `make test`, and many times by `make test-thorough`."""

from __future__ import annotations

import pytest

thorough = pytest.mark.thorough


# What two processes do is what one does; of each kind of work one test says so by default.
by_one_or_two_workers = pytest.mark.parametrize("workers", [1, pytest.param(2, marks=thorough)])


def few_or_many(name: str, few: int, many: int) -> pytest.MarkDecorator:
    """Give a test a number: few by default, many where all is tried."""
    return pytest.mark.parametrize(name, [few, pytest.param(many, marks=thorough)])
