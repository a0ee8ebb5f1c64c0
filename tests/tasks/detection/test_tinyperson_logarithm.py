"""The logarithm and the exponential whose digits no machine changes."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.kernels import Kernel
from tasks.detection.tinyperson.miss_rate import fppi_points

LOG = Kernel("fixed_log", "int64", "float64[]", "float64[]")
EXP = Kernel("fixed_exp", "int64", "float64[]", "float64[]")


def apply(kernel: Kernel, *values: float) -> list[float]:
    out = np.empty(len(values))
    kernel(len(values), np.array(values), out)
    return out.tolist()


@given(st.floats(2**-53, 100))
def test_logarithms_are_true_to_a_few_units_in_the_last_place(x: float) -> None:
    found, true = apply(LOG, x)[0], math.log(x)
    assert abs(found - true) <= 2 * max(math.ulp(true), 2**-53 * abs(math.log2(x)) * 2**-3)


@given(st.floats(-690, 600))
def test_exponentials_are_true_to_a_few_units_in_the_last_place(x: float) -> None:
    assert abs(apply(EXP, x)[0] - math.exp(x)) <= 2 * math.ulp(math.exp(x))


def test_the_ends_of_the_range() -> None:
    assert apply(LOG, 0.0, 1.0) == [-math.inf, 0.0]
    assert apply(EXP, -math.inf, 0.0, -5000.0) == [0.0, 1.0, 0.0]
    assert math.isnan(apply(EXP, math.nan)[0])


def test_digits_that_numpy_1_26_gives_with_avx_512() -> None:
    """Where other logarithms end in other digits: the score would, too."""
    assert apply(LOG, float.fromhex("0x1.461fd79fb3850p-1")) == [float.fromhex("-0x1.cddef148cfc46p-2")]
    assert apply(LOG, float.fromhex("0x1.67be224ec5c90p-3")) == [float.fromhex("-0x1.bd3e2bbce9b40p+0")]
    assert fppi_points().tolist() == [
        0.010000000000000004, 0.017782794100389243, 0.031622776601683826, 0.05623413251903498, 0.10000000000000016,
        0.17782794100389263, 0.3162277660168386, 0.5623413251903504, 1.0000000000000027,
    ]  # fmt: skip
