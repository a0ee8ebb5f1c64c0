"""What a method must provide for all data sets of this family, and how its answers are stored."""

from typing import Final

from harness.columns import ColumnSpec
from harness.declaration import Interface

BOX: Final = ColumnSpec(
    "box_xyxy", "float64", (4,), ragged=True, description="corners in pixels; no row where no box was answered"
)
MASK: Final = ColumnSpec(
    "mask_code", "uint8", ragged=True, description="COCO's run-length code; empty where no mask was answered"
)
INTERFACE: Final = Interface(
    id="referring",
    title="referring expressions",
    inputs="image: uint8 RGB (height, width, 3); sentence: str, what is to be found in it",
    answer=(
        "box_xyxy: float (4,), corners in pixels of the image; mask (optional): bool (height, width), or a run-length code "
        "{'size': [height, width], 'counts': ...}. One of the two may be left out"
    ),
    columns=(BOX, MASK),
    baseline=(
        'height, width = sample.inputs["image"].shape[:2]\n'
        'return {"box_xyxy": np.array([width / 4, height / 4, 3 * width / 4, 3 * height / 4])}'
    ),
)
