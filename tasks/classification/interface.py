"""What every classifier provides, and the forms in which answers are kept."""

from typing import Final

from harness.task import ColumnSpec, Interface

LOGITS: Final = "logits"
"""Scores before the softmax, (classes,), in the order of the data set's classes."""
PROBABILITIES: Final = "probabilities"
LABELS: Final = "labels"
"""Class indices, best first, (k,)."""
FULL: Final = (ColumnSpec(LOGITS, "float32", (None,), description="before the softmax, one a class"),)
KEPT: Final = (
    ColumnSpec("top_labels", "int32", (None,), description="classes with the highest logits, best first"),
    ColumnSpec("top_logits", "float32", (None,), description="their logits"),
    ColumnSpec("log_sum", "float64", description="logarithm of the sum of the exponentials of all logits"),
    ColumnSpec("label_logit", "float64", description="logit of the true class"),
    ColumnSpec("better", "int32", description="classes with a higher logit than the true one"),
    ColumnSpec("tied_before", "int32", description="other classes with an equal logit and a lower index"),
    ColumnSpec("tied", "int32", description="other classes with an equal logit"),
)
"""What is kept of logits that are not kept whole; all numbers come out the same."""
KEEP: Final = {"all": 0, "top100": 100, "none": 5}
"""``--keep``: how many logits of each image are kept; 0 is all."""

INTERFACE: Final = Interface(
    id="classification",
    title="image classification",
    inputs="image: uint8 (height, width, 3) RGB; float32 in [0, 1] where the data set is no 8-bit one",
    answer="logits: float (classes,), before the softmax, in the order of `classes` or of the data set",
    columns=FULL,
    baseline='return {"logits": np.zeros(self.facts["classes"], np.float32)}',
)
