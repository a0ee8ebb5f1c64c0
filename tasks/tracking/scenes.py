"""Generated sequences: a patterned parallelogram moves over a textured ground. Whole-number arithmetic throughout."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.raw_stream import RawStream

Ints = NDArray[np.int64]
WIDTH: Final = 80
HEIGHT: Final = 60
COUNT: Final = 24
LONG: Final = frozenset({5, 11, 17, 23})
"""Which sequences are as long as VOT's interval of lengths asks for; the others keep the sample small."""
_SEED: Final = 20_181_019
_PALETTE: Final = ((232, 64, 48), (48, 120, 232), (240, 196, 32), (40, 176, 96), (176, 72, 208), (248, 248, 240))


@dataclass(frozen=True, slots=True)
class Scene:
    """One sequence."""

    frames: NDArray[np.uint8]
    """(n, height, width, 3)."""
    corners: Ints
    """(n, 4, 2): x, y of the corners, clockwise from the upper left; they may lie outside the frame."""
    visible: NDArray[np.bool_]
    """(n,): False where the target is hidden or out of the frame."""
    moving_camera: NDArray[np.bool_]
    growing: NDArray[np.bool_]

    @property
    def boxes(self) -> Ints:
        """The bounding boxes, (n, 4): x, y, width, height."""
        low, high = self.corners.min(axis=1), self.corners.max(axis=1)
        return np.concatenate([low, high - low], axis=1)


def names() -> list[str]:
    """The names of the sequences."""
    return [f"shape{index + 1:02d}" for index in range(COUNT)]


def generate(index: int) -> Scene:
    """Sequence `index`, the same on every machine."""
    stream = RawStream(_SEED, index)
    count = 120 if index in LONG else 24 + stream.below(9)
    camera = np.zeros((count, 2), np.int64) if index % 3 else np.arange(count)[:, None] * (1 + stream.below(2), 1)
    corners = _track(stream, count, leaves=index % 6 == 4)
    hidden = np.zeros(count, np.bool_)
    if index % 5 == 2:
        hidden[count // 2 : count // 2 + 3] = True
    ground, target = _texture(stream), _texture(stream)
    color = np.array(_PALETTE[stream.below(len(_PALETTE))], np.int64)
    frames = np.stack(
        [
            _draw(ground, target, color, quad, shift, bool(h))
            for quad, shift, h in zip(corners, camera, hidden, strict=True)
        ]
    )
    low, high = corners.min(axis=1), corners.max(axis=1)
    inside = (high > 0).all(axis=1) & (low < (WIDTH, HEIGHT)).all(axis=1)
    sides = high - low
    return Scene(
        frames=frames,
        corners=corners,
        visible=inside & ~hidden,
        moving_camera=np.concatenate([[False], np.diff(camera, axis=0).any(axis=1)]),
        growing=np.concatenate([[False], (np.diff(sides, axis=0) != 0).any(axis=1)]),
    )


def _track(stream: RawStream, count: int, *, leaves: bool) -> Ints:
    """Corners of a parallelogram that bounces off the border, or leaves the frame and comes back."""
    size = np.array([14 + stream.below(10), 12 + stream.below(8)])
    place = np.array([8 + stream.below(30), 8 + stream.below(20)])
    step = np.array([1 + stream.below(3), stream.below(3)]) * (1 - 2 * stream.below(2))
    lean, growth = stream.below(7) - 3, stream.below(3)
    found = []
    for frame in range(count):
        width, height = size + growth * (abs(frame % 16 - 8) // 4)
        x, y = place
        found.append([(x + lean, y), (x + width + lean, y), (x + width - lean, y + height), (x - lean, y + height)])
        place = place + step
        border = np.array([WIDTH - 2, HEIGHT - 2]) - size
        margin = size + 4 if leaves else np.array([2, 2])
        step = np.where(place < margin - (2 * margin if leaves else 0), abs(step), step)
        step = np.where(place > border + (2 * margin if leaves else 0) - margin, -abs(step), step)
    return np.array(found, np.int64)


def _texture(stream: RawStream) -> tuple[Ints, Ints]:
    """Directions and periods of three waves, and a colour for each."""
    waves = np.array([[stream.between(-3, 3), stream.between(1, 4), stream.between(14, 40)] for _ in range(3)])
    return waves, np.array([[stream.between(10, 60) for _ in range(3)] for _ in range(3)])


def _shade(texture: tuple[Ints, Ints], x: Ints, y: Ints) -> Ints:
    """Triangle waves of whole numbers at x and y: int64 (..., 3) in 0 .. 180."""
    total = np.zeros((*x.shape, 3), np.int64)
    for (a, b, period), color in zip(*texture, strict=True):
        phase = (a * x + b * y) % (2 * period)
        wave = np.minimum(phase, 2 * period - phase) * 8 // period
        total += wave[..., None] * color // 8
    return total


def _draw(
    ground: tuple[Ints, Ints], target: tuple[Ints, Ints], color: Ints, quad: Ints, shift: Ints, hidden: bool
) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.int64)
    pixels = 40 + _shade(ground, x + shift[0], y + shift[1])
    if not hidden:
        inside = _inside(quad, x, y)
        local = _shade(target, 5 * (x - quad[0, 0]), 5 * (y - quad[0, 1]))
        pixels = np.where(inside[..., None], (color + 3 * local) * 255 // (255 + 3 * 180), pixels)
    # Few colours, so that the files are small.
    return (np.clip(pixels, 0, 255) // 24 * 24).astype(np.uint8)


def _inside(quad: Ints, x: Ints, y: Ints) -> NDArray[np.bool_]:
    """Which pixels' centres lie within the corners, clockwise."""
    found = np.ones(x.shape, np.bool_)
    for (x1, y1), (x2, y2) in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        found &= (x2 - x1) * (2 * y + 1 - 2 * y1) - (y2 - y1) * (2 * x + 1 - 2 * x1) >= 0
    return found


def write_frames(directory: Path, frames: NDArray[np.uint8], digits: int) -> None:
    """Write frames of at most 256 colours each as ``0001.png`` ... with so many digits."""
    from PIL import Image

    directory.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames, 1):
        packed, indices = np.unique(frame.astype(np.int64) @ (1 << 16, 1 << 8, 1), return_inverse=True)
        image = Image.fromarray(indices.reshape(frame.shape[:2]).astype(np.uint8))
        image.putpalette((packed[:, None] >> (16, 8, 0) & 255).astype(np.uint8).tobytes())
        image.save(directory / f"{number:0{digits}d}.png")
