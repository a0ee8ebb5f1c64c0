"""If these fail, a library's detector is scored under wrong classes, or with other weights than were named."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torchvision")
NAME = "ssdlite320_mobilenet_v3_large"
NAMELESS = {0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
"""Places in torchvision's list that COCO left out."""


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
    from torchvision.models import get_model_weights

    names = get_model_weights(NAME).DEFAULT.meta["categories"]
    # COCO's ids are the positions in torchvision's list of 91, of which ten have no name.
    categories = [{"id": id, "name": name} for id, name in enumerate(names) if name not in ("__background__", "N/A")]
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
    import torch
    from torchvision.models import get_model

    from harness.predictions import load_parts

    folder = next(a.path for a in record.artifacts if a.kind == "predictions")
    stored = load_parts(tmp_path / folder)[0]
    network = get_model(NAME, weights=None, weights_backbone=None, num_classes=91).eval()
    state = torch.load(checkpoint, weights_only=True)["model"]
    network.load_state_dict({name.removeprefix("module."): value for name, value in state.items()})
    image = torch.tensor(np.asarray(Image.open(dataset / "val2017" / "1.png"))).permute(2, 0, 1) / 255.0
    with torch.inference_mode():
        labels = network([image])[0]["labels"].tolist()
    named = [label for label in labels if label not in NAMELESS]
    assert named and stored.ragged("category_id").row(stored.position("1")).tolist() == named


def test_weights_must_be_named(dataset: Path, tmp_path: Path) -> None:
    import harness
    from harness.errors import UsageError, WeightsError

    with pytest.raises(WeightsError, match="--weights default"):
        harness.evaluate("coco", f"torchvision:{NAME}", data=dataset, home=tmp_path)
    with pytest.raises(UsageError, match="--weights random is run for its speed only"):
        harness.evaluate("coco", f"torchvision:{NAME}", data=dataset, weights="random", home=tmp_path, measure=False)
    with pytest.raises(UsageError, match="ssdlite320"):
        harness.evaluate("coco", "torchvision:ssdlite32_mobilenet", data=dataset, home=tmp_path)
