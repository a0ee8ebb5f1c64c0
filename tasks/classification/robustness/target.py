"""A submission as attacks see it: images in [0, 1] in, logits in the order of the data set's classes out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from harness.errors import HarnessError, PredictionError, SubmissionError, describe
from harness.task import Dataset, Sample
from tasks.classification.answers import live_outputs, wanted
from tasks.classification.robustness.pixels import standard_pixels

if TYPE_CHECKING:
    from harness.submission import Submission


class Target:
    """The network under attack. What its code raises becomes one sentence; its outputs are checked for their number."""

    def __init__(self, submission: "Submission", dataset: Dataset) -> None:
        self.name, self.device = submission.name, submission.device
        self._method, self._rule = submission.method, str(dataset.facts["pixels"])
        places, self.outputs = live_outputs(submission.name, submission.classes, dataset)
        self._places = None if places is None else torch.from_numpy(places).to(submission.device)

    def __call__(self, images: Tensor) -> Tensor:
        """Logits (n, classes) of images (n, 3, h, w) in [0, 1], differentiable."""
        try:
            found = self._method.logits(images)
        except (HarnessError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            raise SubmissionError(f"{self.name} failed in logits: {describe(error)}") from error
        self._check(found, len(images))
        ordered: Tensor = found if self._places is None else found[:, self._places]
        return ordered

    def _check(self, found: Any, count: int) -> None:
        if not isinstance(found, Tensor) or found.dim() != 2 or len(found) != count:
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise PredictionError(
                f"{self.name}: logits gave {shape} for {count} images; it must give ({count}, classes)"
            )
        if found.shape[1] != self.outputs:
            raise PredictionError(f"{self.name} gives {found.shape[1]} logits; {wanted(self.outputs)}")

    def pixels(self, samples: Sequence[Sample]) -> Tensor:
        """The pixels of some samples, float32 (n, 3, h, w) in [0, 1], as the submission or the data set's rule has them."""
        own = getattr(self._method, "pixels", None)
        if callable(own):
            chosen = [self._own(own(sample), sample) for sample in samples]
        else:
            images = [sample.inputs["image"] for sample in samples]
            chosen = list(map(torch.from_numpy, standard_pixels(images, self._rule)))
        sizes = {tuple(one.shape) for one in chosen}
        if len(sizes) > 1:
            raise PredictionError(
                f"{self.name}: the images of a batch have the sizes {sorted(sizes)}; they must be alike"
            )
        return torch.stack(chosen).to(self.device)

    def _own(self, found: Any, sample: Sample) -> Tensor:
        """What a submission's own `pixels` gave, if it lies in [0, 1]: else the ball would be another one."""
        image = torch.as_tensor(found).detach().to("cpu", torch.float32)
        if image.dim() != 3 or len(image) != 3 or not bool(((image >= 0) & (image <= 1)).all()):
            raise PredictionError(
                f"{self.name}: pixels of {sample.id} must be float32 (3, h, w) in [0, 1], without mean and deviation taken "
                f"off; they are {tuple(image.shape)} from {float(image.min()):.3g} to {float(image.max()):.3g}"
            )
        return image
