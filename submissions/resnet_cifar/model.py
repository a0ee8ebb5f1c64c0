"""ResNet behind the three timed steps: a picture in, logits out."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harness.errors import UsageError, WeightsError
from harness.submission import BuildContext
from harness.task import Sample
from harness.weights import load_into, load_state

from .network import ResNet

NORMALISATIONS: Final = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "cifar-2023": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "cifar-247": ((0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616)),
    "cifar-darts": ((0.49139968, 0.48215827, 0.44653124), (0.24703233, 0.24348505, 0.26158768)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
"""Mean and deviation of the channels in [0, 1]: ImageNet's; CIFAR-10's with the mean of the pictures' deviations, and with
the deviation of all pixels, to four digits and to the eight that DARTS and its successors write."""


class Classifier:
    """The network on one device. `module` is what parameters and operations are counted on."""

    def __init__(self, module: nn.Module, device: str, normalisation: str) -> None:
        if normalisation not in NORMALISATIONS:
            raise UsageError(f"--set normalisation={normalisation}: it must be one of {', '.join(NORMALISATIONS)}")
        self.module = module.to(device).eval()
        self.device = device
        mean, deviation = NORMALISATIONS[normalisation]
        self._mean = torch.tensor(mean, device=device)[:, None, None]
        self._deviation = torch.tensor(deviation, device=device)[:, None, None]

    def prepare(self, sample: Sample) -> Tensor:
        """The picture as float32 ``(3, h, w)`` in [0, 1] on the device."""
        return to_tensor(sample.inputs["image"]).to(self.device)

    def logits(self, images: Tensor) -> Tensor:
        """Logits (n, classes) of pictures (n, 3, h, w) in [0, 1], differentiable."""
        found: Tensor = self.module((images - self._mean) / self._deviation)
        return found

    def forward(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """Logits ``(classes,)`` of each picture."""
        return list(self.logits(torch.stack(list(inputs))))

    def finish(self, raw: Tensor, sample: Sample) -> dict[str, NDArray[np.float32]]:
        """The logits on the host."""
        return {"logits": raw.cpu().numpy()}


def to_tensor(image: NDArray[Any]) -> Tensor:
    """A picture uint8 (h, w, 3), or float32 in [0, 1], as float32 (3, h, w) in [0, 1]."""
    pixels = torch.tensor(image).permute(2, 0, 1)
    return pixels.contiguous() if pixels.is_floating_point() else pixels.float().div_(255).contiguous()


def build(context: BuildContext) -> Classifier:
    """The network of a variant with its weights."""
    return build_with(context, ResNet, "resnet-cifar")


def build_with(context: BuildContext, network: Callable[[int, int, int], nn.Module], name: str) -> Classifier:
    """The same around another network of this shape, made from depth, number of classes and width."""
    options: Any = context.options
    depth, classes, width = (int(options[option]) for option in ("depth", "classes", "width"))
    if depth < 8 or (depth - 2) % 6:
        raise UsageError(f"--set depth={depth}: these networks have 6n + 2 layers: 20, 32, 44, 56, 110, 1202")
    module = network_of(context, lambda: network(depth, classes, width), name)
    return Classifier(module, context.device, str(options["normalisation"]))


def network_of(
    context: BuildContext, make: Callable[[], nn.Module], name: str, without: tuple[str, ...] = ()
) -> nn.Module:
    """What `make` builds from the run's seed, with the weights of its checkpoint.

    Tensors of the checkpoint whose names begin with `without` are left out: parts that served training only. Raises
    WeightsError where nobody publishes weights and none were given: an untrained network has no score.
    """
    if context.checkpoint.kind == "none":
        raise WeightsError(
            f"weights of {name} ({context.variant.name}) are not published; give your own with --weights PATH "
            "(--weights random times it without a score)"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = make()
    if context.checkpoint.kind == "file":
        found = load_state(context.checkpoint)
        state = {key: value for key, value in found.items() if not key.startswith(without)}
        load_into(module, state, f"{name} ({context.variant.name})", source=str(context.checkpoint.path))
    return module
