"""What a tracker must provide, for every benchmark of the family."""

from typing import Final

from harness.task import ColumnSpec, Interface

INPUTS = (
    "frames: the sequence, len(frames) and frames[i], uint8 RGB (height, width, 3), decoded when asked for; "
    "region: the target in the first frame, float64 (4,): x, y, width, height, or (8,): four corners x1, y1, ..., x4, y4"
)

TIMES: Final = (
    ColumnSpec(
        "call_kind", "uint8", ragged=True, group="calls", description="1 init, 2 update; in order, all repetitions"
    ),
    ColumnSpec("call_frame", "int64", ragged=True, group="calls", description="the frame that was shown, from 0"),
    ColumnSpec("call_s", "float64", ragged=True, group="calls", description="seconds that the call took"),
)
"""What is kept beside the answers of a run: outside their digest, since no two runs take the same time."""


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
