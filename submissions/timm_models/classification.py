"""timm's classifiers, each with the preprocessing of its own configuration."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from timm.data import create_transform, resolve_data_config
from torch import Tensor, nn

from harness.errors import PredictionError, SubmissionError, UsageError, WeightsError
from harness.files import code_digest
from harness.options import RunOptions
from harness.registry import nearest
from harness.stacking import stacked
from harness.submission import Checkpoint, Submission
from harness.task import Dataset, Sample
from harness.weights import file_digest, load_into, load_state

BATCH: Final = 32


class Classifier:
    """A timm classifier on one device. `module` is what parameters and operations are counted on."""

    prepares_apart = True

    def __init__(self, module: nn.Module, config: dict[str, Any], device: str) -> None:
        self.module = module.eval().to(device)
        self._transform, self._device = create_transform(**config, is_training=False), device
        self._plain = create_transform(**{**config, "mean": (0.0,) * 3, "std": (1.0,) * 3}, is_training=False)
        self._mean, self._deviation = (
            torch.tensor(config[name], device=device)[:, None, None] for name in ("mean", "std")
        )

    def prepare(self, sample: Sample) -> Tensor:
        """uint8 (h, w, 3) -> float32 (3, h', w') as timm's evaluation transform makes it, on the device."""
        prepared: Tensor = self._transform(_picture(sample))
        return prepared.to(self._device)

    def pixels(self, sample: Sample) -> Tensor:
        """uint8 (h, w, 3) -> float32 (3, h', w') in [0, 1]: as `prepare` makes it, not normalised."""
        found: Tensor = self._plain(_picture(sample))
        return found.to(self._device)

    def logits(self, images: Tensor) -> Tensor:
        """Logits (n, classes), differentiable, of `pixels` (n, 3, h', w'); normalising is a part of it."""
        found: Tensor = self.module((images - self._mean) / self._deviation)
        return found

    def forward(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """Logits ``(classes,)`` of each picture."""
        return list(self.module(stacked(inputs)))

    def finish(self, raw: Tensor, sample: Sample) -> dict[str, NDArray[np.float32]]:
        """The logits on the host."""
        return {"logits": raw.float().cpu().numpy()}


def _picture(sample: Sample) -> Image.Image:
    if sample.inputs["image"].dtype != np.uint8:
        raise PredictionError(f"image {sample.id} is {sample.inputs['image'].dtype}; timm's transforms take uint8")
    return Image.fromarray(sample.inputs["image"])


def load_classifier(name: str, dataset: Dataset, options: RunOptions) -> Submission:
    """Build ``timm:name`` with the weights that the options choose; raises UsageError or WeightsError."""
    if not timm.is_model(name):
        near = nearest(name, timm.list_models())
        raise UsageError(
            f"timm has no model '{name}'; "
            + (f"did you mean {' or '.join(near)}?" if near else "see timm.list_models()")
        )
    outputs = dataset.facts.get("outputs")
    count = int(dataset.facts["classes"]) if outputs is None else len(outputs)
    checkpoint = _checkpoint(name, options)
    module = _network(name, count, checkpoint, options.seed)
    config = resolve_data_config({}, model=module)
    return Submission(
        name=f"timm:{name}",
        method=Classifier(module, config, options.device),
        checkpoint=checkpoint,
        options={"preprocessing": described(config)},
        code_digest=f"timm {timm.__version__} {code_digest(__name__)}",
        identified=True,
        batch_size=options.batch_size or BATCH,
        device=options.device,
    )


def _checkpoint(name: str, options: RunOptions) -> Checkpoint:
    weights = options.weights
    if not weights:
        raise WeightsError(
            f"timm:{name} needs weights: --weights default downloads what timm publishes, --weights PATH takes a file, "
            "--weights random times it without a score"
        )
    if weights == "random":
        return Checkpoint(kind="random")
    if weights == "default":
        tag = timm.get_pretrained_cfg(name)
        return Checkpoint(kind="published", name=f"{name}.{tag.tag}" if tag is not None else name)
    path = Path(weights)
    if not path.is_file():
        raise WeightsError(f"--weights {weights}: there is no such file")
    return Checkpoint(kind="file", path=path, key=options.weights_key, sha256=file_digest(path), name=path.name)


def _network(name: str, count: int, checkpoint: Checkpoint, seed: int) -> nn.Module:
    published = checkpoint.kind == "published"
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            # Published weights keep their own head: a new one would be random.
            further = {} if published else {"num_classes": count}
            module: nn.Module = timm.create_model(name, pretrained=published, **further)
    except (OSError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SubmissionError(
            f"timm:{name} could not be built ({reason}); where there is no network, pass a file with --weights PATH"
        ) from None
    if checkpoint.kind == "file":
        load_into(module, load_state(checkpoint), f"timm:{name}", source=checkpoint.name)
    return module


def described(config: dict[str, Any]) -> str:
    """A configuration of timm in words, for the record."""
    size, share = "x".join(map(str, config["input_size"][1:])), config["crop_pct"]
    shape = f"{size}, {share:g} of the resized picture ({config['crop_mode']}), {config['interpolation']}"
    return f"{shape}, mean {tuple(config['mean'])}, deviation {tuple(config['std'])}"
