"""How a number may have come to be printed: the zeros of a total may be filling, those of a score are digits."""

from harness.printed import otherwise, read_printed


def test_zeros_are_filling_in_totals_only() -> None:
    printed = read_printed("76.10")
    assert printed is not None
    assert otherwise(printed, 76.13) == "rounded before the last zeros"
    assert otherwise(printed, 76.18) == "cut off before the last zeros"
    assert otherwise(printed, 76.13, zeros=False) == otherwise(printed, 76.18, zeros=False) == ""
    assert otherwise(printed, 76.109, zeros=False) == "cut off after the printed digits"
