"""Small random cases in TinyPerson's form: ties, equal overlaps, ignored and uncertain ones, crowds, ids of 0, nothing."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tasks.detection.coco.metrics import Detections
from tasks.detection.tinyperson.metrics import TinyTruth

Entry = dict[str, Any]
Image = tuple[list[Entry], list[Entry]]
CATEGORIES = (1, 4)

# Few places and sides, so that boxes touch, coincide and overlap equally.
_places = st.sampled_from([0.0, 0.0, 1.0, 2.0, 4.0])
_sides = st.sampled_from([4.0, 4.0, 5.0, 6.0, 8.0, 8.0, 12.0, 20.0, 25.0, 0.0])
_boxes = st.one_of(
    st.tuples(_places, _places, _sides, _sides),
    _sides.map(lambda side: (0.0, 0.0, side, side)),
    st.just((0.0, 0.0, 4.0, 8.0)),
)
_categories_drawn = st.sampled_from((*CATEGORIES, 1, 1))
_flags = st.sampled_from([False, False, False, True])
_annotations = st.fixed_dictionaries(
    {
        "bbox": _boxes, "category_id": _categories_drawn, "ignore": _flags, "uncertain": _flags,
        "iscrowd": st.sampled_from([0, 0, 0, 1]), "area": st.sampled_from([None, None, 1.0, 64.0, 400.0, 100.5]),
    },
    optional={"size": st.sampled_from([2.0, 8.0, 20.0]), "vis_ratio": st.sampled_from([0.64, 0.65, 1.0])},
)  # fmt: skip
_detections = st.fixed_dictionaries(
    {"bbox": _boxes, "category_id": _categories_drawn, "score": st.sampled_from([0.1, 0.3, 0.5, 0.5, 0.9])}
)
_images = st.tuples(st.lists(_annotations, max_size=5), st.lists(_detections, max_size=7))


@st.composite
def images(draw: st.DrawFn, most: int = 4) -> list[Image]:
    """A few images; annotation ids count from 0, so that one of them is 0."""
    found, number = draw(st.lists(_images, min_size=1, max_size=most)), 0
    for annotations, _ in found:
        for annotation in annotations:
            annotation["id"] = number
            number += 1
            if annotation["area"] is None:
                annotation["area"] = annotation["bbox"][2] * annotation["bbox"][3]
    return found


def columns(found: list[Image]) -> tuple[TinyTruth, Detections]:
    """The images as the metrics take them."""
    gts = [annotation for annotations, _ in found for annotation in annotations]
    dts = [detection for _, detections in found for detection in detections]
    area = np.array([g["area"] for g in gts], np.float64)
    truth = TinyTruth(
        offsets=_offsets([len(annotations) for annotations, _ in found]),
        category=_categories(gts),
        boxes_xywh=np.array([g["bbox"] for g in gts], np.float64).reshape(-1, 4),
        area=area,
        crowd=np.array([g["iscrowd"] for g in gts], np.bool_),
        nameless=np.array([g["id"] == 0 for g in gts], np.bool_),
        ignore=np.array([g["ignore"] for g in gts], np.bool_),
        uncertain=np.array([g["uncertain"] for g in gts], np.bool_),
        side=np.array([g.get("size", a**0.5) for g, a in zip(gts, area.tolist(), strict=True)], np.float64),
        visible=np.array([g.get("vis_ratio", 1 - 1e-12) for g in gts], np.float64),
    )
    return truth, Detections(
        offsets=_offsets([len(detections) for _, detections in found]),
        category=_categories(dts),
        boxes_xywh=np.array([d["bbox"] for d in dts], np.float64).reshape(-1, 4),
        scores=np.array([d["score"] for d in dts], np.float64),
    )


def _offsets(counts: list[int]) -> Any:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _categories(entries: list[Entry]) -> Any:
    return np.array([CATEGORIES.index(entry["category_id"]) for entry in entries], np.int32)
