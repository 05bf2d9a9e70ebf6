from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from vm_df_writer.model.kept_attribute import kept_attribute


class Slow:
    """Its value is ready once two threads compute one, be it of two objects."""

    both = threading.Barrier(2)

    def __init__(self) -> None:
        self.computed = 0

    @kept_attribute
    def value(self) -> int:
        """Tell it."""
        self.computed += 1
        self.both.wait(30)
        return 5


def test_objects_do_not_wait_for_each_other() -> None:
    ones = Slow(), Slow()
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda one: one.value, ones)) == [5, 5]
    assert [one.value for one in ones] == [5, 5]
    assert [one.computed for one in ones] == [1, 1]


def test_the_class_shows_the_attribute_and_its_text() -> None:
    assert Slow.value.__doc__ == "Tell it."
