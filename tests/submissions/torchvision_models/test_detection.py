"""If these fail, a library's detector is scored under wrong classes, or with other weights than were named."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torchvision")
NAME = "ssdlite320_mobilenet_v3_large"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images with a person and a toothbrush, the last of COCO's categories, in the official layout."""
    root = tmp_path_factory.mktemp("coco")
    (root / "annotations").mkdir()
    (root / "val2017").mkdir()
    pixels = (np.random.PCG64(5).random_raw(2 * 96 * 128 * 3) % 256).astype(np.uint8).reshape(2, 96, 128, 3)
    images, annotations = [], []
    for index, image in enumerate(pixels, 1):
        Image.fromarray(image).save(root / "val2017" / f"{index}.png")
        images.append({"id": index, "file_name": f"{index}.png", "width": 128, "height": 96})
        box = [10.0, 10.0, 40.0, 30.0]
        annotations.append(
            {
                "id": index,
                "image_id": index,
                "category_id": (1, 90)[index - 1],
                "bbox": box,
                "area": 1200.0,
                "iscrowd": 0,
            }
        )
    categories = [{"id": 1, "name": "person"}, {"id": 90, "name": "toothbrush"}]
    truth = {"images": images, "annotations": annotations, "categories": categories}
    (root / "annotations" / "instances_val2017.json").write_text(json.dumps(truth))
    return root


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network's state as a training script saves it: wrapped, after data parallelism."""
    import torch
    from torchvision.models import get_model

    torch.manual_seed(3)
    state = get_model(NAME, weights=None, weights_backbone=None, num_classes=91).state_dict()
    path = tmp_path_factory.mktemp("weights") / "ssd.pth"
    torch.save({"model": {f"module.{name}": value for name, value in state.items()}, "epoch": 3}, path)
    return path


def test_a_checkpoint_is_scored_under_the_library_s_classes(dataset: Path, checkpoint: Path, tmp_path: Path) -> None:
    import harness

    record = harness.evaluate(
        "coco",
        f"torchvision:{NAME}",
        data=dataset,
        weights=str(checkpoint),
        home=tmp_path,
        log=False,
        page=False,
        measure=False,
    )
    assert record.submission.weights.kind == "file" and record.submission.weights.sha256
    from harness.predictions import load_parts

    folder = next(a.path for a in record.artifacts if a.kind == "predictions")
    answered = load_parts(tmp_path / folder)[0].ragged("category_id").values
    assert set(answered.tolist()) <= {1, 90} and len(answered)


def test_weights_must_be_named(dataset: Path, tmp_path: Path) -> None:
    import harness
    from harness.errors import UsageError, WeightsError

    with pytest.raises(WeightsError, match="--weights default"):
        harness.evaluate("coco", f"torchvision:{NAME}", data=dataset, home=tmp_path)
    with pytest.raises(UsageError, match="no score is recorded"):
        harness.evaluate("coco", f"torchvision:{NAME}", data=dataset, weights="random", home=tmp_path)
    with pytest.raises(UsageError, match="ssdlite320"):
        harness.evaluate("coco", "torchvision:ssdlite32_mobilenet", data=dataset, home=tmp_path)
