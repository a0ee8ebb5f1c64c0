"""What every detector must provide, the same for all data sets of this family, and how its answers are stored."""

from typing import Final

from harness.columns import ColumnSpec
from harness.declaration import Interface

PREDICTIONS: Final = (
    ColumnSpec(
        "boxes_xywh", "float64", (4,), ragged=True, group="detections", description="x, y, width, height, pixels"
    ),
    ColumnSpec("scores", "float64", ragged=True, group="detections"),
    ColumnSpec("category_id", "int64", ragged=True, group="detections", description="the data set's id, not a label"),
)
INTERFACE: Final = Interface(
    id="detection",
    title="object detection",
    inputs="image: uint8 RGB (height, width, 3); dataset.facts['categories']: names of the categories",
    answer=(
        "boxes_xyxy: float (k, 4), corners in pixels of the image (or boxes_xywh: corner, width, height); "
        "scores: float (k,); labels: int (k,), positions in the submission's `classes`; "
        "where masks are compared also masks: bool (k, height, width)"
    ),
    columns=PREDICTIONS,
    baseline='return {"boxes_xyxy": np.zeros((0, 4)), "scores": np.zeros(0), "labels": np.zeros(0, np.int64)}',
)
