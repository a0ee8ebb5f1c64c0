"""What the task `tinyperson` is, in words and numbers for people and for the engine."""

from typing import Final

from harness.task import MetricSpec, ProtocolSpec, SettingSpec, TaskMeta
from tasks.detection.interface import INTERFACE
from tasks.detection.tinyperson.cutting import OVERLAP
from tasks.detection.tinyperson.metrics import IOUS, SIZES, metric_names
from tasks.detection.tinyperson.miss_rate import SETUPS

MERGE_IOU: Final = 0.5
LIMITS: Final = {"tinybenchmark-200": 200, "tov-1000": 1000}
"""The most detections per image and category that AP and AR look at, by protocol; miss rates look at 1000 always."""
MISS_RATES: Final = tuple(tuple(f"MR{round(100 * iou)}_{setup}" for iou in IOUS) for setup in SETUPS)
"""Names of the miss rates, set-up after set-up, one for each IoU."""
RANGES: Final = {
    "all": "of 1 pixel and more",
    "tiny": "1 to 20 pixels",
    "tiny1": "1 to 8 pixels",
    "tiny2": "8 to 12 pixels",
    "tiny3": "12 to 20 pixels",
    "small": "20 to 32 pixels",
    "reasonable": "from 32 pixels",
}
"""Size ranges in words: the square root of the annotation's area."""
READ_FIRST: Final = tuple(
    f"{kind}{place}"
    for kind in ("AP", "MR")
    for place in ("50_tiny", "50_tiny1", "50_tiny2", "50_tiny3", "50_small", "25_tiny", "75_tiny")
)
"""The fourteen numbers that TinyPerson's papers print."""


def _metrics() -> tuple[MetricSpec, ...]:
    kinds = {"AP": "average precision", "AR": "average recall"}
    found = [
        MetricSpec(
            name=name,
            title=f"{kinds[name[:2]]} at IoU 0.{name[2:4]}, {RANGES[size]}",
            least=0,
            most=1,
            decimals=4,
            minor=name not in READ_FIRST,
        )
        for name in metric_names()
        if (size := name.partition("_")[2]) in SIZES
    ]
    found += [
        MetricSpec(
            name=f"MR{round(100 * iou)}_{setup}", title=f"miss rate at IoU {iou:.2f}, {_setup_words(setup)}",
            higher_is_better=False, least=0, most=1, decimals=4, minor=f"MR{round(100 * iou)}_{setup}" not in READ_FIRST,
        )
        for setup in SETUPS for iou in IOUS
    ]  # fmt: skip
    return tuple(found)


def _setup_words(setup: str) -> str:
    low, high = SETUPS[setup]
    return "all sizes" if setup == "all" else f"{low:.0f} to {high:.0f} pixels"


_PROTOCOL: Final = "AP over 101 recalls, at most {} detections per image; miss rates with at most 1000"

META: Final = TaskMeta(
    id="tinyperson",
    version="1",
    title="TinyPerson",
    family="detection",
    summary="Persons of 2 to 32 pixels at sea and on beaches, seen from far away",
    metrics=_metrics(),
    main_metric="AP50_tiny",
    protocols=(
        ProtocolSpec(
            id="tinybenchmark-200",
            title=_PROTOCOL.format(200),
            source="ucas-vg/TinyBenchmark, tiny_benchmark (cocoeval.py, evaluate_tiny.py; third/Cityscapes, "
            "eval_MR_multisetup.py); yinglang/huicv, evaluation/expand_cocofmt_eval.py",
        ),
        ProtocolSpec(
            id="tov-1000",
            title=_PROTOCOL.format(1000),
            source="ucas-vg/PointTinyBenchmark, TOV_mmdetection (proposal_nums=[1000] overrides the limit)",
        ),
    ),
    splits=("test",),
    interface=INTERFACE,
    unit="image",
    fixed="the set of categories",
    layout=(
        "tiny_set/mini_annotations/tiny_set_test_all.json      (or annotations/task/tiny_set_test_all.json)\n"
        "tiny_set/test/labeled_images/bb_V0032_I0001640.jpg ...\n"
        "tiny_set/test/pure_bg_images/..."
    ),
    results="a JSON list of {image_id, category_id, bbox: [x, y, width, height], score}, also .gz or .zip",
    licence="none stated with the data set",
    citation="Yu et al., Scale Match for Tiny Person Detection, WACV 2020, arXiv 1912.10664",
    homepage="https://github.com/ucas-vg/PointTinyBenchmark",
    notice=(
        "Published numbers come from three evaluators that differ by points: WACV 2020's own, not computed here, and the "
        "later one with at most 200 or 1000 detections per image. Compare only what names the same."
    ),
    settings=(
        SettingSpec(
            name="sub_images", default="none", compared=False,
            title="annotation file of the pieces (corner) that a results file is for; they are merged",
        ),
        SettingSpec(
            name="cut", title="size of the pieces that a live run cuts images into, such as 640x512", default="none",
            compared=False,
        ),
        SettingSpec(name="cut_overlap", title="overlap of neighbouring pieces, pixels", default=OVERLAP, compared=False),
        SettingSpec(
            name="merge_iou", title="IoU from which pieces' detections suppress each other", default=MERGE_IOU,
            compared=False,
        ),
        SettingSpec(
            name="test_time_augmentation", title="views of an image that are joined", default="none", by="submission"
        ),
    ),
)  # fmt: skip
