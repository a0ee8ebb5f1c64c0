"""What was timed must be the network in the number format that the record names, and its answers still answers."""

from types import SimpleNamespace
from typing import Any

import pytest

from harness.conversion import converted
from harness.errors import UsageError
from harness.options import RunOptions
from harness.submission import Submission

pytestmark = pytest.mark.live


def network() -> Any:
    import torch

    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(64, 2)
    ).eval()


def submission(module: Any) -> Submission:
    return Submission(name="net", method=SimpleNamespace(module=module))


def options(**chosen: Any) -> RunOptions:
    return RunOptions(task="", submission="net", **chosen)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_weights_and_inputs_are_converted_and_outputs_are_float32_again(dtype: str) -> None:
    import torch

    module = network()
    seen: list[torch.dtype] = []
    module[0].register_forward_hook(lambda _, inputs, output: seen.append(inputs[0].dtype))
    image = torch.rand(1, 3, 6, 6)
    exact = module(image)
    found = converted(submission(module), options(dtype=dtype))
    with torch.inference_mode():
        output = found.method.module(image)
    assert found.dtype == dtype
    assert seen[-1] == getattr(torch, dtype)
    assert output.dtype == torch.float32
    assert not torch.equal(output, exact)
    assert torch.allclose(output, exact, atol=0.05)


def test_channels_last_reaches_the_network_and_the_record() -> None:
    import torch

    module, layouts = network(), []
    module[0].register_forward_hook(
        lambda _, inputs, output: layouts.append(inputs[0].is_contiguous(memory_format=torch.channels_last))
    )
    found = converted(submission(module), options(channels_last=True))
    module(torch.rand(2, 3, 6, 6))
    assert layouts == [True]
    assert found.options == {"memory_format": "channels_last"}


@pytest.mark.slow
def test_compiled_says_so() -> None:
    module = network()
    found = converted(submission(module), options(compile=True))
    assert module._compiled_call_impl is not None
    assert found.options == {"compiled": "torch.compile"}


def test_nothing_asked_changes_nothing() -> None:
    one = submission(network())
    assert converted(one, options()) is one
    assert converted(one, options(dtype="float32")) is one


@pytest.mark.parametrize("chosen", [{"dtype": "float16"}, {"channels_last": True}, {"compile": True}])
def test_a_submission_without_a_network_is_refused(chosen: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="names no torch module that could be converted"):
        converted(submission(None), options(**chosen))


@pytest.mark.parametrize("chosen", [{"dtype": "int3"}, {"scenario": "Server"}, {"backend": "mlperf"}, {"threads": 0}])
def test_unknown_choices_are_refused(chosen: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"choose one of|must be at least 1"):
        options(**chosen)
