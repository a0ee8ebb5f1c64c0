"""What is stored of each image that was attacked by queries."""

from dataclasses import replace
from typing import Final

from harness.task import ColumnSpec
from tasks.classification.robustness import interface as white_box
from tasks.classification.robustness.interface import ADVERSARIAL, CLEAN, CLEAN_IMAGE, DISTANCE, KEPT_IMAGE, REPEAT

QUERIES: Final = "queries"
TESTS: Final = "tests"
_PIXELS: Final = (None, None, None)
COLUMNS: Final = (
    ColumnSpec(CLEAN, "float32", (None,), description="logits of the image as it is"),
    ColumnSpec(
        ADVERSARIAL, "float32", (None,), description="of the image at which it fell, else of the last one tried"
    ),
    ColumnSpec(QUERIES, "int32", description="answers with scores that the attack had of this image"),
    ColumnSpec(TESTS, "int32", description="answers that said right or wrong alone"),
    ColumnSpec(DISTANCE, "float64", description="distance of that image in the ball's norm"),
    ColumnSpec(REPEAT, "float64", description="difference of two identical calls, as a share of the largest logit"),
)
IMAGES: Final = (
    ColumnSpec(KEPT_IMAGE, "float32", _PIXELS, description="the image at which it fell, else the last one tried"),
    ColumnSpec(CLEAN_IMAGE, "float32", _PIXELS, description="the image as it is, in [0, 1]"),
)
INTERFACE: Final = replace(
    white_box.INTERFACE, title="image classification that answers queries", columns=COLUMNS,
    answer=white_box.INTERFACE.answer.replace(", differentiable, of", ", of"),
)  # fmt: skip
