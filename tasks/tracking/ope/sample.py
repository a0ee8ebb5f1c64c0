"""The small data set that the project generates itself, in the official layouts of the one-pass benchmarks."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.tracking.ope.benchmarks import Benchmark
from tasks.tracking.scenes import Scene, generate, names, write_frames

FRAMES = 24
"""How many of a sequence's frames are taken."""


def write_sample(directory: Path, benchmark: Benchmark) -> None:
    """Write annotations, attributes and frames where `benchmark` keeps them."""
    write = {"uav123": _write_uav123, "nfs": _write_nfs, "lasot": _write_lasot}.get(benchmark.id, _write_otb)
    for index, name in enumerate(names()):
        write(directory, name, generate(index))


def _write_otb(directory: Path, name: str, scene: Scene) -> None:
    write_frames(directory / name / "img", scene.frames[:FRAMES], 4)
    _write(directory / name / "groundtruth_rect.txt", _rows(scene.boxes, "\t"))
    _write(directory / name / "attrs.txt", [", ".join(attributes(scene))])


def _write_uav123(directory: Path, name: str, scene: Scene) -> None:
    write_frames(directory / "data_seq" / "UAV123" / name, scene.frames[:FRAMES], 6)
    shown = _rows(scene.boxes, ",")
    lines = [row if there else "NaN,NaN,NaN,NaN" for row, there in zip(shown, scene.visible, strict=False)]
    _write(directory / "anno" / "UAV123" / f"{name}.txt", lines)
    # Scale variation, full occlusion, out of view and camera motion are what the scenes have.
    flags = [0] * 12
    flags[0], flags[4], flags[6], flags[10] = (int(name in attributes(scene)) for name in ("SV", "OCC", "OV", "CM"))
    _write(directory / "anno" / "UAV123" / "att" / f"{name}.txt", [",".join(map(str, flags))])


def _write_nfs(directory: Path, name: str, scene: Scene) -> None:
    write_frames(directory / name / "30" / name, scene.frames[:FRAMES], 5)
    lines = [
        f'0 {x} {y} {x + width} {y + height} {frame} 0 0 0 "shape"'
        for frame, (x, y, width, height) in enumerate(scene.boxes[:FRAMES].tolist())
    ]
    _write(directory / name / "30" / f"{name}.txt", lines)


def _write_lasot(directory: Path, name: str, scene: Scene) -> None:
    folder = directory / name.rstrip("0123456789") / name
    write_frames(folder / "img", scene.frames[:FRAMES], 8)
    _write(folder / "groundtruth.txt", _rows(scene.boxes, ","))
    outside = ~scene.visible[:FRAMES] & _outside(scene)
    hidden = ~scene.visible[:FRAMES] & ~outside
    _write(folder / "full_occlusion.txt", [",".join(str(int(flag)) for flag in hidden)])
    _write(folder / "out_of_view.txt", [",".join(str(int(flag)) for flag in outside)])


def attributes(scene: Scene) -> list[str]:
    """What the frames that are taken show, as OTB abbreviates it; CM, a moving camera, is UAV123's."""
    taken = slice(0, FRAMES)
    found = {
        "SV": scene.growing[taken].any(),
        "OCC": (~scene.visible[taken] & ~_outside(scene)).any(),
        "OV": _outside(scene).any(),
        "CM": scene.moving_camera[taken].any(),
    }
    return [name for name, there in found.items() if there]


def _outside(scene: Scene) -> NDArray[np.bool_]:
    """Frames in which the target has left the picture."""
    height, width = scene.frames.shape[1:3]
    boxes = scene.boxes[:FRAMES]
    far = np.any(boxes[:, :2] >= (width, height), axis=1)
    outside: NDArray[np.bool_] = far | np.any(boxes[:, :2] + boxes[:, 2:] <= 0, axis=1)
    return outside


def _rows(boxes: NDArray[np.int64], separator: str) -> list[str]:
    return [separator.join(map(str, row)) for row in boxes[:FRAMES].tolist()]


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
