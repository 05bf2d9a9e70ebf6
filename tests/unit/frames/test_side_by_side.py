from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from vm_df_writer.frames.side_by_side import side_by_side


def test_two_run_at_a_time() -> None:
    meeting = threading.Barrier(2)

    def meet() -> int:
        meeting.wait(timeout=10)
        return threading.get_ident()

    threads = side_by_side([meet] * 6)
    assert len(threads) == 6
    assert len(set(threads)) == 2
    assert threading.get_ident() in threads


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_results_stand_in_the_order_of_the_work(n: int) -> None:
    assert side_by_side([lambda i=i: i for i in range(n)]) == list(range(n))  # type: ignore[misc]


def test_the_first_failure_is_raised_when_all_have_run() -> None:
    ran = []

    def fail(text: str) -> None:
        ran.append(text)
        raise ValueError(text)

    with pytest.raises(ValueError, match=r"^b$"):
        side_by_side([lambda: ran.append("a"), lambda: fail("b"), lambda: fail("c")])
    assert sorted(ran) == ["a", "b", "c"]


def test_both_threads_see_the_context_of_the_caller() -> None:
    variable: ContextVar[str] = ContextVar("variable", default="other")
    token = variable.set("ours")
    meeting = threading.Barrier(2)

    def look() -> str:
        meeting.wait(timeout=10)
        return variable.get()

    try:
        assert side_by_side([look, look]) == ["ours", "ours"]
    finally:
        variable.reset(token)
