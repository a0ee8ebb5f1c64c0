"""What a network under attack provides, and what is stored of each image."""

from collections.abc import Sequence
from typing import Final

from harness.task import ColumnSpec, Interface

CLEAN: Final = "clean_logits"
ADVERSARIAL: Final = "adversarial_logits"
ATTACKED: Final = "attacked"
DISTANCE: Final = "distance"
FORWARDS: Final = "forwards"
BACKWARDS: Final = "backwards"
REPEAT: Final = "repeat_difference"
GRADIENTS: Final = "gradient_norms"
KEPT_IMAGE: Final = "adversarial_image"
CLEAN_IMAGE: Final = "clean_image"
KEPT_ATTACK: Final = "kept_attack"

NOT_ASKED: Final = -1.0
"""In the columns of the gates: the image was not in a batch that was looked at."""
_ANY: Final = (None,)
COLUMNS: Final = (
    ColumnSpec(CLEAN, "float32", _ANY, description="logits of the image as it is"),
    ColumnSpec(ADVERSARIAL, "float32", (None, None), description="logits of each attack's image; 0 where it did not run"),
    ColumnSpec(ATTACKED, "uint8", _ANY, description="1 for each attack that ran on the image"),
    ColumnSpec(DISTANCE, "float64", _ANY, description="distance of each attack's image in the ball's norm"),
    ColumnSpec(FORWARDS, "float64", _ANY, description="forward passes of each attack: those of the batch, shared equally"),
    ColumnSpec(BACKWARDS, "float64", _ANY, description="backward passes, likewise"),
    ColumnSpec(REPEAT, "float64", description="difference of two identical calls, share of the largest logit; -1: not asked"),
    ColumnSpec(
        GRADIENTS, "float64", (2,), finite=False,
        description="sum of the absolute gradient of cross-entropy and of margin; -1 where it was not asked for",
    ),
)  # fmt: skip
IMAGES: Final = (
    ColumnSpec(KEPT_IMAGE, "float32", (None, None, None), description="the image that fooled, else the last attack's"),
    ColumnSpec(CLEAN_IMAGE, "float32", (None, None, None), description="the image as it is, in [0, 1]"),
    ColumnSpec(KEPT_ATTACK, "int32", description="the attack that the kept image is of; -1 for none"),
)
INTERFACE: Final = Interface(
    id="classification",
    title="image classification, differentiable in the image",
    inputs="image: uint8 (height, width, 3) RGB; float32 in [0, 1] where the data set is no 8-bit one",
    answer=(
        "logits(images): a tensor (n, classes), before the softmax, differentiable, of a tensor float32 (n, 3, h, w) in "
        "[0, 1]: normalising is a part of it; pixels(sample), if there, gives float32 (3, h, w) in [0, 1], resized and cropped"
    ),
    columns=COLUMNS,
    methods=("logits",),
    skeleton='''
def logits(self, images: Any) -> Any:
    """Logits (n, classes), differentiable, of a tensor float32 (n, 3, h, w) in [0, 1]; normalise in here."""
    return images.flatten(1)[:, : self.facts["classes"]]
''',
)


def columns(keep_images: bool) -> Sequence[ColumnSpec]:
    """What is stored of each image, with or without the images themselves."""
    return (*COLUMNS, *IMAGES) if keep_images else COLUMNS
