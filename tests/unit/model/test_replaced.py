from __future__ import annotations

from vm_df_writer.model.replaced import Replaced


def test_two_add_up_number_by_number() -> None:
    one, other = Replaced(series=1, samples=20, bytes_raw=300), Replaced(series=4, bytes_raw=5)
    assert one + other == Replaced(series=5, samples=20, bytes_raw=305)
    assert one + Replaced() == one


def test_plain_values_have_every_number() -> None:
    assert Replaced(series=1, samples=2, bytes_raw=3).to_dict() == {
        "series": 1,
        "samples": 2,
        "bytes_raw": 3,
    }


def test_a_line_says_what_was_imported_and_what_stays() -> None:
    assert str(Replaced(series=1200, samples=3000, bytes_raw=4000)) == (
        "1,200 series, whose 3,000 other samples stay; 4,000 bytes imported"
    )
