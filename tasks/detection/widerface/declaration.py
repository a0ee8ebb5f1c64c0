"""What the task `widerface` is, in words and numbers for people and for the engine."""

from typing import Final

from harness.task import MetricSpec, ProtocolSpec, SettingSpec, TaskMeta
from tasks.detection.interface import INTERFACE

TITLES: Final = {
    "AP_easy": "average precision, Easy",
    "AP_medium": "average precision, Medium (the easy faces among them)",
    "AP_hard": "average precision, Hard (nearly all faces)",
}

META: Final = TaskMeta(
    id="widerface",
    version="1",
    title="WIDER FACE",
    family="detection",
    summary="Faces in photographs of 61 kinds of events, many of them tiny, hidden or out of focus",
    metrics=tuple(MetricSpec(name=name, title=title, least=0.0, most=1.0) for name, title in TITLES.items()),
    main_metric="AP_hard",
    protocols=(
        ProtocolSpec(
            id="widerface",
            title="area under the precision-recall curve at 1,000 thresholds of the normalised score, IoU 0.5",
            source="WIDER FACE eval_tools (wider_eval.m, evaluation.m, norm_score.m, boxoverlap.m, plot/VOCap.m)",
        ),
    ),
    splits=("val",),
    interface=INTERFACE,
    unit="image",
    fixed="the range of scores over the whole set, which normalises them",
    layout=(
        "WIDER_val/images/0--Parade/0_Parade_marchingband_1_465.jpg ...   (only for live runs)\n"
        "eval_tools/ground_truth/wider_face_val.mat, wider_easy_val.mat, wider_medium_val.mat, wider_hard_val.mat"
    ),
    results=(
        "a folder or zip archive of event folders with a text file for each image: its name, the number of detections, "
        "and a line 'x y width height score' for each"
    ),
    licence="CC BY-NC-ND 4.0, as its dataset card (CUHK-CSE/wider_face) says; images from the web",
    citation="Yang et al., WIDER FACE: A Face Detection Benchmark, CVPR 2016, arXiv 1511.06523",
    homepage="http://shuoyang1213.me/WIDERFACE/",
    settings=(
        SettingSpec(
            name="test_time_augmentation", title="views of an image that are joined", default="none", by="submission"
        ),
    ),
    notice=(
        "Scores are normalised by the lowest and the highest score of the whole set: one outlier moves every number. "
        "Detections on faces that do not count in a setting are left out, so Hard can exceed Easy."
    ),
)
