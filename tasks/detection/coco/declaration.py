"""What the task `coco` is, in words and numbers for people and for the engine."""

from typing import Final

from harness.task import MetricSpec, ProtocolSpec, SettingSpec, TaskMeta
from tasks.detection.coco.limits import parse_limits
from tasks.detection.interface import INTERFACE

_TITLES: Final = {
    "AP": "average precision, mean over IoU 0.50 to 0.95",
    "AP50": "average precision at IoU 0.50",
    "AP75": "average precision at IoU 0.75",
    "APs": "average precision of small objects, area up to 32² pixels",
    "APm": "average precision of medium objects, area 32² to 96² pixels",
    "APl": "average precision of large objects, area from 96² pixels",
    "AR1": "average recall with 1 detection per image and category",
    "AR10": "average recall with 10 detections per image and category",
    "AR100": "average recall with 100 detections per image and category",
    "ARs": "average recall of small objects",
    "ARm": "average recall of medium objects",
    "ARl": "average recall of large objects",
}


def recall_spec(name: str) -> MetricSpec:
    """The recall at a limit of one's own: ``AR500``."""
    return MetricSpec(name=name, title=_TITLES["AR100"].replace("100", name.removeprefix("AR")), least=0.0, most=1.0)


META: Final = TaskMeta(
    id="coco",
    version="1",
    title="COCO detection",
    family="detection",
    summary="Boxes or masks of 80 categories of everyday objects in photographs",
    metrics=tuple(MetricSpec(name=name, title=title, least=0.0, most=1.0) for name, title in _TITLES.items()),
    main_metric="AP",
    protocols=(
        ProtocolSpec(
            id="coco",
            title="101-point interpolated AP, at most 100 detections per image and category",
            source="cocodataset/cocoapi, PythonAPI/pycocotools/cocoeval.py (pycocotools 2.0.11)",
        ),
    ),
    splits=("val2017", "train2017", "val2014", "train2014"),
    interface=INTERFACE,
    unit="image",
    fixed="the set of categories",
    layout="annotations/instances_val2017.json\nval2017/000000000139.jpg ...",
    results="a JSON list of {image_id, category_id, bbox: [x, y, width, height], score}, also .gz or .zip; "
    "with --iou-type segm segmentation: {size, counts} instead of bbox",
    licence="annotations CC BY 4.0; images under the terms of Flickr",
    citation="Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014, arXiv 1405.0312",
    homepage="https://cocodataset.org",
    settings=(
        SettingSpec(
            name="iou_type", title="what is compared: boxes or masks", default="bbox", choices=("bbox", "segm")
        ),
        SettingSpec(
            name="max_detections",
            title="most detections per image and category that are scored, or all limits: 5,50,500",
            default=100,
            parse=parse_limits,
        ),
        SettingSpec(
            name="test_time_augmentation", title="views of an image that are joined", default="none", by="submission"
        ),
    ),
    evaluators=("harness", "pycocotools"),
)
