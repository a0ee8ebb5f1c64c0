"""A loaded submission's network in another number format or memory layout, or compiled: settings that the record keeps."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.measure.items import mapped
from harness.options import DTYPES

if TYPE_CHECKING:
    from harness.options import RunOptions
    from harness.submission import Submission

CONVERSIONS = ("memory_format", "compiled")
"""What of a submission's options says how it was converted."""


def converted(submission: "Submission", options: "RunOptions") -> "Submission":
    """`submission` as ``--dtype``, ``--channels-last``, ``--compile`` and ``--threads`` ask for it.

    The network's weights and floating-point inputs become `dtype`, its outputs float32 again, so that `finish` need not
    know. Raises UsageError where the submission names no torch module that could be converted.
    """
    if options.threads is not None:
        from harness.measure.execution import use_threads

        use_threads(options.threads)
    asked = {
        "dtype": options.dtype not in ("", submission.dtype),
        "channels-last": options.channels_last,
        "compile": options.compile,
    }
    wanted = [name for name, chosen in asked.items() if chosen]
    if not wanted:
        return submission
    module = submission.module
    if module is None or not hasattr(module, "register_forward_pre_hook"):
        raise UsageError(f"--{wanted[0]}: {submission.name} names no torch module that could be converted")
    dtype = options.dtype or submission.dtype
    _convert(module, dtype, submission.dtype, options.channels_last)
    stated: dict[str, Any] = {"memory_format": "channels_last"} if options.channels_last else {}
    if options.compile:
        module.compile()
        stated["compiled"] = "torch.compile"
    return replace(submission, dtype=dtype, options={**submission.options, **stated})


def _convert(module: Any, dtype: str, before: str, channels_last: bool) -> None:
    import torch

    if dtype not in DTYPES:
        raise UsageError(f"--dtype {dtype}: choose one of {', '.join(DTYPES)}")
    kind, layout = getattr(torch, dtype), torch.channels_last
    if dtype != before:
        module.to(dtype=kind)
    if channels_last:
        module.to(memory_format=layout)

    def incoming(tensor: Any) -> Any:
        tensor = tensor.to(kind) if tensor.is_floating_point() else tensor
        return tensor.contiguous(memory_format=layout) if channels_last and tensor.dim() == 4 else tensor

    def outgoing(tensor: Any) -> Any:
        return tensor.float() if tensor.dtype == kind else tensor

    module.register_forward_pre_hook(_before(incoming), with_kwargs=True)
    if dtype != before:
        module.register_forward_hook(lambda _, __, output: mapped(output, outgoing))


def _before(change: Callable[[Any], Any]) -> Callable[[Any, Any, Mapping[str, Any]], Any]:
    def hook(_: Any, arguments: Any, named: Mapping[str, Any]) -> Any:
        return mapped(arguments, change), mapped(named, change)

    return hook
