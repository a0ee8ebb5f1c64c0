"""An ONNX network behind the three timed steps, for classification, super-resolution and detection."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from harness.errors import SubmissionError, UsageError, WeightsError
from harness.files import code_digest
from harness.options import RunOptions
from harness.submission import Checkpoint, Submission
from harness.task import Sample
from harness.weights import file_digest
from submissions.onnx_models.settings import Settings, cropped, normalised, prepared, read_settings, said, unit

if TYPE_CHECKING:
    from torch import Tensor

ANSWERS: Final = {
    "classification": ("logits",),
    "superres": ("image",),
    "detection": ("boxes_xyxy", "scores", "labels"),
}
"""Interface -> what the network's outputs are, in this order unless the settings name them."""
Outputs = Mapping[str, NDArray[Any]]


class Network:
    """A session of onnxruntime. It has no `module`: parameters and operations are not counted."""

    def __init__(self, session: Any, settings: Settings, interface: str) -> None:
        self._session, self._settings, self._interface = session, settings, interface
        self.classes = settings.classes
        self._input = session.get_inputs()[0]
        there = [output.name for output in session.get_outputs()]
        self._outputs = {what: settings.outputs.get(what, "") for what in ANSWERS[interface]}
        for place, what in enumerate(ANSWERS[interface]):
            if not self._outputs[what] and place < len(there):
                self._outputs[what] = there[place]
            if self._outputs[what] not in there:
                raise UsageError(
                    f"the network has no output '{self._outputs[what]}' for {what}; it has: {', '.join(there)}"
                )

    def prepare(self, sample: Sample) -> NDArray[np.float32]:
        """The image as the settings say, without the batch axis."""
        return prepared(sample.inputs["image"], self._settings)

    def pixels(self, sample: Sample) -> NDArray[np.float32]:
        """The image resized and cropped, float32 (3, h, w) in [0, 1]: what query attacks move."""
        return unit(cropped(sample.inputs["image"], self._settings)).transpose(2, 0, 1)

    def logits(self, images: "Tensor") -> "Tensor":
        """Logits (n, classes) of `pixels` (n, 3, h, w); onnxruntime gives no gradients."""
        import torch

        rows = images.detach().cpu().numpy().transpose(0, 2, 3, 1) * np.float32(255)
        found = self.forward([normalised(row, self._settings) for row in rows])
        stacked = np.stack([one["logits"].reshape(-1) for one in found]).astype(np.float32)
        return torch.from_numpy(stacked).to(images.device)

    def forward(self, inputs: Sequence[NDArray[np.float32]]) -> Sequence[Outputs]:
        """The network's outputs for each image; together where it takes any batch and all outputs have that axis."""
        batch = self._input.shape[0]
        together = self._interface == "classification" and len({one.shape for one in inputs}) == 1
        size = len(inputs) if together and not isinstance(batch, int) else (batch if together and batch else 1)
        found: list[Outputs] = []
        for start in range(0, len(inputs), size):
            part = list(inputs[start : start + size])
            padded = np.stack([*part, *[part[-1]] * (size - len(part))])
            values = self._session.run(list(self._outputs.values()), {self._input.name: padded})
            named = dict(zip(self._outputs, values, strict=True))
            found += [
                {what: value[i] if self._has_batch(value, size) else value for what, value in named.items()}
                for i in range(len(part))
            ]
        return found

    def _has_batch(self, value: NDArray[Any], size: int) -> bool:
        """Detectors may leave out the batch axis of one image."""
        extra = {"detection": 2, "superres": 3, "classification": 1}[self._interface]
        return value.ndim > extra or (self._interface != "superres" and value.ndim == extra and len(value) == size)

    def finish(self, raw: Outputs, sample: Sample) -> dict[str, NDArray[Any]]:
        """The answer that the interface asks for."""
        if self._interface == "classification":
            return {"logits": raw["logits"].reshape(-1)}
        if self._interface == "superres":
            return {"image": self._picture(raw["image"])}
        return self._detections(raw, sample)

    def _picture(self, image: NDArray[Any]) -> NDArray[np.uint8]:
        """The reverse of the preparation, rounded to uint8."""
        settings = self._settings
        values = image.transpose(1, 2, 0) if settings.layout == "NCHW" else image
        mean, deviation = np.array(settings.mean, np.float32), np.array(settings.deviation, np.float32)
        values = (values * deviation + mean) * np.float32(settings.divide)
        values = values[:, :, ::-1] if settings.channels == "BGR" else values
        rounded: NDArray[np.uint8] = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
        return rounded

    def _detections(self, raw: Outputs, sample: Sample) -> dict[str, NDArray[Any]]:
        """Boxes brought back from the input's pixels to the image's."""
        height, width = sample.inputs["image"].shape[:2]
        target = self._settings.size or [height, width]
        scale = np.array([width / target[1], height / target[0]] * 2)
        scores = raw["scores"].reshape(-1)
        boxes = raw["boxes_xyxy"].reshape(-1, 4).astype(np.float64) * scale
        return {
            "boxes_xyxy": boxes,
            "scores": scores.astype(np.float64),
            "labels": raw["labels"].reshape(-1).astype(np.int64),
        }


def load_network(name: str, interface: str, options: RunOptions) -> Submission:
    """Open ``name``, an ``.onnx`` file with its settings beside it; raises UsageError or WeightsError."""
    if interface not in ANSWERS:
        raise UsageError(f"onnx:{name} answers {', '.join(ANSWERS)}; the task asks for {interface}")
    path = Path(name)
    if not path.is_file():
        raise WeightsError(f"onnx:{name}: there is no such file")
    settings = read_settings(path)
    if interface == "detection" and (settings.crop or settings.resize):
        raise UsageError(
            f"{path.with_suffix('.toml')}: detection knows no resize or crop; give size, or leave the image as it is"
        )
    sha256 = file_digest(path)
    return Submission(
        name=f"onnx:{path.stem}",
        method=Network(_session(path, options.device), settings, interface),
        checkpoint=Checkpoint(kind="file", path=path, sha256=sha256, name=path.name),
        options=said(settings),
        code_digest=f"onnxruntime {onnxruntime.__version__} {code_digest(__name__)}",
        trained_on=settings.trained_on,
        identified=True,
        batch_size=options.batch_size or 1,
        device=options.device,
    )


def _session(path: Path, device: str) -> Any:
    wanted = "CPUExecutionProvider" if device == "cpu" else "CUDAExecutionProvider"
    if wanted not in onnxruntime.get_available_providers():
        raise UsageError(f"--device {device}: this onnxruntime has no {wanted}")
    try:
        return onnxruntime.InferenceSession(path, providers=[wanted])
    except Exception as error:
        # onnxruntime's errors have no common base.
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise SubmissionError(f"{path} is no network that onnxruntime can run ({reason})") from None
