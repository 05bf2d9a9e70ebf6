from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.blocks import T
from vm_df_writer.model.verification import Verification
from vm_df_writer.server.deduplication import KeepOneRule
from vm_df_writer.verification.findings import VerificationResult
from vm_df_writer.verification.series_diff import SeriesDiff


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
        ({"missing": 7}, "vmstorage alone, a crash), then write these series again"),
        ({"missing": 7, "repaired": 9}, "9 samples were sent once more; look for the reason in"),
        ({"mismatched": 7}, "look for another writer of these series, for an earlier write of"),
        (
            {"conflicting": 7},
            "write them once more with if_exists='replace', which corrects what was",
        ),
    ],
)
def test_the_advice_fits_what_was_found(counts: dict[str, int], advice: str) -> None:
    assert advice in result(**counts).describe()


def test_what_may_be_queued_is_not_to_be_sent_again() -> None:
    findings = replace(result(missing=7), is_queued=True)
    assert findings.describe().endswith(
        "; verify again once it has handed them on, and send nothing again before, which may be "
        "stored twice"
    )


def test_what_the_server_says_may_be_the_reason() -> None:
    text = result(missing=1).describe(["it drops old samples", "its disk is full"])
    assert "the server tells that it drops old samples and that its disk is full" in text


@pytest.mark.parametrize("counts", [{"mismatched": 1}, {"conflicting": 1}])
def test_the_rule_is_named_by_which_the_server_chooses_among_equal_times(
    counts: dict[str, int],
) -> None:
    findings = result(**counts)
    assert "without deduplication, of which the server reports none" in findings.describe()
    deduplicating = replace(findings, deduplication=KeepOneRule(((2**62, 1),)))
    assert "a query sees one sample of each time, that with the largest value" in (
        deduplicating.describe()
    )
    assert "deduplication, of" not in result(missing=1).describe()


def test_other_values_beside_what_was_found_are_told_with_their_series() -> None:
    worst = (SeriesDiff(b'{"__name__":"y"}', 20, 0, 0, T, conflicting=3),)
    findings = VerificationResult(
        verification=Verification(expected=90, found=90, conflicting=3), short_series=1, worst=worst
    )
    assert findings.describe().startswith(
        "verify: 3 samples with another value stand at the times of what was sent, in 1 series, "
        'beside the 90 of 90 that were found: {"__name__":"y"} has 3 other values beside its 20, '
        "from 2026-01-01 00:00:00 UTC; "
    )


def test_other_values_are_told_beside_a_loss_unless_they_are_accepted() -> None:
    beside = "with another value), and 2 samples with another value stand at the times of what"
    assert beside in result(missing=1, conflicting=2).describe()
    assert beside not in result(missing=1, conflicting=2, accepted=2).describe()


def test_without_copies_there_is_nothing_to_say_of_them() -> None:
    assert result(conflicting=3).describe_copies() == ""
    assert (
        result(copies=3)
        .describe_copies()
        .startswith(
            "verify: the server holds 3 copies of the 100 samples that were sent; without dedup"
        )
    )
