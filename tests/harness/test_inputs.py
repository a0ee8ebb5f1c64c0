"""What a sample is identified by: the same inputs give the same digest, other inputs another one."""

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.columns import Table
from harness.errors import HarnessError
from harness.inputs import digest_inputs
from tasks.superres import set5

IMAGE = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def test_arrays_are_identified_as_the_rows_of_a_table() -> None:
    """Digests in records that exist must stay what they are."""
    expected = Table(("",), {"image": IMAGE[None]}).row_digest(0)
    assert digest_inputs({"image": IMAGE, "later": lambda: None}, "toy").hex() == expected
    assert set5().input_digest({"image": IMAGE}).hex() == expected


@given(value=PLAIN, other=PLAIN)
def test_plain_values_are_equal_exactly_when_their_digests_are(value: Any, other: Any) -> None:
    digest = digest_inputs({"image": IMAGE, "extra": value}, "toy")
    assert digest == digest_inputs({"extra": copy.deepcopy(value), "image": IMAGE}, "toy")
    if repr(value) != repr(other) and value != other:
        assert digest != digest_inputs({"image": IMAGE, "extra": other}, "toy")


def test_the_order_of_keys_does_not_count() -> None:
    first, second = {"a": 1, "b": [None, "x"]}, {"b": [None, "x"], "a": 1}
    assert digest_inputs({"box": first}, "toy") == digest_inputs({"box": second}, "toy")


def test_kinds_that_look_alike_differ() -> None:
    values = [None, "None", "null", 1, 1.0, True, "1", [1], {"1": 1}, np.array(1), np.array("1"), np.float32(1), ""]
    assert len({digest_inputs({"x": value}, "toy") for value in values}) == len(values)
    assert digest_inputs({"x": [np.float64(1), np.int64(2)]}, "toy") == digest_inputs({"x": [1.0, 2]}, "toy")


class Thing:
    pass


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Thing(), "it is a Thing"),
        ([1, Thing()], "it holds a Thing"),
        ([np.zeros(2)], "it holds a ndarray"),
        ({1: 2}, "it has the key 1, which is no text"),
        (np.array([None, 1]), "it is a ndarray"),
        (LOOP, "recursion"),
    ],
)
def test_anything_else_names_task_and_input(value: Any, reason: str) -> None:
    with pytest.raises(HarnessError, match=rf"the input 'frame' of toy cannot be identified \(.*{reason}"):
        digest_inputs({"frame": value}, "toy")
