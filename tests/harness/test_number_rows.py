"""If these fail, a score is computed from other numbers than the file holds, or a bad line is named wrongly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.number_rows import BadRow, read_rows, token_array

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
DIGITS = st.text("0123456789", max_size=24)


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A decimal number in any way that people or programs write it."""
    value = draw(FLOATS)
    whole, part = draw(DIGITS), draw(DIGITS)
    exponent = draw(st.sampled_from(["", "e0", "E-3", "e+7", "e-300", "e290", "e-00012"]))
    free = f"{draw(st.sampled_from(['', '-', '+']))}{whole or '0' * (not part)}{draw(st.just('.' + part))}{exponent}"
    return draw(st.sampled_from([repr(value), f"{value:.6f}", f"{value:.17e}", f"{value:g}", free]))


BLANKS = st.sampled_from([" ", "\t", "  ", " \t "])


@given(
    st.lists(st.tuples(spellings(), spellings(), BLANKS), max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans()
)
def test_every_number_is_the_one_that_float_reads(rows: list[tuple[str, str, str]], newline: str, last: bool) -> None:
    text = newline.join(f"{a}{blank}{b}" for a, b, blank in rows) + newline * last
    expected = [(float(a), float(b)) for a, b, _ in rows]
    if any(math.isinf(value) for row in expected for value in row):
        with pytest.raises(BadRow, match="not finite"):
            read_rows(text.encode(), 2)
        return
    found = read_rows(text.encode(), 2)
    # As bytes: -0.0 is not 0.0, and no last bit may differ.
    assert found.values.tobytes() == np.array(expected, np.float64).reshape(-1, 2).tobytes()
    assert found.end == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "9007199254740993", "9007199254740993.0", "0.1000000000000000055511151231257827021181583404541015625",
        "2.2250738585072011e-308", "4.9e-324", "1.7976931348623157e308", "123456789012345678901234567890", "1e22", "1e23",
        "5.", ".5", "-.5e1", "+7", "00012", "0.000000000000000000000000000000000001", "1e-400", "8.5E+00",
    ],
)  # fmt: skip
def test_hard_numbers_are_exact(text: str) -> None:
    assert read_rows(text.encode(), 1).values.tolist() == [[float(text)]]


def test_tokens_come_back_with_their_lines() -> None:
    data = b"000012 0.5 1\n\n  \t\na_very-long.name\t0.25 2 \r\n\xc3\xa9 1 3"
    rows = read_rows(data, 2, tokens=1)
    assert rows.values.tolist() == [[0.5, 1], [0.25, 2], [1, 3]]
    assert rows.lines.tolist() == [1, 4, 5]
    assert token_array(data, rows).tolist() == [b"000012", b"a_very-long.name", "é".encode()]
    assert [data[at : at + 4] for at in rows.line_starts.tolist()] == [b"0000", b"a_ve", b"\xc3\xa9 1"]


@given(st.lists(st.lists(st.text("abé019_", min_size=1, max_size=9), min_size=2, max_size=2), max_size=6))
def test_tokens_are_those_of_split(rows: list[list[str]]) -> None:
    data = "\n".join(" ".join([*row, "1"]) for row in rows).encode()
    found = read_rows(data, 1, tokens=2)
    for index in (0, 1):
        assert [t.decode() for t in token_array(data, found, index).tolist()] == [row[index] for row in rows]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("1 2\n3\n", 2, "has 1 field, expected 2"),
        ("1 2\n\n3 4 5", 3, "has 3 fields, expected 2"),
        ("1 2\nx 3", 2, "holds 'x', which is no number"),
        ("1 1_0", 1, "holds '1_0', which is no number"),
        ("1 0x10", 1, "holds '0x10', which is no number"),
        ("1 1e", 1, "holds '1e', which is no number"),
        ("1 .", 1, "holds '.', which is no number"),
        ("1 -", 1, "holds '-', which is no number"),
        ("1 1,5", 1, "holds '1,5', which is no number"),
        ("1 5\x00", 1, "holds '5\\x00', which is no number"),
        ("1 2\n1 nan", 2, "holds 'nan', which is not finite"),
        ("1 -INF", 1, "holds '-INF', which is not finite"),
        ("1 +Infinity", 1, "holds '+Infinity', which is not finite"),
        ("1 2\n1 1e999", 2, "holds '1e999', which is not finite"),
        ("x", 1, "holds 'x', which is no number"),
    ],
)
def test_the_first_bad_line_is_named(text: str, line: int, reason: str) -> None:
    with pytest.raises(BadRow) as caught:
        read_rows(text.encode(), 2)
    assert (caught.value.line, caught.value.reason.strip('"')) == (line, reason)
    assert str(caught.value) == f"line {line} {caught.value.reason}"


def test_a_part_of_a_file_is_read_and_says_where_it_ends() -> None:
    data = b"image one\n2\n1 2 extra\n3 4\nimage two\n"
    rows = read_rows(data, 2, start=12, lines=2, more=True)
    assert rows.values.tolist() == [[1, 2], [3, 4]]
    assert (data[rows.end :], rows.lines.tolist()) == (b"image two\n", [1, 2])


def test_nothing_is_no_row_and_a_byte_order_mark_no_token() -> None:
    assert read_rows(b"", 3).values.shape == (0, 3)
    assert read_rows(b"\n \n", 3, tokens=1).token_starts.shape == (0, 1)
    assert read_rows(b"\xef\xbb\xbf1 2", 2).values.tolist() == [[1, 2]]
    assert token_array(b"", read_rows(b"", 1, tokens=1)).shape == (0,)
