"""Inputs that a model changes, or whose sizes differ, must be seen for what they are."""

from dataclasses import dataclass

import numpy as np
import pytest

from harness.measure import Stage, Workload, measure_latency
from harness.measure.items import item_size, items_digest, mapped, size_range
from harness.measure.plan import Plan

QUICK = Plan(seconds=0.2, warm_up_cap_s=0.02, warm_up_min_s=0.0, block_s=0.001)


@dataclass
class Sample:
    id: str
    inputs: dict[str, object]


def samples(*shapes: tuple[int, ...]) -> list[Sample]:
    return [Sample("a", {"image": np.ones(shape, np.uint8), "text": "a dog"}) for shape in shapes]


def test_arrays_are_found_in_samples_lists_and_tuples() -> None:
    assert item_size(samples((4, 5, 3), (2, 5, 3)), 2) == 45
    assert item_size((np.zeros(7), [np.zeros(2)], "text", None), 1) == 9
    assert item_size("text", 1) == 0


def test_the_digest_sees_one_changed_element_and_nothing_else() -> None:
    items = [samples((4, 4, 3))]
    before = items_digest(items)
    assert items_digest([samples((4, 4, 3))]) == before
    assert items_digest([samples((4, 12))]) != before
    items[0][0].inputs["image"][0, 0, 0] = 9  # type: ignore[index]
    assert items_digest(items) != before


def test_torch_tensors_of_every_type_have_a_digest() -> None:
    torch = pytest.importorskip("torch")
    for dtype in (torch.float32, torch.bfloat16, torch.bool, torch.int64):
        one, other = torch.zeros(3, 2, dtype=dtype), torch.ones(3, 2, dtype=dtype)
        assert items_digest([one]) == items_digest([one.clone()]) != items_digest([other])
    assert items_digest([torch.zeros(())]) == items_digest([torch.zeros(())])


def test_tensors_are_changed_wherever_they_stand() -> None:
    torch = pytest.importorskip("torch")
    found = mapped({"a": [torch.ones(2)], "b": (torch.ones(1), "text", 3)}, lambda tensor: tensor * 2)
    assert found["a"][0].tolist() == [2.0, 2.0]
    assert found["b"][0].tolist() == [2.0]
    assert found["b"][1:] == ("text", 3)


@pytest.mark.parametrize(("size", "expected"), [(0, (1, 1)), (1, (1, 1)), (127, (64, 127)), (128, (128, 255))])
def test_ranges_are_powers_of_two(size: int, expected: tuple[int, int]) -> None:
    assert size_range(size) == expected


def test_a_model_that_changes_its_input_in_place_is_invalid() -> None:
    def normalise(value: np.ndarray, item: object) -> np.ndarray:
        value /= 2.0
        return value

    workload = Workload(count=3, load=lambda i: np.ones(8), stages=(Stage("forward", normalise),))
    timing = measure_latency(workload, plan=QUICK)
    assert timing.verdict == "invalid"
    assert any("writes into its input" in reason for reason in timing.reasons)


def test_a_view_of_the_input_as_output_is_no_harm() -> None:
    workload = Workload(count=3, load=lambda i: np.ones(8), stages=(Stage("forward", lambda value, _: value[::2]),))
    timing = measure_latency(workload, plan=QUICK)
    assert not any("writes into its input" in reason for reason in timing.reasons)


def test_inputs_of_varying_size_are_timed_and_told_apart() -> None:
    workload = Workload(
        count=4, load=lambda i: np.ones(100 * 8**i), stages=(Stage("forward", lambda value, _: value.sum()),)
    )
    timing = measure_latency(workload, plan=QUICK)
    assert [bucket.inputs for bucket in timing.sizes] == [1, 1, 1, 1]


@pytest.mark.parametrize("lazy", [lambda value: map(abs, value), lambda value: [iter(value)]])
def test_results_that_are_computed_later_are_refused(lazy: object) -> None:
    from harness.errors import SubmissionError

    workload = Workload(count=3, load=lambda i: [1, 2], stages=(Stage("forward", lambda value, _: lazy(value)),))  # type: ignore[operator]
    with pytest.raises(SubmissionError, match="whose work is done after the clock has stopped; return a list"):
        measure_latency(workload, plan=QUICK)
