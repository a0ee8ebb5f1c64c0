"""What a tracker must provide, for every benchmark of the family."""

from typing import Final

from harness.task import ColumnSpec, Interface

INPUTS: Final = (
    "init(frame, box) on a sequence's first frame and after each reset, then update(frame) for one frame after the other; "
    "frame: uint8 RGB (height, width, 3); box: float64 (4,), x, y, width, height in pixels, or, where the tracker says "
    "takes_corners = True, the region as it is annotated, which may be four corners (8,): x1, y1, ..., x4, y4"
)
ANSWER: Final = (
    "update gives x, y, width, height, or four corners where the benchmark takes them, or a dictionary with one of them under "
    "'box'"
)
SKELETON: Final = '''
def init(self, frame: NDArray[np.uint8], box: NDArray[np.float64]) -> None:
    """Start on a frame (h, w, 3), RGB; `box` is x, y, width, height in pixels."""
    self.box = box

def update(self, frame: NDArray[np.uint8]) -> Any:
    """Where the target is in the next frame."""
    return self.box
'''
"""A tracker that never moves."""
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
        answer=f"{ANSWER}; stored are {answer}",
        columns=columns,
        extra=TIMES,
        methods=("init", "update"),
        skeleton=SKELETON,
    )
