"""The line that every table starts with: MATLAB's bicubic on Set5."""

from pathlib import Path

import numpy as np
import pytest
from superres_methods import build_method

from harness.task import DataRequest, Sample
from tasks.superres import set5
from tasks.superres.data import to_image
from tasks.superres.metrics import quality

VALUES = {2: ("33.6734", "0.9303"), 3: ("30.4033", "0.8689"), 4: ("28.4290", "0.8111"), 8: ("24.3972", "0.6581")}


@pytest.mark.parametrize("scale", sorted(VALUES))
def test_set5_scores_what_is_stated(shared: Path, scale: int) -> None:
    dataset = set5().open(DataRequest(data=shared / "data" / "superres", split=f"x{scale}"))
    method, found = build_method("bicubic", "", facts=dict(dataset.facts)), []
    for index in range(len(dataset.ids)):
        sample = dataset.sample(index)
        image = method.finish(method.forward([method.prepare(sample)])[0], sample)["image"]
        found.append(quality(to_image(dataset.truth.row(index)), image, scale, "matlab-y"))
    psnr, ssim = np.mean(found, axis=0)
    assert (f"{psnr:.4f}", f"{ssim:.4f}") == VALUES[scale]


def test_any_scale_is_made() -> None:
    method = build_method("bicubic", "", facts={"scale": 5})
    image = np.full((4, 6, 3), 17, np.uint8)
    made = method.finish(method.forward([image])[0], Sample("x", {}))["image"]
    assert made.shape == (20, 30, 3) and (made == 17).all()
