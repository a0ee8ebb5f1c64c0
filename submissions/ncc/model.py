"""The tracker: a template from the first frame, and where it fits best around the last place."""

from math import floor

import numpy as np
from numpy.typing import NDArray

from harness.submission import BuildContext

from .matching import correlation, grey

Image = NDArray[np.uint8]
Float = NDArray[np.float64]


class TemplateMatcher:
    """See `harness.submission.Method`. Neither the template nor the size of the box ever changes."""

    def init(self, frame: Image, box: Float) -> None:
        """Take the template: `frame` uint8 RGB (h, w, 3), `box` x, y, width, height in pixels."""
        height, width = frame.shape[:2]
        x, y = (min(max(floor(low), 0), most - 1) for low, most in zip(box[:2], (width, height), strict=True))
        right, bottom = floor(box[0] + box[2]), floor(box[1] + box[3])
        self._template = grey(frame)[y : max(bottom, y + 1), x : max(right, x + 1)]
        self._box = np.array(box, np.float64)
        # Of a box that reaches out of the frame only a part can be matched, and not every box starts at a whole pixel.
        self._offset = box[:2] - (x, y)

    def update(self, frame: Image) -> dict[str, Float | float]:
        """The best place within the window, and the coefficient there as its score."""
        height, width = frame.shape[:2]
        reach = self._box[2:].max()
        low = np.floor(np.maximum(self._box[:2] - reach, 0)).astype(int)
        high = np.floor(np.minimum(self._box[:2] + self._box[2:] + reach, (width, height))).astype(int)
        window = grey(frame[low[1] : high[1], low[0] : high[0]])
        if any(have < need for have, need in zip(window.shape, self._template.shape, strict=True)):
            return {"box": self._box, "score": 0.0}
        found = correlation(window, self._template)
        row, column = np.unravel_index(found.argmax(), found.shape)
        score = float(found[row, column])
        if found.any():
            self._box[:2] = low + np.array([column, row]) + self._offset
        return {"box": self._box.copy(), "score": score}


def build(context: BuildContext) -> TemplateMatcher:
    """The tracker; it has neither weights nor options."""
    return TemplateMatcher()
