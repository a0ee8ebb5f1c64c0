"""Rate lists are read as printed, never evaluated, and what does not fit is told in a sentence."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from harness.errors import UsageError
from submissions.pruned.rates import kept_share, read_rates, removed_share, widths

TERMS = st.lists(st.tuples(st.integers(0, 99), st.integers(1, 9)), min_size=1, max_size=8)


@given(TERMS)
def test_a_list_means_what_python_would_make_of_it(terms: list[tuple[int, int]]) -> None:
    text = "+".join(f"[{rate / 100}]*{count}" for rate, count in terms)
    expected = eval(text)  # the literal meaning, of text that the test wrote itself
    assert read_rates(text, len(expected), "rates", "it") == expected


def test_one_rate_several_rates_and_spaces() -> None:
    assert read_rates("[0.1] + [.60]*2+[0.4, 1.]*2", 7, "rates", "it") == [0.1, 0.6, 0.6, 0.4, 1.0, 0.4, 1.0]


@pytest.mark.parametrize(
    "text", ["0.6*27", "[0.6]*", "[0.6]**2", "[a]", "[]", "[0.6]-[0.1]", "[-0.1]", "[1e9]", "__import__('os')", "[nan]"]
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no part of a rate list"):
        read_rates(text, 2, "rates", "it")


def test_another_length_names_the_right_one() -> None:
    with pytest.raises(UsageError, match=r"rates=\[0.6\]\*26 has 26 rates; resnet56 takes 27"):
        read_rates("[0.6]*26", 27, "rates", "resnet56")
    with pytest.raises(UsageError, match="has more than 27 rates; resnet56 takes 27"):
        read_rates("[0.6]*999999999+[0.1]*999999999", 27, "rates", "resnet56")


def test_rates_are_parts() -> None:
    assert kept_share("", 2, "rates", "it") == [1, 1] and removed_share("", 2, "rates", "it") == [0, 0]
    for read, text in ((kept_share, "[0.0]"), (kept_share, "[1.1]"), (removed_share, "[1.0]"), (removed_share, "[7]")):
        with pytest.raises(UsageError, match="is no part of the filters"):
            read(text, 1, "rates", "it")


def test_the_whole_part_of_the_filters_stays() -> None:
    assert widths([0.6, 0.3, 1.0], [16, 32, 5], "rates") == [9, 9, 5]
    with pytest.raises(UsageError, match=r"0\.01 keeps none of a layer's 16 filters"):
        widths([0.6, 0.01], [16, 16], "rates")
