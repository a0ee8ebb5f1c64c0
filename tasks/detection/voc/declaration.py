"""What the tasks `voc2007` and `voc2012` are, in words and numbers for people and for the engine."""

from dataclasses import replace
from typing import Final

from harness.columns import ColumnSpec
from harness.task import MetricSpec, ProtocolSpec, SettingSpec, TaskMeta
from tasks.detection.interface import INTERFACE

PREDICTIONS: Final = (
    ColumnSpec(
        "boxes_xyxy",
        "float64",
        (4,),
        ragged=True,
        group="detections",
        description="1-based pixels, both corners inside",
    ),
    ColumnSpec("scores", "float64", ragged=True, group="detections"),
    ColumnSpec("category_id", "int64", ragged=True, group="detections", description="position among the categories"),
)
ORDER: Final = ColumnSpec(
    "order", "int64", ragged=True, group="detections", description="place among the detections of the class's file"
)
"""A further column of predictions that were read from files: it decides between equal scores."""

_VOC: Final = ("voc2007/11-point", "voc2012/area", "mmdet")
_METRICS: Final = (
    MetricSpec(name="mAP", title="mean AP of the classes at IoU 0.50", least=0.0, most=1.0, protocols=_VOC),
    MetricSpec(name="mAP75", title="mean AP of the classes at IoU 0.75", least=0.0, most=1.0, protocols=_VOC),
    *(
        MetricSpec(
            name=name, title=f"mean AP of the classes at IoU {at}, as Detectron2 prints it", unit="%", decimals=2,
            least=0.0, most=100.0, protocols=("detectron2",),
        )
        for name, at in (("AP", "0.50 to 0.95"), ("AP50", "0.50"), ("AP75", "0.75"))
    ),
)  # fmt: skip
_DEVKIT: Final = "rbgirshick/py-faster-rcnn, lib/datasets/voc_eval.py, with a stable order of equal scores"
_ELEVEN: Final = ProtocolSpec(
    id="voc2007/11-point", title="precision at eleven recalls, VOC2007's rule", source=_DEVKIT
)
_AREA: Final = ProtocolSpec(
    id="voc2012/area", title="area under the precision envelope, the rule since VOC2010", source=_DEVKIT
)
_LAYOUT: Final = """
VOCdevkit/VOC{year}/Annotations/{id}.xml ...
VOCdevkit/VOC{year}/ImageSets/Main/{split}.txt
VOCdevkit/VOC{year}/ImageSets/Main/aeroplane_{split}.txt ...   (optional: the list of the classes)
VOCdevkit/VOC{year}/JPEGImages/{id}.jpg ...                    (for live runs)
"""
_CITATION: Final = "Everingham et al., The PASCAL Visual Object Classes (VOC) Challenge, IJCV 88(2), 2010"


def meta(year: int) -> TaskMeta:
    """The declaration of one year's task."""
    of_2007 = year == 2007
    split = "test" if of_2007 else "val"
    return TaskMeta(
        id=f"voc{year}",
        version="1",
        title=f"Pascal VOC {year} detection",
        family="detection",
        summary="Boxes of twenty classes of objects in photographs",
        metrics=_METRICS,
        main_metric="mAP",
        protocols=_protocols(of_2007),
        splits=("test", "trainval", "train", "val") if of_2007 else ("val", "trainval", "train"),
        interface=replace(INTERFACE, columns=PREDICTIONS),
        unit="image",
        fixed="the set of classes",
        layout=_LAYOUT.format(year=year, split=split, id="000001" if of_2007 else "2008_000002"),
        results=(
            f"comp4_det_{split}_CLASS.txt of every class in a folder or .zip: lines of image, score, xmin, ymin, xmax, "
            "ymax, 1-based"
        ),
        licence="images under the terms of Flickr",
        citation=_CITATION,
        homepage=f"http://host.robots.ox.ac.uk/pascal/VOC/voc{year}/",
        settings=(
            SettingSpec(
                name="test_time_augmentation",
                title="views of an image that are joined",
                default="none",
                by="submission",
            ),
        ),
        notice=""
        if of_2007
        else "The labels of VOC2012's test split are not public: these scores are on another split.",
    )


def _protocols(of_2007: bool) -> tuple[ProtocolSpec, ...]:
    first, second = (_ELEVEN, _AREA) if of_2007 else (_AREA, _ELEVEN)
    reading = "at eleven recalls" if of_2007 else "area under the envelope"
    return (
        replace(first, also=(second.id,)),
        second,
        ProtocolSpec(
            id="mmdet",
            title=f"as mmdetection computes it: single precision, no extra pixel, IoU of the threshold counts, {reading}",
            source="open-mmlab/mmdetection 2, mmdet/core/evaluation/mean_ap.py and bbox_overlaps.py, mmdet/datasets/voc.py",
        ),
        ProtocolSpec(
            id="detectron2",
            title=f"as Detectron2 computes it: rounded scores and boxes, IoU 0.50 to 0.95, percent, {reading}",
            source="facebookresearch/detectron2, detectron2/evaluation/pascal_voc_evaluation.py",
            main_metric="AP",
        ),
    )
