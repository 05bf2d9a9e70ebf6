from __future__ import annotations

import pytest

from vm_df_writer.model.verification import Verification


def test_verification_is_ok_only_if_everything_was_found() -> None:
    assert Verification().ok
    assert Verification(expected=2, found=2).ok
    assert not Verification(expected=2, found=1, missing=1).ok
    assert not Verification(expected=2, found=1, mismatched=1).ok
    assert Verification(expected=2, found=1, deduplicated=1).ok


def test_verification_is_ok_only_if_nothing_contradicts_what_was_found() -> None:
    assert Verification(expected=2, found=2, copies=9, foreign=9).ok
    assert not Verification(expected=2, found=2, conflicting=1).ok
    assert Verification(expected=2, found=2, conflicting=1, accepted=1).ok
    assert not Verification(expected=2, found=1, missing=1, conflicting=1, accepted=1).ok


def test_what_one_caller_accepts_is_not_accepted_of_another_one() -> None:
    accepted = Verification(expected=2, found=2, conflicting=1, accepted=1)
    assert (accepted + Verification(expected=1, found=1)).ok
    assert not (accepted + Verification(expected=1, found=1, conflicting=1)).ok


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
        (
            Verification(expected=100, found=100, copies=2000, conflicting=3, foreign=5),
            (
                "FAILED: 100 of 100 samples found, 0 missing, 0 mismatched; the server also holds "
                "2,000 copies, 3 with another value at the same time, 5 at other times"
            ),
        ),
    ],
)
def test_the_text_says_what_was_found(verification: Verification, text: str) -> None:
    assert str(verification) == text
    assert repr(verification) == f"<Verification: {text}>"


def test_plain_values_say_whether_all_is_well() -> None:
    plain = Verification(expected=1, copies=2).to_dict()
    assert (plain["ok"], plain["copies"], plain["foreign"]) == (False, 2, 0)


def test_a_notebook_shows_what_was_found_as_a_table() -> None:
    html = Verification(expected=1200, found=1200, copies=7)._repr_html_()
    for cell in ("verified", "yes", "1,200", "also held: copies", "7"):
        assert f">{cell}</t" in html
    assert "sent again" not in html
    html = Verification(expected=9, missing=2, deduplicated=3, repaired=4)._repr_html_()
    for cell in ("NO", "deduplicated", "sent again"):
        assert f">{cell}</t" in html
