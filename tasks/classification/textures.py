"""Pictures of patterns on a noisy ground, drawn with integers alone: what the generated samples show."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.raw_stream import RawStream, between_points

Picture = NDArray[np.uint8]
_Int = NDArray[np.int64]

COLOURS: Final = (
    (220, 60, 50), (60, 180, 75), (50, 90, 220), (240, 210, 60), (190, 70, 200),
    (70, 200, 210), (240, 140, 50), (240, 240, 240), (40, 40, 45), (150, 110, 70),
)  # fmt: skip
PATTERNS: Final = (
    "rows", "columns", "diagonals", "checks", "dots", "rings", "cross", "disc", "frame", "corner",
)  # fmt: skip


def draw(seed: int, index: int, pattern: int, colour: int | None, height: int, width: int) -> Picture:
    """Picture `index` of `seed`: uint8 (height, width, 3); a colour of None is any."""
    stream = RawStream(seed, index)
    hue = stream.below(len(COLOURS)) if colour is None else colour
    shown = _shape(stream, PATTERNS[pattern], height, width)
    ground = _ground(stream, height, width)
    strength = stream.between(45, 85)
    tint = np.array(COLOURS[hue], np.int64) + stream.array(3, 41) - 20
    mixed = np.where(shown[:, :, None], (ground * (100 - strength) + tint * strength) // 100, ground)
    grain = stream.array((height, width, 3), 61) - 30
    return np.clip(mixed + grain, 0, 255).astype(np.uint8)


def _ground(stream: RawStream, height: int, width: int) -> _Int:
    """Smooth noise of a random colour, int64 (height, width, 3)."""
    cell = max(height, width) // 3
    rows, columns = height // cell + 2, width // cell + 2
    base = stream.array(3, 140) + 50
    layers = [between_points(stream.array((rows, columns), 70), cell, height, width) for _ in range(3)]
    return np.stack(layers, axis=2) + base - 35


def _shape(stream: RawStream, name: str, height: int, width: int) -> NDArray[np.bool_]:
    """Where the pattern is, bool (height, width); sizes and places vary."""
    side = min(height, width)
    y = np.arange(height, dtype=np.int64)[:, None] - height // 2 + stream.between(-side // 8, side // 8)
    x = np.arange(width, dtype=np.int64)[None, :] - width // 2 + stream.between(-side // 8, side // 8)
    period = max(4, side * stream.between(16, 30) // 100)
    half, size = period // 2, side * stream.between(22, 38) // 100
    shapes: dict[str, Callable[[], Any]] = {
        "rows": lambda: (y % period < half) & (x == x),
        "columns": lambda: (x % period < half) & (y == y),
        "diagonals": lambda: (x + y) % period < half,
        "checks": lambda: (x % period < half) ^ (y % period < half),
        "dots": lambda: (x % period - half) ** 2 + (y % period - half) ** 2 < half * half * 2 // 3,
        "rings": lambda: (x * x + y * y) // max(1, period * side // 6) % 2 == 0,
        "cross": lambda: (abs(x) * 3 < size) & (abs(y) < size) | (abs(y) * 3 < size) & (abs(x) < size),
        "disc": lambda: x * x + y * y < size * size,
        "frame": lambda: (np.maximum(abs(x), abs(y)) < size) & (np.maximum(abs(x), abs(y)) * 5 > size * 3),
        "corner": lambda: (x > -size) & (y > -size) & (x + y < 0),
    }
    found: NDArray[np.bool_] = shapes[name]()
    return found
