"""The small data set that the project generates itself, in a VOT challenge's official layout."""

from pathlib import Path

from tasks.tracking.scenes import HEIGHT, WIDTH, generate, names, write_frames
from tasks.tracking.vot.data import TAGS


def write_sample(directory: Path) -> None:
    """Write ``list.txt`` and a folder a sequence: frames, ground truth, tags, and the size of the frames."""
    for index, name in enumerate(names()):
        scene = generate(index)
        folder = directory / name
        write_frames(folder / "color", scene.frames, 8)
        corners = scene.corners.reshape(-1, 8).tolist()
        _write(folder / "groundtruth.txt", [",".join(map(str, row)) for row in corners])
        tags = dict.fromkeys(TAGS, scene.visible & ~scene.visible)
        tags |= {"camera_motion": scene.moving_camera, "size_change": scene.growing, "occlusion": ~scene.visible}
        for tag, values in tags.items():
            _write(folder / f"{tag}.tag", [str(int(value)) for value in values])
        _write(folder / "sequence", [f"width={WIDTH}", f"height={HEIGHT}", "channels.color=color/%08d.png"])
    _write(directory / "list.txt", names())


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
