"""What the task `fddb` is, in words and numbers for people and for the engine."""

from typing import Final

from harness.task import MetricSpec, ProtocolSpec, TaskMeta
from tasks.detection.interface import INTERFACE

LIMITS: Final = (100, 500, 1000, 2000)
"""The numbers of false positives at which the curves are read."""
MAIN_LIMIT: Final = 1000
KINDS: Final = {
    "disc": "faces found at an IoU above 0.5",
    "cont": "mean IoU of the faces with what they are paired with",
}


def metric_name(kind: str, limit: int) -> str:
    """The name of a rate: `kind` is ``disc`` or ``cont``."""
    return f"TPR_{kind}_{limit}"


META: Final = TaskMeta(
    id="fddb",
    version="1",
    title="FDDB face detection",
    family="detection",
    summary="Faces outlined by ellipses in 2,845 news photographs, all ten folds at once",
    metrics=tuple(
        MetricSpec(
            name=metric_name(kind, limit),
            title=f"{title}, at {limit} false positives over all images",
            decimals=4,
            least=0.0,
            most=1.0,
        )
        for kind, title in KINDS.items()
        for limit in LIMITS
    ),
    main_metric=metric_name("disc", MAIN_LIMIT),
    protocols=(
        ProtocolSpec(
            id="fddb",
            title="one ROC over the ten folds, pixel masks, best pairing of each image at every score",
            source="FDDB's evaluation code (evaluate.cpp, Matching.cpp, Results.cpp), UM-CS-2010-009 section 6",
        ),
    ),
    splits=("all",),
    interface=INTERFACE,
    unit="image",
    fixed="the numbers of false positives at which the curves are read",
    layout=(
        "FDDB-folds/FDDB-fold-01-ellipseList.txt ... FDDB-fold-10-ellipseList.txt\n"
        "FDDB-folds/FDDB-fold-01.txt ... FDDB-fold-10.txt      lists of images, checked where they are there\n"
        "originalPics/2002/07/19/big/img_130.jpg ...\n"
        "sizes.txt                                             in place of the images, where results are scored:\n"
        "                                                      a line 'name width height' an image"
    ),
    results=(
        "fold-01-out.txt ... fold-10-out.txt in a folder or zip, or one text file: an image's name, the number of detections, "
        "and a line 'x y width height score' or 'major minor angle x y score' for each"
    ),
    licence="annotations for research, no licence stated; images from news sites under their owners' rights",
    citation=(
        "Jain and Learned-Miller, FDDB: A Benchmark for Face Detection in Unconstrained Settings, "
        "University of Massachusetts Amherst, UM-CS-2010-009, 2010"
    ),
    homepage="http://vis-www.cs.umass.edu/fddb/",
    notice=(
        "Rectangles cannot reach an IoU of 1 with an ellipse (at most about 0.79 with one that fits): continuous rates of "
        "methods that answer with rectangles and with ellipses are not of one kind."
    ),
)
