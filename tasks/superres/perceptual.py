"""LPIPS, the learned perceptual distance of two images (Zhang et al., CVPR 2018), version 0.1 with AlexNet.

Reference: the package ``lpips`` 0.1.4 (richzhang/PerceptualSimilarity). Its linear layers ship inside it (the extra
``[lpips]``); AlexNet's weights are torchvision's and are given as a file. Both are known by their SHA-256, because a
distance made with other weights is another number.
"""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from harness.errors import UsageError, WeightsError
from harness.submission import Checkpoint
from harness.weights import file_digest, load_state
from tasks.superres.metrics import Image

if TYPE_CHECKING:
    from torch import Tensor

METRIC: Final = "LPIPS"
NONE: Final = "none"
"""What the setting says where LPIPS is not asked for."""
BACKBONE: Final = "7be5be79"
"""How the SHA-256 of torchvision's AlexNet begins: its file is called alexnet-owt-7be5be79.pth."""
LINEAR: Final = "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0"
"""SHA-256 of the package's weights/v0.1/alex.pth."""
LEAST: Final = 31
"""Pixels of a side that leave something after AlexNet's first layers."""
_CONVOLUTIONS: Final = ((0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1))
"""Place in AlexNet's features, stride, padding."""
_POOLED_BEFORE: Final = (3, 6)
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_EPSILON: Final = 1e-10


def check_files(backbone: Path) -> dict[str, Checkpoint]:
    """AlexNet's and the linear layers' files, identified; raises UsageError or WeightsError saying what is missing."""
    backbone = _found(backbone)
    found = file_digest(backbone)
    if not found.startswith(BACKBONE):
        raise WeightsError(
            f"{backbone} is not torchvision's AlexNet (alexnet-owt-{BACKBONE}.pth), which LPIPS is made with: its SHA-256 "
            f"begins with {found[:8]}"
        )
    package = find_spec("lpips")
    if package is None or not package.submodule_search_locations or find_spec("torch") is None:
        raise UsageError("--lpips-weights needs the extra [lpips]; pip install 'vision-harness[lpips]'")
    linear = Path(package.submodule_search_locations[0]) / "weights" / "v0.1" / "alex.pth"
    if not linear.is_file() or file_digest(linear) != LINEAR:
        raise WeightsError(f"{linear} is not the file of lpips 0.1.4; install that version of the package")
    named = (("AlexNet (torchvision)", backbone, found), ("linear layers (lpips 0.1)", linear, LINEAR))
    return {name: Checkpoint(kind="file", path=path, sha256=digest) for name, path, digest in named}


def _found(named: Path) -> Path:
    """The file, or torchvision's own copy: who verifies a record need not have it at the same place."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "torch"
    kept = Path(os.environ.get("TORCH_HOME") or cache) / "hub" / "checkpoints" / f"alexnet-owt-{BACKBONE}.pth"
    for path in (named, kept):
        if path.is_file():
            return path
    raise UsageError(f"--lpips-weights {named}: there is no such file, and no copy of torchvision's AlexNet at {kept}")


class Perceptual:
    """LPIPS of two images, in single precision on the CPU."""

    def __init__(self, backbone: Path) -> None:
        self.files = check_files(backbone)
        alexnet, linear = (load_state(file) for file in self.files.values())
        try:
            self._layers = [
                (alexnet[f"features.{place}.weight"], alexnet[f"features.{place}.bias"], linear[f"lin{index}.model.1.weight"])
                for index, (place, _, _) in enumerate(_CONVOLUTIONS)
            ]  # fmt: skip
        except KeyError as error:
            raise WeightsError(f"{backbone} has no {error.args[0]}; it is no AlexNet of torchvision") from None

    def __call__(self, reference: Image, image: Image) -> float:
        """The distance of two uint8 images ``(H, W, 3)`` of at least `LEAST` pixels a side; 0 for equal ones."""
        import torch
        from torch.nn.functional import conv2d

        with torch.inference_mode():
            total = torch.zeros(1, 1, 1, 1)
            pairs = zip(self._features(reference), self._features(image), self._layers, strict=True)
            for one, other, (_, _, weights) in pairs:
                total = total + conv2d((_unit(one) - _unit(other)) ** 2, weights).mean([2, 3], keepdim=True)
            return float(total)

    def _features(self, image: Image) -> "list[Tensor]":
        import torch
        from torch.nn.functional import conv2d, max_pool2d, relu

        values = torch.from_numpy((image / 127.5 - 1.0).transpose(2, 0, 1).astype(np.float32)[None])
        shift, scale = (torch.tensor(one)[None, :, None, None] for one in (_SHIFT, _SCALE))
        values, found = (values - shift) / scale, []
        for (place, stride, padding), (weight, bias, _) in zip(_CONVOLUTIONS, self._layers, strict=True):
            if place in _POOLED_BEFORE:
                values = max_pool2d(values, 3, 2)
            values = relu(conv2d(values, weight, bias, stride, padding))
            found.append(values)
        return found


def asked_for(settings: Mapping[str, Any]) -> Path | None:
    """AlexNet's file, where the settings of a run ask for LPIPS."""
    named = str(settings.get("lpips_weights", NONE))
    return None if named == NONE else Path(named)


def _unit(values: "Tensor") -> "Tensor":
    """Each pixel's channels divided by their length."""
    import torch

    return values / (torch.sqrt((values**2).sum(1, keepdim=True)) + _EPSILON)
