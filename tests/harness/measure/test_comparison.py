"""Only this may say "times faster": a drift of the machine must cancel, and what is not sure must not be said."""

from collections.abc import Callable, Sequence
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_blocks import FakeStation, block

from harness.measure.comparison import Comparison, Unit, Units, compare, interleave
from harness.measure.station import BlockReport


def units(
    make: Callable[[float, int], BlockReport], levels: Sequence[float], n: int = 40, pairs: int = 3
) -> list[Unit]:
    """`n` units of blocks whose latencies are `levels` (A, B) times what `make` is given the number of."""
    number = count()
    order = (levels[0], levels[1], levels[1], levels[0])
    return [
        Unit(k % pairs, 2.0 * k, tuple(make(level, next(number)) for level in order))  # type: ignore[arg-type]
        for k in range(n)
    ]


def compared(make: Callable[[float, int], BlockReport], a: float, b: float, n: int = 40) -> Comparison:
    found = Units(compared=units(make, (a, b), n), control=units(make, (a, a), n))
    found.ready = [FakeStation(lambda n: block()).start()] * 6
    return compare(found, "forward", "first", "second")


def test_a_constant_ratio_is_found_and_said() -> None:
    found = compared(lambda level, n: block(level), 12.0, 10.0)
    assert found.speedup.value == pytest.approx(1.2)
    assert found.control.value == pytest.approx(1.0)
    assert (found.verdict, found.reasons, found.noise_floor) == ("stable", [], pytest.approx(0.0, abs=1e-9))
    assert found.statement == "second is 1.20 times faster than first [1.20, 1.20], noise floor 0.0 %."


def test_the_faster_is_named_first() -> None:
    assert compared(lambda level, n: block(level), 10.0, 15.0).statement.startswith(
        "first is 1.50 times faster than second"
    )


@given(st.floats(-0.3, 0.3), st.floats(0.5, 2.0))
def test_a_drift_of_the_machine_cancels(drift: float, ratio: float) -> None:
    """Latencies that grow or shrink exponentially over the run: A B B A meets it symmetrically."""
    unit = units(lambda level, n: block(level * (1.0 + drift) ** n), (10.0 * ratio, 10.0), n=1)[0]
    expected = pytest.approx(ratio, rel=1e-9)
    assert 2.718281828459045 ** unit.log_ratio("forward") == expected


def test_no_difference_within_the_noise_is_claimed() -> None:
    """A/A scatters by 2 %: a ratio of 1.01 is not said to be faster."""
    found = compared(lambda level, n: block(level * (1.0 + 0.02 * (n % 7 - 3) / 3)), 10.1, 10.0)
    assert "faster" not in found.statement.replace("Which is faster", "")


@pytest.mark.parametrize(
    ("disturbance", "words"),
    [
        ({"run_delay_ns": 4_000_000}, "waited for a CPU for 4.0 %"),
        ({"steal_ns": 50_000_000}, "the hypervisor took"),
        ({"suspended_ns": 50_000_000}, "the machine was suspended"),
    ],
)
def test_a_disturbed_comparison_claims_nothing(disturbance: dict[str, int], words: str) -> None:
    found = compared(lambda level, n: block(level, **disturbance), 20.0, 10.0)
    assert found.verdict != "stable"
    assert any(words in reason for reason in found.reasons)
    assert found.statement == "Which is faster was not measured well enough to be said."


def test_disturbed_units_are_left_out_where_enough_remain() -> None:
    found = compared(
        lambda level, n: block(level * (3.0 if n % 8 == 0 else 1.0), run_delay_ns=9_000_000 * (n % 8 == 0)), 12.0, 10.0
    )
    assert found.dropped_share == pytest.approx(0.5)
    assert found.speedup.value == pytest.approx(1.2)
    assert found.speedup.units == 20


def test_a_control_that_does_not_cover_one_forbids_every_claim() -> None:
    found = Units(
        compared=units(lambda level, n: block(level), (20.0, 10.0)),
        control=units(lambda level, n: block(level), (10.5, 10.0)),
        ready=[FakeStation(lambda n: block()).start()],
    )
    result = compare(found, "forward", "first", "second")
    assert result.verdict == "unstable"
    assert any("1.050 times as fast as itself" in reason for reason in result.reasons)
    assert result.noise_floor == pytest.approx(0.05)


def test_too_few_units_have_no_interval() -> None:
    found = compared(lambda level, n: block(level), 12.0, 10.0, n=19)
    assert found.speedup.low is None
    assert "needs 20 units, there are 19" in found.speedup.reason


def test_every_process_meets_every_other_and_its_own_kind() -> None:
    first = [FakeStation(lambda n: block()) for _ in range(3)]
    second = [FakeStation(lambda n: block()) for _ in range(3)]
    found = interleave(first, second, seconds=1e-9, retries=10**12)
    assert len(found.compared) >= 20
    assert len(found.control) >= 20
    assert {unit.pair for unit in found.control} == {0, 1, 2}
    assert sum(station.done for station in second) == 2 * len(found.compared)
    assert sum(station.done for station in first) == 2 * len(found.compared) + 4 * len(found.control)
