from __future__ import annotations

import pytest

from vm_df_writer.model.verification import Verification


def test_verification_is_ok_only_if_everything_was_found() -> None:
    assert Verification().ok
    assert Verification(expected=2, found=2).ok
    assert not Verification(expected=2, found=1, missing=1).ok
    assert not Verification(expected=2, found=1, mismatched=1).ok
    assert Verification(expected=2, found=1, deduplicated=1).ok


def test_merging_adds_every_count() -> None:
    one = Verification(expected=9, found=5, missing=2, mismatched=1, deduplicated=1, repaired=1)
    assert one + Verification(expected=1, found=1) == Verification(
        expected=10, found=6, missing=2, mismatched=1, deduplicated=1, repaired=1
    )


@pytest.mark.parametrize(
    ("verification", "text"),
    [
        (Verification(), "nothing to verify"),
        (
            Verification(expected=1200, found=1199, missing=1, repaired=3),
            "FAILED: 1,199 of 1,200 samples found, 1 missing, 0 mismatched, 3 of them sent again",
        ),
    ],
)
def test_the_text_says_what_was_found(verification: Verification, text: str) -> None:
    assert str(verification) == text


def test_plain_values_say_whether_all_is_well() -> None:
    assert Verification(expected=1).to_dict()["ok"] is False
