"""torchvision's detectors on the generated samples, with weights of one's own and declared labels."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torchvision")
import torch

from submissions.torchvision_models.networks import build

Cli = Callable[..., Any]
NAME = "ssdlite320_mobilenet_v3_large"
CLASSES = ("disc", "square", "triangle", "cross", "star", "target")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, int], Path]]:
    folder = tmp_path_factory.mktemp("weights")

    def make(name: str, labels: int) -> Path:
        path = folder / f"{name}-{labels}.pth"
        if not path.exists():
            torch.manual_seed(5)
            torch.save({"model": build(name, labels).state_dict()}, path)
        return path

    yield make


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "shapes.txt"
    path.write_text("\n".join(("__background__", *CLASSES)) + "\n")
    return path


@pytest.fixture(scope="module")
def voc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample of VOC with names of VOC's own classes."""
    from harness.registry import find_task

    root = tmp_path_factory.mktemp("voc")
    find_task("voc2007").write_sample(root)
    names = dict(zip(CLASSES, ("aeroplane", "sofa", "person", "tvmonitor", "dog", "cat"), strict=True))
    for path in root.rglob("*.xml"):
        text = path.read_text()
        for shape, name in names.items():
            text = text.replace(f"<name>{shape}</name>", f"<name>{name}</name>")
        path.write_text(text)
    for shape in CLASSES:
        for path in root.rglob(f"{shape}_*.txt"):
            path.unlink()
    return root


def run(cli: Cli, task: str, name: str, path: Path, *options: object) -> Any:
    fixed = ("--limit", "1", "--no-measure", "--no-interval", "--json")
    fixed = fixed if "--data" in options else ("--data", "sample", *fixed)
    return cli("eval", "--task", task, "--submission", f"torchvision:{name}", "--weights", path, *fixed, *options)


def test_labels_of_a_file_are_scored_on_coco(cli: Cli, weights: Any, names: Path) -> None:
    record = run(cli, "coco", NAME, weights(NAME, 7), "--set", f"classes={names}").json()
    assert record["submission"]["options"]["classes"].startswith("shapes.txt ")
    assert record["submission"]["trained_on"] == "" and record["metrics"][0]["value"] is not None
    assert not any("not in the data set" in warning for warning in record["warnings"])


def test_labels_of_voc_are_scored_on_voc(cli: Cli, weights: Any, voc: Path) -> None:
    record = run(cli, "voc2007", NAME, weights(NAME, 21), "--data", voc, "--set", "classes=voc").json()
    assert record["submission"]["options"] == {"classes": "voc"} and record["task"]["id"] == "voc2007"
    assert not any("aeroplane" in warning for warning in record["warnings"])


def test_cocos_labels_are_translated_for_voc_only_where_it_is_said(cli: Cli, weights: Any, voc: Path) -> None:
    plain = run(cli, "voc2007", NAME, weights(NAME, 91), "--data", voc).json()
    chosen = run(cli, "voc2007", NAME, weights(NAME, 91), "--data", voc, "--set", "classes=coco-as-voc").json()
    assert plain["submission"]["options"] == {} and chosen["submission"]["options"] == {"classes": "coco-as-voc"}
    lost = [next(w for w in record["warnings"] if "not in the data set" in w) for record in (plain, chosen)]
    counts = [int(warning.split(" of 91 classes")[0].split()[-1]) for warning in lost]
    assert counts[0] - counts[1] == 6


@pytest.mark.parametrize(
    ("labels", "options", "words"),
    [
        (91, ("classes=voc",), "has a head for 91 labels, the label map of torchvision:ssdlite320_mobilenet_v3_large has 21"),
        (21, (), "has a head for 21 labels, the label map of torchvision:ssdlite320_mobilenet_v3_large has 91"),
        (21, ("classes=vok",), "classes=vok: No such file or directory; give 'voc', 'coco-as-voc', or a file"),
        (21, ("clases=voc",), "--set clases: neither voc2007 nor torchvision:ssdlite320_mobilenet_v3_large has it"),
    ],
)  # fmt: skip
def test_labels_that_do_not_fit_are_one_sentence(
    cli: Cli, weights: Any, labels: int, options: tuple[str, ...], words: str
) -> None:
    flags = [flag for option in options for flag in ("--set", option)]
    done = run(cli, "voc2007", NAME, weights(NAME, labels), *flags)
    assert done.status in (1, 2) and words in done.sentence(done.status)


def test_published_weights_are_not_fetched_for_labels_that_cannot_fit(cli: Cli) -> None:
    done = run(cli, "voc2007", NAME, Path("default"), "--set", "classes=voc")
    assert "has a head for 91 labels, the label map voc has 21" in done.sentence()


@pytest.mark.slow
def test_masks_of_mask_r_cnn_are_scored(cli: Cli, weights: Any, names: Path, tmp_path: Path) -> None:
    name = "maskrcnn_resnet50_fpn"
    options = ("--set", f"classes={names}", "--iou-type", "segm", "--limit", "1")
    record = run(cli, "coco", name, weights(name, 7), *options).json()
    assert record["settings"]["iou_type"] == "segm" and record["metrics"][0]["value"] is not None
    boxes = run(cli, "coco", name, weights(name, 7), "--set", f"classes={names}", "--limit", "1").json()
    assert "iou_type" not in boxes["settings"]
    assert cli("verify", record["id"], "--json").json()["provenance"] == "verified"


@pytest.mark.slow
def test_a_detector_without_masks_cannot_be_scored_by_masks(cli: Cli, weights: Any, names: Path) -> None:
    done = run(cli, "coco", NAME, weights(NAME, 7), "--set", f"classes={names}", "--iou-type", "segm")
    assert "holds no masks, and --iou-type segm compares masks" in done.sentence()
