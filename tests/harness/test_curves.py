"""Curves: what a task may give, that a table keeps every bit of them, and that a stranger's table is refused in words."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.columns import Ragged, Table
from harness.curves import Curve, check_curves, curve_table, table_curves

CURVE = Curve(
    name="aeroplane",
    title="aeroplane",
    x_label="recall",
    y_label="precision",
    x=np.array([0.0, 0.1, 0.30000000000000004]),
    y=np.array([1.0, 1 / 3, 0.1]),
    group="Precision and recall",
)
finite = st.floats(allow_nan=False, allow_infinity=False)
points = st.lists(st.tuples(finite, finite), max_size=6).map(lambda rows: np.array(rows, np.float64).reshape(-1, 2))
texts = st.text(st.characters(exclude_categories=("C", "Z")), max_size=20)


def same(a: Curve, b: Curve) -> bool:
    words = ("name", "title", "x_label", "y_label", "group", "log")
    equal = all(np.array_equal(getattr(a, axis), getattr(b, axis)) for axis in "xy")
    return equal and all(getattr(a, word) == getattr(b, word) for word in words)


@given(st.lists(st.tuples(points, texts, st.sampled_from(["", "x", "xy"])), min_size=1, max_size=4))
def test_a_table_keeps_every_curve_to_the_last_digit(found: list[tuple[Any, str, str]]) -> None:
    curves = [
        replace(CURVE, name=f"c{i}", x=xy[:, 0].copy(), y=xy[:, 1].copy(), title=text, group=text[:3], log=log)
        for i, (xy, text, log) in enumerate(found)
    ]
    again = table_curves(curve_table({"voc2007/11-point": curves, "coco": curves[:1]}))
    assert list(again) == ["voc2007/11-point", "coco"]
    assert [same(*pair) for pair in zip(again["voc2007/11-point"], curves, strict=True)] == [True] * len(curves)
    assert same(again["coco"][0], curves[0])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "a/b"}, "a curve has the name 'a/b'"),
        ({"name": ""}, "a curve has the name ''"),
        ({"title": "two\nlines"}, "the title of curve aeroplane is not one line"),
        ({"x_label": "x" * 201}, "the x_label of curve aeroplane is not one line of at most 200 characters"),
        ({"log": "yx"}, "log of curve aeroplane is 'yx'"),
        ({"x": np.zeros(2)}, "curve aeroplane has 2 values of x and 3 of y"),
        ({"y": np.array([0.0, np.nan, 1.0])}, "y of curve aeroplane has a value that is not finite"),
        ({"x": np.array([0.0, 1.0, np.inf])}, "x of curve aeroplane has a value that is not finite"),
        ({"x": np.zeros(3, np.float32)}, r"x of curve aeroplane is float32 of shape \(3,\), not float64"),
        ({"y": np.zeros((3, 1))}, r"y of curve aeroplane is float64 of shape \(3, 1\)"),
    ],
)
def test_a_curve_that_is_none_is_named(changed: dict[str, Any], words: str) -> None:
    check_curves([CURVE])
    with pytest.raises(ValueError, match=words):
        check_curves([replace(CURVE, **changed)])


def test_two_curves_of_one_name_are_told() -> None:
    with pytest.raises(ValueError, match="two curves have the name aeroplane"):
        check_curves([CURVE, CURVE])


@pytest.mark.parametrize(
    "changed",
    [
        {"x": Ragged(np.array([0.0, np.nan, 1.0]), np.array([0, 3]))},
        {"x": Ragged(np.zeros(3, np.float32), np.array([0, 3]))},
        {"x": Ragged(np.zeros(2), np.array([0, 2]))},
        {"x": np.zeros(1)},
        {"title": np.zeros(1)},
        {"title": np.array([["a"]])},
        {"log": np.array(["z"])},
        {"group": None},
    ],
)
def test_a_table_that_holds_no_curves_is_refused(changed: dict[str, Any]) -> None:
    good = curve_table({"coco": [CURVE]})
    columns = {name: column for name, column in {**good.columns, **changed}.items() if column is not None}
    with pytest.raises((ValueError, LookupError)):
        table_curves(Table(good.ids, columns))
    assert same(table_curves(good)["coco"][0], CURVE)
