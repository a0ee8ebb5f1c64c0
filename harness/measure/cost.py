"""Parameters and multiply-accumulates of a network on one real input, by watching the operators that it runs."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError, SubmissionError
from harness.measure.operators import known_without_macs, macs_formulas, qualified_name
from harness.measure.workload import Workload
from harness.record import Cost

NO_TORCH = "the submission runs no torch module, and operations are counted from torch's operators"


@dataclass(frozen=True, slots=True)
class Operations:
    """What one call ran: multiply-accumulates by operator, and calls of those that have none or no formula."""

    macs_by_operator: dict[str, int]
    without_macs: dict[str, int]
    uncounted: dict[str, int]

    @property
    def macs(self) -> int:
        """All multiply-accumulates."""
        return sum(self.macs_by_operator.values())


def count_parameters(module: Any) -> int:
    """Elements of all parameters of a torch module, trainable or not, each tensor once; buffers do not count."""
    return sum(int(parameter.numel()) for parameter in module.parameters())


def count_operations(call: Callable[[], object]) -> Operations:
    """Run `call` once and count what torch does in it. Needs torch.

    The fused paths of torch's attention modules are switched off meanwhile, since they hide their products.
    """
    from torch.utils._python_dispatch import TorchDispatchMode

    formulas = macs_formulas()
    counted: Counter[str] = Counter()
    without: Counter[str] = Counter()
    uncounted: Counter[str] = Counter()

    class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name, kwargs = qualified_name(func), kwargs or {}
            formula = formulas.get(name)
            if formula is None:
                with self:  # operators made of others arrive whole in inference mode; their parts are watched instead
                    parts = func.decompose(*args, **kwargs)
                if parts is not NotImplemented:
                    return parts
            result = func(*args, **kwargs)
            if formula is not None:
                counted[name] += formula(*args, **kwargs, out_val=result)
            else:
                (without if known_without_macs(func) else uncounted)[name] += 1
            return result

    with _plain_attention(), Watch():  # type: ignore[no-untyped-call]
        call()
    return Operations(dict(counted), dict(without), dict(uncounted))


@contextmanager
def _plain_attention() -> Iterator[None]:
    import torch

    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def count_cost(workload: Workload, module: Any = None) -> Cost:
    """The cost of the headline span on the first sample of `workload`.

    `module` is the torch module whose parameters count, or None where the submission has none. MACs are null, with the
    reason, where no torch runs. Raises SubmissionError where the model fails.
    """
    parameters = None if module is None else count_parameters(module)
    if "torch" not in sys.modules:
        return Cost(parameters=parameters, macs=None, reason=NO_TORCH)
    before, stage = workload.headline_stage()
    try:
        with workload.entered():
            item, samples = _one_sample(workload)
            value = item
            for earlier in before:
                value = earlier.call(value, item)
            found = count_operations(lambda: stage.call(value, item))
    except HarnessError:
        raise
    except Exception as error:
        raise SubmissionError(
            f"the model failed on input 0 while its operations were counted: {type(error).__name__}: {error}"
        ) from error
    return _cost(parameters, found, samples, describe_input(value))


def _one_sample(workload: Workload) -> tuple[Any, int]:
    """Item 0 cut down to its first sample where it is a list of samples, and how many samples are left in it."""
    item = workload.load(0)
    if isinstance(item, list) and len(item) == workload.batch_size:
        return item[:1], 1
    return item, workload.batch_size


def _cost(parameters: int | None, found: Operations, samples: int, input_shape: str) -> Cost:
    uncounted = [f"{name} ({calls}x)" for name, calls in sorted(found.uncounted.items())]
    if not found.macs_by_operator and not found.without_macs:
        return Cost(parameters=parameters, macs=None, uncounted=uncounted, input=input_shape, reason=NO_TORCH)
    reason = f"a lower bound: no formula for {', '.join(uncounted)}" if uncounted else ""
    if found.macs % samples:
        return Cost(parameters=parameters, macs=None, reason="the samples of the batch do not cost the same")
    return Cost(
        parameters=parameters,
        macs=found.macs // samples,
        complete=not uncounted,
        uncounted=uncounted,
        input=input_shape,
        reason=reason,
        facts={"macs_by_operator": found.macs_by_operator, "no_macs_by_convention": sorted(found.without_macs)},
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
