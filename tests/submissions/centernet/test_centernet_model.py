"""If these fail, the submission as a whole no longer detects, or its options no longer mean what the paper's tests do."""

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from PIL import Image  # noqa: E402

import submissions.centernet  # noqa: E402
from harness.errors import UsageError  # noqa: E402
from harness.manifest import Manifest, read_manifest  # noqa: E402
from harness.submission import BuildContext, Checkpoint  # noqa: E402
from harness.task import Sample  # noqa: E402
from harness.weights import file_digest  # noqa: E402
from submissions.centernet.model import ARCHITECTURES, Detector, build  # noqa: E402
from tasks.detection.coco.sample import write_sample  # noqa: E402
from tasks.detection.scenes import CATEGORIES, CATEGORY_IDS, SAMPLE_SEED, generate  # noqa: E402

FOLDER = Path(submissions.centernet.__file__).parent
NAMES = ("boxes_xywh", "scores", "labels")
PAPER_SCALES = [0.6, 1.0, 1.2, 1.5, 1.8]


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return read_manifest(FOLDER)


@pytest.fixture(scope="module")
def context(manifest: Manifest) -> BuildContext:
    """What the engine would hand to `build` for the sample variant with its own weights."""
    variant = manifest.variant("sample")
    options = {name: option.default for name, option in manifest.options.items()} | variant.options
    return BuildContext(
        manifest=manifest,
        variant=variant,
        options=options,
        checkpoint=Checkpoint(kind="file", path=FOLDER / variant.weights.file),
        folder=FOLDER,
        device="cpu",
        dtype="float32",
        seed=0,
        task="coco",
        facts={},
    )


def with_options(context: BuildContext, **options: Any) -> Detector:
    return build(replace(context, options={**context.options, **options}))


def answer(detector: Detector, *images: np.ndarray) -> list[dict[str, np.ndarray]]:
    samples = [Sample(str(index), {"image": image}) for index, image in enumerate(images)]
    with torch.inference_mode():
        raws = detector.forward([detector.prepare(sample) for sample in samples])
    return [detector.finish(raw, sample) for raw, sample in zip(raws, samples, strict=True)]


def sample_images(count: int) -> list[np.ndarray]:
    return [image for image, _ in generate(SAMPLE_SEED, count)]


def test_the_manifest_names_variants_classes_and_the_shipped_weights(manifest: Manifest) -> None:
    assert [variant.name for variant in manifest.variants] == list(ARCHITECTURES)
    for variant in manifest.variants:
        assert len(variant.classes) == ARCHITECTURES[variant.name].classes
    assert tuple(manifest.variant("sample").classes) == CATEGORIES
    shipped = manifest.variant("sample").weights
    assert shipped.sha256 == file_digest(FOLDER / shipped.file)


def test_the_manifest_carries_every_claim_of_the_paper(manifest: Manifest, shared: Path) -> None:
    papers = json.loads((shared / "claims" / "papers.json").read_text())
    paper = next(paper for paper in papers if paper["name"] == "centernet")
    stated = {(claim.metric.lower(), float(claim.value)) for claim in manifest.claims}
    for row in paper["table_rows"]:
        numbers = {(key.lower(), float(value)) for key, value in row.items() if isinstance(value, int | float)}
        assert numbers <= stated, row
    assert any(claim.source == "abstract" and claim.value == "47.0" for claim in manifest.claims)


@pytest.mark.slow
def test_the_sample_variant_detects(context: BuildContext, tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    write_sample(tmp_path)
    annotations = tmp_path / "annotations" / "instances_val2017.json"
    detector = build(context)
    results: list[dict[str, Any]] = []
    for item in json.loads(annotations.read_text())["images"]:
        found = answer(detector, np.asarray(Image.open(tmp_path / "val2017" / item["file_name"])))[0]
        for box, score, label in zip(*(found[name].tolist() for name in NAMES), strict=True):
            category_id = CATEGORY_IDS[label]
            results.append({"image_id": item["id"], "category_id": category_id, "bbox": box, "score": score})
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO(str(annotations))
        scorer = evaluation.COCOeval(truth, truth.loadRes(results), "bbox")
        scorer.evaluate()
        scorer.accumulate()
        scorer.summarize()
    assert scorer.stats[0] > 0.7


def test_answers_have_the_declared_form(context: BuildContext) -> None:
    image = sample_images(1)[0]
    found = answer(build(context), image)[0]
    boxes, scores, labels = (found[name] for name in NAMES)
    assert (boxes.dtype, scores.dtype, labels.dtype) == (np.float64, np.float64, np.int64)
    assert boxes.shape == (len(scores), 4) and labels.shape == scores.shape and len(scores) > 0
    assert labels.min() >= 0 and labels.max() < len(CATEGORIES)
    height, width = image.shape[:2]
    assert boxes.min() >= 0
    assert (boxes[:, 0] + boxes[:, 2]).max() <= width + 0.01 and (boxes[:, 1] + boxes[:, 3]).max() <= height + 0.01


def test_an_empty_picture_gives_an_empty_answer_of_the_right_form(context: BuildContext) -> None:
    detector = build(replace(context, checkpoint=Checkpoint(kind="random")))
    for head in detector.module.ct_heats:
        torch.nn.init.constant_(head[-1].weight, 0.0)  # all centres at one score: none lies in every region
    with torch.inference_mode():
        found = answer(detector, np.zeros((40, 1, 3), dtype=np.uint8))[0]
    assert found["boxes_xywh"].shape[1:] == (4,) and found["boxes_xywh"].dtype == np.float64


def test_images_of_a_batch_do_not_disturb_each_other(context: BuildContext) -> None:
    detector = build(context)
    images = sample_images(4)
    together = answer(detector, *images)
    for image, joint in zip(images, together, strict=True):
        alone = answer(detector, image)[0]
        confident = joint["scores"] >= 0.5
        assert confident.sum() == (alone["scores"] >= 0.5).sum()
        boxes = alone["boxes_xywh"][alone["scores"] >= 0.5]
        np.testing.assert_allclose(joint["boxes_xywh"][confident], boxes, atol=0.02)


def test_with_flip_a_mirrored_image_gives_the_mirrored_answer(context: BuildContext) -> None:
    # 150 + 8 is even: the padding is then the same on both sides but for the odd column
    image = np.ascontiguousarray(np.pad(sample_images(1)[0], ((0, 8), (0, 8), (0, 0)))[:159, :159])
    detector = with_options(context, flip=True, rounding=False)
    plain, mirrored = answer(detector, image, np.ascontiguousarray(image[:, ::-1]))
    assert abs(plain["scores"].max() - mirrored["scores"].max()) < 0.05
    assert detector.settings == {"test_time_augmentation": "flip"}


def test_the_papers_scales_find_the_same_objects(context: BuildContext) -> None:
    detector = with_options(context, scales=PAPER_SCALES, flip=True)
    image, objects = next(iter(generate(SAMPLE_SEED, 1)))
    found = answer(detector, image)[0]
    assert detector.settings == {"test_time_augmentation": "flip, scales 0.6 1 1.2 1.5 1.8"}
    left, top, width, height = found["boxes_xywh"][found["scores"].argmax()]
    best = np.array([left, top, left + width, top + height])
    assert any(np.abs(np.array(item.box_xyxy) - best).max() < 8 for item in objects)


@pytest.mark.parametrize("scales", [[0.5], [1.0, 1.0], [1.0, -1.0]])
def test_scales_that_make_no_sense_are_refused(context: BuildContext, scales: list[float]) -> None:
    with pytest.raises(UsageError, match="scales"):
        with_options(context, scales=scales)


def test_rounding_is_that_of_the_authors_result_files(context: BuildContext) -> None:
    image = sample_images(1)[0]
    rounded, exact = (answer(with_options(context, rounding=flag), image)[0] for flag in (True, False))
    assert rounded["scores"].tolist() == [float(f"{score:.2f}") for score in exact["scores"]]
    assert rounded["boxes_xywh"].tolist() == [[float(f"{v:.2f}") for v in box] for box in exact["boxes_xywh"].tolist()]
