"""What is looked for in a network before and while it is attacked: the evidence behind RobustBench's rules."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from harness.errors import SubmissionError
from harness.task import Sample
from tasks.classification.robustness.target import Target

Float = NDArray[np.float64]
_BACKWARD: Final = "run_backward"
"""The function of torch's engine through which every backward pass goes, whoever asks for it."""


def answers(target: Target, images: Tensor, samples: Sequence[Sample]) -> NDArray[np.float32]:
    """Logits of a fresh forward pass, float32 (n, classes) on the host; raises SubmissionError naming an image without."""
    with torch.no_grad():
        found: NDArray[np.float32] = target(images).to("cpu", torch.float32).numpy()
    bad = np.flatnonzero(~np.isfinite(found).all(axis=1))
    if len(bad):
        row = found[bad[0]]
        raise SubmissionError(
            f"{target.name}: the logits of image {samples[bad[0]].id} hold {row[~np.isfinite(row)][0]}; every value must be a "
            "finite number"
        )
    return found


def differences(first: NDArray[np.float32], second: NDArray[np.float32]) -> Float:
    """By how much each image's logits differ between two identical calls, as a share of the largest, float64 (n,)."""
    one, other = first.astype(np.float64), second.astype(np.float64)
    found: Float = np.abs(one - other).max(axis=1) / np.maximum(np.abs(one).max(axis=1), 1e-30)
    return found


def gradient_norms(target: Target, images: Tensor, labels: Tensor) -> Float:
    """Sums of the absolute gradients of cross-entropy and of margin with respect to each image, float64 (n, 2).

    Raises SubmissionError where the logits do not come from the images by way of torch.
    """
    with torch.enable_grad():
        leaf = images.detach().requires_grad_()
        logits = target(leaf)
        if not logits.requires_grad:
            raise SubmissionError(
                f"{target.name}: its logits cannot be differentiated in the images (a torch.no_grad, a detach or NumPy stands "
                "between); white-box attacks need that, '--attack square' does not"
            )
        losses = (cross_entropy(logits, labels, reduction="sum"), _margin(logits, labels).sum())
        found = [torch.autograd.grad(loss, leaf, retain_graph=True, allow_unused=True)[0] for loss in losses]
    norms = [torch.zeros(len(images)) if one is None else one.double().abs().flatten(1).sum(1).cpu() for one in found]
    stacked: Float = torch.stack(norms, dim=1).double().numpy()
    return stacked


def _margin(logits: Tensor, labels: Tensor) -> Tensor:
    own = logits.gather(1, labels[:, None])[:, 0]
    return own - logits.scatter(1, labels[:, None], -torch.inf).amax(1)


def backward_passes(call: Callable[[], Any]) -> int:
    """How many backward passes `call` makes by itself: a network that optimises while it answers makes some."""
    count = 0

    def watch(frame: FrameType, event: str, what: Any) -> None:
        nonlocal count
        if event == "c_call" and getattr(what, "__name__", "") == _BACKWARD:
            count += 1

    def watched() -> None:
        sys.setprofile(watch)
        try:
            call()
        finally:
            sys.setprofile(None)

    # In a thread of its own: a profiler that runs in this one is left alone.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(watched).result()
    return count
