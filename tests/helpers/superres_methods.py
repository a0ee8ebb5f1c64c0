"""What the tests of super-resolution submissions share: building one, how far it reaches, what it gains."""

import copy
from pathlib import Path
from typing import Any

import numpy as np

from harness.manifest import Variant, read_manifest
from harness.registry import entry_function
from harness.submission import BuildContext
from harness.task import Dataset
from harness.weights import resolve
from tasks.superres.data import to_image
from tasks.superres.metrics import quality
from tasks.superres.resize import upscale

SUBMISSIONS = Path(__file__).parents[2] / "submissions"


def build_method(
    name: str, variant: str, weights: Path | str = "", facts: dict[str, Any] | None = None, **options: Any
) -> Any:
    """The method of a variant of the submission in the folder `name`, as ``harness eval`` builds it."""
    folder = SUBMISSIONS / name
    manifest = read_manifest(folder)
    chosen = manifest.variant(variant) if variant else Variant(name="")
    defaults = {name: option.default for name, option in manifest.options.items()}
    context = BuildContext(
        manifest=manifest,
        variant=chosen,
        options={**defaults, **chosen.options, **options},
        checkpoint=resolve(str(weights), "", manifest, chosen, folder, "set5"),
        folder=folder,
        device="cpu",
        dtype="float32",
        seed=0,
        task="set5",
        facts=facts or {},
    )
    return entry_function(manifest, folder, f"submissions.{name}")(context)


def influence(network: Any, channels: int, scale: int, side: int) -> int:
    """How many pixels away from the middle an input still changes the middle's outputs; positive weights hide nothing."""
    import torch

    positive = copy.deepcopy(network).double()
    for parameter in positive.parameters():
        parameter.data = parameter.data.abs() + 1e-3
    image = torch.rand(1, channels, side, side, dtype=torch.float64).add(1).mul(300).requires_grad_()
    middle = side // 2
    place = slice(middle * scale, (middle + 1) * scale)
    (gradient,) = torch.autograd.grad(positive(image)[..., place, place].sum(), image)
    rows = gradient.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    return int((rows - middle).abs().max())


def answers(method: Any, dataset: Dataset, count: int) -> list[np.ndarray]:
    """The method's images for the first `count` samples."""
    import torch

    found = []
    with torch.inference_mode():
        for index in range(count):
            sample = dataset.sample(index)
            found.append(method.finish(method.forward([method.prepare(sample)])[0], sample)["image"])
    return found


def gain_over_bicubic(method: Any, dataset: Dataset, count: int = 8) -> float:
    """Mean PSNR on the first `count` images over that of MATLAB's bicubic, in dB."""
    scale, gains = dataset.facts["scale"], []
    for index, image in enumerate(answers(method, dataset, count)):
        truth = to_image(dataset.truth.row(index))
        plain = upscale(dataset.sample(index).inputs["image"], scale)
        found, base = (quality(truth, one, scale, "matlab-y").psnr for one in (image, plain))
        gains.append(found - base)
    return float(np.mean(gains))
