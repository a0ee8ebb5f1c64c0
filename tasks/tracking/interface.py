"""What a tracker must provide, for every benchmark of the family."""

from harness.task import ColumnSpec, Interface
from tasks.tracking.live import TIMES

INPUTS = (
    "frames: the sequence, len(frames) and frames[i], uint8 RGB (height, width, 3), decoded when asked for; "
    "region: the target in the first frame, float64 (4,): x, y, width, height, or (8,): four corners x1, y1, ..., x4, y4"
)


def interface(answer: str, columns: tuple[ColumnSpec, ...]) -> Interface:
    """The interface of trackers, with what a benchmark keeps of their answers."""
    return Interface(
        id="tracker",
        title="single-object tracker",
        inputs=INPUTS,
        answer=answer,
        columns=columns,
        extra=TIMES,
        methods=("init", "update"),
    )
