"""A worst sample as a picture with what was answered: outlines of truth and answer, two classes in words, or the answer itself.

What a column holds is told by its name: ``boxes_xywh``, ``boxes_xyxy``, ``box_xyxy`` and ``ellipses`` are in pixels; ``label``
and ``logits`` belong to a class; ``pixels`` with ``size`` (height, width) are a picture. Other answers are not drawn.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from leaderboard.text import name

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]
Row = Mapping[str, NDArray[Any]]
LARGEST_SIDE = 320
OUTLINES = (
    "Solid white outlines are the truth, dashed yellow ones the answer; of boxes with scores the highest are drawn, as many as "
    "there are true ones."
)
BESIDE = "On the left what was given, on the right what was answered."
MOST_OUTLINES = 100
DASH, GAP = 6, 4
HALO, WHITE, YELLOW = (0, 0, 0), (255, 255, 255), (255, 214, 0)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture, uint8 (height, width, 3), at most 644 wide; what it shows, in words; how to read such pictures."""

    pixels: Pixels
    said: str = ""
    legend: str = ""


def drawn(inputs: Mapping[str, Any], truth: Row, answer: Row, facts: Mapping[str, Any]) -> Drawn | None:
    """The sample with its truth and its answer, either of which may lack; None where its input is no picture.

    May raise whatever a stranger's columns or a task's data make NumPy and Pillow raise.
    """
    if "frames" in inputs:
        return _sequence(inputs["frames"], truth, answer)
    image = inputs.get("image")
    if not _is_picture(image):
        return None
    if "pixels" in answer and "size" in answer:
        return _beside(image, answer)
    true, answered = outlines(truth), _best(answer, len(outlines(truth)))
    if true or answered:
        return _outlined(image, true, answered, len(outlines(answer)))
    return Drawn(np.asarray(_fitted(image)[0]), _classes(truth, answer, facts))


def _is_picture(value: Any) -> TypeGuard[Pixels]:
    return isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3 and value.shape[2] == 3


def _xywh(box: Points) -> Points:
    return _xyxy(np.concatenate([box[:2], box[:2] + box[2:]]))


def _xyxy(box: Points) -> Points:
    x0, y0, x1, y1 = box
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


def _ellipse(shape: Points) -> Points:
    """From both radii, the angle in radians, the centre."""
    major, minor, angle, x, y = shape
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    across, down = major * np.cos(turn), minor * np.sin(turn)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([x + across * cos - down * sin, y + across * sin + down * cos], axis=1)


FORMS: dict[str, Callable[[Points], Points]] = {
    "boxes_xywh": _xywh,
    "boxes_xyxy": _xyxy,
    "box_xyxy": _xyxy,
    "ellipses": _ellipse,
}


def outlines(row: Row) -> list[Points]:
    """The closed outlines in a row, each its corners, float64 (corners, 2), in pixels."""
    for column, form in FORMS.items():
        if column in row:
            values = np.atleast_2d(np.asarray(row[column], np.float64))
            return [form(value) for value in values if np.isfinite(value).all() and value.any()]
    return []


def _best(answer: Row, count: int) -> list[Points]:
    """The outlines that were answered, only the highest scores where there are scores."""
    found = outlines(answer)
    scores = answer.get("scores")
    if scores is None or len(scores) != len(found):
        return found
    return [found[place] for place in np.argsort(-np.asarray(scores, np.float64), kind="stable")[: max(1, count)]]


def _outlined(image: Pixels, true: Sequence[Points], answered: Sequence[Points], count: int) -> Drawn:
    from PIL.ImageDraw import Draw

    picture, scale = _fitted(image)
    draw = Draw(picture)
    for outline in true[:MOST_OUTLINES]:
        _line(draw, outline * scale, picture.size, WHITE, dashed=False)
    for outline in answered[:MOST_OUTLINES]:
        _line(draw, outline * scale, picture.size, YELLOW, dashed=True)
    told = f"{len(answered)} of {count}" if len(answered) < count else str(count)
    return Drawn(np.asarray(picture), f"{len(true)} true, {told} answered", OUTLINES)


def _line(
    draw: "ImageDraw", corners: Points, size: tuple[int, int], colour: tuple[int, int, int], *, dashed: bool
) -> None:
    """Walk around the outline a pixel at a time; what lies far outside is brought to the edge, so that no walk is long."""
    closed = np.clip(np.concatenate([corners, corners[:1]]), -8, np.array(size) + 8.0)
    walked = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    steps = np.arange(0, walked[-1] + 1)
    points = np.stack([np.interp(steps, walked, closed[:, axis]) for axis in (0, 1)], axis=1)
    length = DASH if dashed else len(points)
    for width, ink in ((4, HALO), (2, colour)):
        for start in range(0, len(points), length + GAP):
            draw.line([tuple(point) for point in points[start : start + length + 1]], fill=ink, width=width)


def _classes(truth: Row, answer: Row, facts: Mapping[str, Any]) -> str:
    """The true class and the one that was answered first."""
    if "label" not in truth or "logits" not in answer:
        return ""
    true, answered = int(truth["label"]), int(np.argmax(answer["logits"]))
    names = facts.get("categories")
    called = [name(str(names[place])) if isinstance(names, list) and place < len(names) else str(place)
              for place in (true, answered)]  # fmt: skip
    return f"{called[0]}, answered {called[1]}"


def _beside(image: Pixels, answer: Row) -> Drawn:
    """The input and the picture that was answered, at one size."""
    from PIL import Image

    height, width = (int(side) for side in answer["size"])
    pixels = np.asarray(answer["pixels"], np.uint8).reshape(height, width, 3)
    right, _ = _fitted(pixels)
    left = Image.fromarray(image).resize(right.size, Image.Resampling.NEAREST)
    both = Image.new("RGB", (2 * right.width + 4, right.height), WHITE)
    both.paste(left, (0, 0))
    both.paste(right, (right.width + 4, 0))
    return Drawn(np.asarray(both), "", BESIDE)


def _sequence(frames: Any, truth: Row, answer: Row) -> Drawn | None:
    """The frame whose box was missed most, the first of several; None where there are no boxes of both."""
    if "boxes_xywh" not in truth or "boxes_xywh" not in answer:
        return None
    count = min(len(frames), len(truth["boxes_xywh"]), len(answer["boxes_xywh"]))
    true, answered = (np.asarray(row["boxes_xywh"][:count], np.float64) for row in (truth, answer))
    there = np.array(np.isfinite(true).all(axis=1) & (true[:, 2:] > 0).all(axis=1), bool)
    if "absent" in truth:
        there &= ~np.asarray(truth["absent"][:count], bool)
    if not there[1:].any():
        return None
    place = 1 + int(np.argmin(np.where(there, _overlaps(true, answered), np.inf)[1:]))
    image = frames[place]
    if not _is_picture(image):
        return None
    found = _outlined(image, outlines({"boxes_xywh": true[place]}), outlines({"boxes_xywh": answered[place]}), 1)
    return Drawn(found.pixels, f"frame {place + 1} of {len(frames)}, where the boxes overlap least", OUTLINES)


def _overlaps(first: Points, second: Points) -> Points:
    """Intersection over union of boxes (n, 4), x y width height, in pairs; 0 where one is empty."""
    low = np.maximum(first[:, :2], second[:, :2])
    high = np.minimum(first[:, :2] + first[:, 2:], second[:, :2] + second[:, 2:])
    both = np.clip(high - low, 0, None).prod(axis=1)
    union = first[:, 2:].prod(axis=1) + second[:, 2:].prod(axis=1) - both
    return np.where(union > 0, both / np.where(union > 0, union, 1), 0.0)


def _fitted(image: Pixels) -> "tuple[Image, float]":
    """The picture made smaller, or whole times larger without smoothing, to at most 320 pixels a side; and by how much."""
    from PIL import Image

    picture, largest = Image.fromarray(image), max(image.shape[:2])
    scale: float = LARGEST_SIDE // largest if largest <= LARGEST_SIDE else LARGEST_SIDE / largest
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    kind = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.LANCZOS
    return picture.resize(size, kind), scale
