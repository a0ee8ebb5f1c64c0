"""If these fail, the table of errors is no longer TIDE's: a detector's authors are sent after the wrong kind of error."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_cases import random_case
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as official

from harness.rle import pack
from harness.task import DataRequest, Scoring
from tasks.detection.coco.masks import Masks
from tasks.detection.coco.metrics import Detections, Truth
from tasks.detection.coco.task import Coco
from tasks.detection.coco.tide import tide

KINDS = ("Cls", "Loc", "Both", "Dupe", "Bkg")


# -- TIDE as its paper and its authors' code describe it, one thing after another ---------------------------------------
@dataclass
class Object:
    category: int
    crowd: bool
    used: bool = False
    meant_by: list["Found"] = field(default_factory=list)


@dataclass
class Found:
    category: int
    score: float
    kind: str = ""
    ignored: bool = False
    meant: Object | None = None


def literal(truth: Truth, detections: Detections, n_categories: int, limit: int) -> dict[str, tuple[int, float | None]]:
    objects: list[Object] = []
    found: list[Found] = []
    for image in range(len(truth.offsets) - 1):
        some, answers = one_image(truth, detections, image, limit)
        objects += [one for one in some if not one.crowd]
        found += answers
    truths = [one.category for one in objects]
    base = [(one.category, one.score, one.kind == "") for one in found if not one.ignored]
    start = mean_ap(base, truths, n_categories)
    result: dict[str, tuple[int, float | None]] = {}
    for kind in KINDS:
        gain = mean_ap(mended(found, kind), truths, n_categories)
        result[kind] = sum(one.kind == kind for one in found), gained(gain, start, least=0.0)
    missed = [one for one in objects if not one.used and not one.meant_by]
    left = [one.category for one in objects if one not in missed]
    result["Miss"] = len(missed), gained(mean_ap(mended(found, ""), left, n_categories), start, least=0.0)
    perfect = [(category, float(right), right) for category, _, right in mended(found, "")]
    result["FalsePos"] = sum(not right for *_, right in base), gained(mean_ap(perfect, truths, n_categories), start)
    used = [one.category for one in objects if one.used]
    result["FalseNeg"] = len(truths) - len(used), gained(mean_ap(mended(found, ""), used, n_categories), start)
    return result


def one_image(truth: Truth, detections: Detections, image: int, limit: int) -> tuple[list[Object], list[Found]]:
    here, there = slice(*truth.offsets[image : image + 2]), slice(*detections.offsets[image : image + 2])
    objects = [Object(int(c), bool(crowd)) for c, crowd in zip(truth.category[here], truth.crowd[here], strict=True)]
    scores = detections.scores[there]
    order = sorted(range(len(scores)), key=lambda d: -scores[d])[:limit]
    found = [Found(int(detections.category[there][d]), float(scores[d])) for d in order]
    regions = region(truth, image, here), region(detections, image, there)
    crowds = [one.crowd for one in objects]
    iou = official.iou([regions[1][d] for d in order], regions[0], crowds) if objects and found else []
    for one, row in zip(found, iou, strict=False):
        free = [(row[g], -g) for g, o in enumerate(objects) if fits(o, one) and not o.used]
        if free and max(free)[0] >= 0.5:
            objects[-max(free)[1]].used, one.kind = True, "found"
    for index, one in enumerate(found):
        row = iou[index] if len(iou) else []
        name_error(one, objects, row)
    return objects, found


def name_error(one: Found, objects: list[Object], row: Any) -> None:
    if one.kind == "found":
        one.kind = ""
        return
    one.ignored = any(o.crowd and o.category == one.category and row[g] > 0.5 for g, o in enumerate(objects))
    same = [(row[g], -g) for g, o in enumerate(objects) if fits(o, one)]
    other = [(row[g], -g) for g, o in enumerate(objects) if not o.crowd and o.category != one.category]
    used = [row[g] for g, o in enumerate(objects) if fits(o, one) and o.used]
    if not same and not other:
        one.kind = "Bkg"
    elif same and 0.1 <= max(same)[0] <= 0.5:
        one.kind, one.meant = "Loc", objects[-max(same)[1]]
    elif other and max(other)[0] >= 0.5:
        one.kind, one.meant = "Cls", objects[-max(other)[1]]
    elif used and max(used) >= 0.5:
        one.kind = "Dupe"
    else:
        one.kind = "Bkg" if max(same + other)[0] <= 0.1 else "Both"
    if one.meant is not None and not one.meant.used:
        one.meant.meant_by.append(one)


def fits(one: Object, found: Found) -> bool:
    return not one.crowd and one.category == found.category


def region(side: Any, image: int, rows: slice) -> Any:
    if side.masks is None:
        return side.boxes_xywh[rows].tolist()
    size = side.masks.sizes[image].tolist()
    return [{"size": size, "counts": side.masks.code(row)} for row in range(rows.start, rows.stop)]


def mended(found: list[Found], kind: str) -> list[tuple[int, float, bool]]:
    """Errors of one kind mended where they are the first at an unused object, else left out; before what is right."""
    result = []
    for one in found:
        if one.kind == "" or (one.kind != kind and one.ignored):
            continue
        if one.kind != kind:
            result.append((one.category, one.score, False))
        elif one.meant is not None and one.meant.meant_by and one.meant.meant_by[0] is one:
            result.append((one.meant.category, one.score, True))
    return result + [(one.category, one.score, True) for one in found if one.kind == ""]


def mean_ap(rows: list[tuple[int, float, bool]], truths: list[int], n_categories: int) -> float | None:
    values = []
    for category in range(n_categories):
        ranked = sorted((row for row in rows if row[0] == category), key=lambda row: -row[1])
        if ranked or category in truths:
            values.append(average_precision([right for *_, right in ranked], truths.count(category)))
    return sum(values) / len(values) if values else None


def average_precision(right: list[bool], n_truth: int) -> float:
    if n_truth == 0:
        return 0.0
    precision = [sum(right[: i + 1]) / (i + 1) for i in range(len(right))]
    recall = [sum(right[: i + 1]) / n_truth for i in range(len(right))]
    read = [next((max(precision[i:]) for i, r in enumerate(recall) if r >= x / 100), 0.0) for x in range(101)]
    return sum(read) / 101


def gained(value: float | None, base: float | None, least: float = -1.0) -> float | None:
    return None if value is None or base is None else max(value - base, least)


# -- tests -------------------------------------------------------------------------------------------------------------
def assert_tide(truth: Truth, detections: Detections, n_categories: int, limit: int) -> None:
    expected = literal(truth, detections, n_categories, limit)
    for name, count, gain in tide(truth, detections, n_categories, limit):
        assert count == expected[name][0], name
        assert gain == (None if expected[name][1] is None else pytest.approx(expected[name][1], abs=1e-12)), name


@given(
    st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 4), st.integers(2, 16), st.sampled_from([100, 5, 1])
)
def test_kinds_and_gains_are_tides(seed: int, n_images: int, n_categories: int, most: int, limit: int) -> None:
    truth, detections = random_case(seed, n_images, n_categories, most)
    # A category without annotations, whose detections count against the mean.
    assert_tide(truth, detections, n_categories + 1, limit)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_masks_have_the_same_kinds(seed: int, n_images: int) -> None:
    truth, detections = random_case(seed, n_images, 2, 8)
    sides = []
    for side in (truth, detections):
        pixels = [rectangle(box) for box in side.boxes_xywh.tolist()]
        packed = pack([bytes(official.encode(np.asfortranarray(one))["counts"]) for one in pixels])
        sizes = np.full((n_images, 2), 60)
        sides.append(
            type(side)(
                **{name: getattr(side, name) for name in side.__slots__}
                | {"masks": Masks(starts=packed.offsets, codes=packed.values, sizes=sizes)}
            )
        )
    assert_tide(sides[0], sides[1], 2, 100)


def rectangle(box: list[float]) -> np.ndarray:
    left, top, right, bottom = (int(value) for value in (box[0], box[1], box[0] + box[2], box[1] + box[3]))
    pixels = np.zeros((60, 60), np.uint8)
    pixels[top:bottom, left:right] = 1
    return pixels


def test_nothing_at_all_has_no_gain() -> None:
    truth, detections = random_case(0, n_images=2, most=0)
    assert {(count, gain) for _, count, gain in tide(truth, detections, 3, 100)} == {(0, None)}


def test_the_table_says_what_tidecv_says_of_the_fake_results(shared: Path) -> None:
    """tidecv 1.0.1 on cocoapi's fake results, in percent: counts and gains at IoU 0.5."""
    task, folder = Coco(), shared / "data" / "coco"
    dataset = task.open(DataRequest(annotations=folder / "instances_val2014_100.json", with_inputs=False))
    predictions = task.read(folder / "instances_val2014_fakebbox100_results.json", dataset)
    table = task.tables(task.score(dataset, predictions, Scoring(protocol="coco")), "coco")[-1]
    assert table.name == "tide" and table.columns == ("error", "meaning", "count", "dAP50")
    expected = {
        "Cls": (83, 22.2460397441685), "Loc": (1, 0.22789102370710168), "Both": (0, 0), "Dupe": (1, 0.018972971237033676),
        "Bkg": (0, 0), "Miss": (97, 8.523573787723365), "FalsePos": (85, 6.821587524510463),
        "FalseNeg": (181, 17.684978535217184),
    }  # fmt: skip
    for name, _, count, gain in table.rows:
        assert (count, gain) == (expected[str(name)][0], pytest.approx(expected[str(name)][1] / 100, abs=1e-14))
