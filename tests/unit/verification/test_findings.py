from __future__ import annotations

import pytest

from tests.support.blocks import T
from vm_df_writer.model.verification import Verification
from vm_df_writer.verification.comparison import SeriesDiff
from vm_df_writer.verification.findings import VerificationResult


def result(**counts: int) -> VerificationResult:
    diffs = tuple(SeriesDiff(b'{"__name__":"y%d"}' % i, 9, 1, 0, T) for i in range(5))
    return VerificationResult(
        verification=Verification(expected=100, **counts), short_series=7, worst=diffs
    )


def test_three_series_are_named_and_the_others_counted() -> None:
    text = result(missing=7).describe()
    assert text.count("lacks 1 of 9") == 3
    assert "; and 4 more series; look for" in text


@pytest.mark.parametrize(
    ("counts", "advice"),
    [
        ({"missing": 7}, "(retention, label limits, a crash), then write these series again"),
        ({"missing": 7, "repaired": 9}, "9 samples were sent once more; look for the reason in"),
        ({"mismatched": 7}, "look for another writer of these series, for deduplication, and for"),
    ],
)
def test_the_advice_fits_what_was_found(counts: dict[str, int], advice: str) -> None:
    assert advice in result(**counts).describe()


def test_what_the_server_says_may_be_the_reason() -> None:
    text = result(missing=1).describe(["it drops old samples", "its disk is full"])
    assert "the server tells that it drops old samples and that its disk is full" in text
