"""OpenCV's trackers behind `init` and `update`."""

from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from harness.errors import SubmissionError, UsageError
from harness.files import code_digest
from harness.options import RunOptions
from harness.registry import nearest
from harness.submission import Checkpoint, Submission
from submissions.opencv_trackers.weights import Networks, find_networks

Image = NDArray[np.uint8]
Float = NDArray[np.float64]
PLAIN: Final = ("CSRT", "KCF", "MIL")
"""Trackers of the current interface, which start with whole pixels."""
LEGACY: Final = ("MOSSE", "MedianFlow", "TLD", "Boosting")
"""Trackers of ``cv2.legacy``."""
NANO: Final = "Nano"
NAMES: Final = (*PLAIN, *LEGACY, NANO)


class OpenCvTracker:
    """See `harness.submission.Method`. `create` makes a fresh tracker for every start."""

    def __init__(self, create: Callable[[], Any], *, whole_pixels: bool) -> None:
        self._create, self._whole = create, whole_pixels

    def seed(self, number: int) -> None:
        """Seed OpenCV's generator, from which some trackers draw."""
        cv2.setRNGSeed(number)

    def init(self, frame: Image, box: Float) -> None:
        """Start: `frame` uint8 RGB (h, w, 3), `box` x, y, width, height in pixels, of which the part in the frame is taken."""
        height, width = frame.shape[:2]
        low = np.clip(box[:2], 0, (width - 1, height - 1))
        high = np.clip(box[:2] + box[2:], low + 1, (width, height))
        self._box = np.concatenate([low, high - low])
        start = tuple(round(value) for value in self._box.tolist()) if self._whole else tuple(self._box.tolist())
        self._tracker = self._create()
        self._tracker.init(_bgr(frame), start)

    def update(self, frame: Image) -> Float:
        """The new box; the last one where the tracker says that it has lost the target."""
        found, box = self._tracker.update(_bgr(frame))
        if found:
            self._box = np.array(box, np.float64)
        return self._box.copy()


def _bgr(frame: Image) -> Any:
    return cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)


def load_tracker(name: str, options: RunOptions) -> Submission:
    """Build ``opencv:name``; raises UsageError, WeightsError or SubmissionError."""
    if name not in NAMES:
        near = nearest(name, NAMES) or NAMES
        raise UsageError(f"opencv has no tracker '{name}' here; there are: {', '.join(near)}")
    if options.device != "cpu":
        raise UsageError(f"--device {options.device}: opencv:{name} runs on the CPU")
    if name != NANO and options.weights:
        raise UsageError(f"--weights {options.weights}: opencv:{name} has no weights")
    networks = find_networks(options.weights) if name == NANO else None
    # The field times trackers on one thread, and so do pysot's and VOT's rules.
    cv2.setNumThreads(1)
    return Submission(
        name=f"opencv:{name}",
        method=OpenCvTracker(_maker(name, networks), whole_pixels=name not in LEGACY),
        checkpoint=networks.checkpoint() if networks is not None else Checkpoint(kind="none"),
        code_digest=f"opencv {cv2.__version__} {code_digest(__name__)}",
        identified=True,
        batch_size=1,
        device=options.device,
    )


def _maker(name: str, networks: Networks | None) -> Callable[[], Any]:
    if networks is not None:
        create = _nano(networks)
        create()
        return create
    where: Any = cv2
    if name in LEGACY:
        where = getattr(cv2, "legacy", None)
    found: Callable[[], Any] | None = getattr(where, f"Tracker{name}_create", None)
    if found is None:
        raise SubmissionError(
            f"OpenCV {cv2.__version__} here has no tracker {name}: it lacks the contributed modules; install "
            "opencv-contrib-python-headless and no other opencv package"
        )
    return found


def _nano(networks: Networks) -> Callable[[], Any]:
    module: Any = cv2
    parameters = module.TrackerNano_Params()
    parameters.backbone, parameters.neckhead = str(networks.backbone), str(networks.head)

    def create() -> Any:
        try:
            return module.TrackerNano_create(parameters)
        except cv2.error as error:
            reason = (str(error).splitlines() or [""])[0][:200]
            raise SubmissionError(f"OpenCV cannot load {networks.backbone} and {networks.head}: {reason}") from None

    return create
