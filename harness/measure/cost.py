"""The cost of a network on one real input: parameters, operations by type, bits, and papers' conventions for them."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from harness.errors import HarnessError, SubmissionError
from harness.measure.conventions import MEANINGS, views
from harness.measure.sizes import measure_sizes
from harness.measure.workload import Workload
from harness.operations import KINDS, Call, Count, Operations
from harness.record import Cost, OperatorCost

COARSE = frozenset({"aten::sign", "aten::sgn", "aten::round", "aten::fake_quantize_per_tensor_affine"})
"""Operators by which networks emulate arithmetic of few bits."""
NO_TORCH = "the submission runs no torch module, and operations are counted from torch's operators"


def count_operations(call: Callable[[], object], network: Any = None) -> Count:
    """Run `call` and count what torch does in it; `network` gives the layers' names. Needs torch.

    Where attention runs as one operator, it runs once more by plain products, which must multiply and accumulate as
    often; raises SubmissionError where they do not.
    """
    from harness.measure.cost_watch import watch

    count = watch(call, network)
    if count.of("attention"):
        plain = watch(call, network, fused=False)
        if plain.macs != count.macs:
            raise SubmissionError(
                f"attention in one operator comes to {count.macs} multiply-accumulates, by plain products to {plain.macs}; "
                "one of both is counted wrongly, so neither is given"
            )
    return count


def count_cost(workload: Workload, module: Any = None) -> Cost:
    """The cost of the headline span on the first sample of `workload`.

    `module` is the torch module whose parameters count, or None where the submission has none. MACs are null, with the
    reason, where no torch runs. Raises SubmissionError where the model fails.
    """
    if "torch" not in sys.modules:
        return Cost(parameters=None, macs=None, reason=NO_TORCH)
    before, stage = workload.headline_stage()
    try:
        with workload.entered():
            item, samples = _one_sample(workload)
            value = item
            for earlier in before:
                value = earlier.call(value, item)
            count = count_operations(lambda: stage.call(value, item), module)
    except HarnessError:
        raise
    except Exception as error:
        raise SubmissionError(
            f"the model failed on input 0 while its operations were counted: {type(error).__name__}: {error}"
        ) from error
    return cost_of(count, module, samples, describe_input(value))


def _one_sample(workload: Workload) -> tuple[Any, int]:
    """Item 0 cut down to its first sample where it is a list of samples, and how many samples are left in it."""
    item = workload.load(0)
    if isinstance(item, list) and len(item) == workload.batch_size:
        return item[:1], 1
    return item, workload.batch_size


def cost_of(count: Count, module: Any, samples: int, shape: str) -> Cost:
    """The cost that a record keeps, of one of `samples` samples of an input of this `shape`."""
    sizes = None if module is None else measure_sizes(module)
    parameters = None if sizes is None else sizes.parameters
    uncounted, untyped = ([_without(name, *found, count) for name, found in sorted(part.items())]
                          for part in (count.uncounted, count.untyped))  # fmt: skip
    if not count.calls:
        return Cost(parameters=parameters, macs=None, uncounted=uncounted, input=shape, reason=NO_TORCH)
    if count.macs % samples:
        return Cost(parameters=parameters, macs=None, reason="the samples of the batch do not cost the same")
    found = views(count, module)
    reason = f"a lower bound: no formula for {', '.join(uncounted)}" if uncounted else ""
    return Cost(
        parameters=parameters,
        parameters_deployed=None if sizes is None else sizes.parameters_deployed,
        macs=count.macs // samples,
        complete=not uncounted,
        uncounted=uncounted,
        untyped=untyped,
        input=shape,
        reason=reason,
        operations=_each(count.operations, samples),
        operators=_by_operator(count, samples),
        views={name: _one(value, 1 if name == "hrank_params" else samples) for name, value in found.items()},
        conventions={name: MEANINGS.get(name, "declared by the submission") for name in found},
        sizes={}
        if sizes is None
        else {name: getattr(sizes, name) for name in ("stored_bits", "deployed_bits", "buffer_bits")},
        facts=_hint(count),
    )


def _hint(count: Count) -> dict[str, str]:
    """A word where values are rounded to signs or steps and no layer declares what that arithmetic would cost."""
    found = sorted({call.operator for call in count.calls} & COARSE)
    if not found or count.of("declared"):
        return {}
    names = " and ".join(found)
    return {
        "hint": f"{names} ran and no layer declares its costs; arithmetic that is emulated is counted as it runs here"
    }


def _without(name: str, calls: int, outputs: int, count: Count) -> str:
    share = outputs / count.outputs if count.outputs else 0.0
    return f"{name} ({calls}x, {100 * share:.2g} % of all output elements)"


def _one(value: float | None, samples: int) -> float | None:
    """A sample's part, a whole number where it is one."""
    if value is None:
        return None
    part = value / samples
    return int(value) // samples if value == int(value) and int(value) % samples == 0 else part


def _each(operations: Operations, samples: int) -> dict[str, int | float]:
    order = {kind: place for place, kind in enumerate(KINDS)}
    kinds = sorted(operations.counts, key=lambda kind: (order.get(kind, 0), kind))
    found = {kind: _one(operations[kind], samples) for kind in kinds}
    return {kind: part for kind, part in found.items() if part is not None}


def _by_operator(count: Count, samples: int) -> list[OperatorCost]:
    """One row an operator, those with the most operations first."""
    named: dict[tuple[str, str], list[Call]] = {}
    for call in count.calls:
        named.setdefault((call.operator, call.group), []).append(call)
    rows = [_row(calls, samples) for calls in named.values()]
    return sorted(rows, key=lambda row: -sum(n for kind, n in row.operations.items() if "bytes" not in kind))


def _row(found: Sequence[Call], samples: int) -> OperatorCost:
    return OperatorCost(
        operator=found[0].operator,
        group=found[0].group,
        calls=len(found),
        outputs=sum(call.outputs for call in found),
        operations=_each(Operations.total(call.operations for call in found), samples),
    )


def describe_input(value: Any) -> str:
    """Shapes and types of the arrays in a prepared input, such as `1x3x224x224 float32`."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{'x'.join(str(n) for n in value.shape)} {str(value.dtype).removeprefix('torch.')}".strip()
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return ", ".join(text for text in (describe_input(part) for part in value) if text)
    return ""
