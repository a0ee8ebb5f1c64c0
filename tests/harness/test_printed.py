"""How a number may have come to be printed: the zeros of a total may be filling, those of a score are digits."""

import pytest

from harness.printed import otherwise, read_printed


def test_zeros_are_filling_in_totals_only() -> None:
    printed = read_printed("76.10")
    assert printed is not None
    assert otherwise(printed, 76.13) == "rounded before the last zeros"
    assert otherwise(printed, 76.18) == "cut off before the last zeros"
    assert otherwise(printed, 76.13, zeros=False) == otherwise(printed, 76.18, zeros=False) == ""
    assert otherwise(printed, 76.109, zeros=False) == "cut off after the printed digits"


@pytest.mark.parametrize(
    ("value", "ours", "how"),
    [
        ("74.4", 74.346, "rounded to one digit more and then once again"),
        ("74.4", 74.344, ""),
        ("74.3", 74.39, "cut off after the printed digits"),
        ("282.00", 282.917, "cut off before the last zeros"),
        ("282.00", 283.001, ""),
        ("156.90", 156.8846, "rounded before the last zeros"),
        ("1520", 1521.76, "rounded before the last zeros"),
        ("1520", 1529.0, "cut off before the last zeros"),
        ("1500", 1529.0, ""),
        ("28.00", 28.9, ""),
        ("0", 0.3, ""),
        ("7.00 to 8.00", 8.004, ""),
        ("1e20", 3e20, ""),
        ("76.1" + 30 * "0", 76.3, ""),
    ],
)
def test_how_else_a_number_may_have_been_rounded(value: str, ours: float, how: str) -> None:
    printed = read_printed(value)
    assert printed is not None and otherwise(printed, ours) == how
