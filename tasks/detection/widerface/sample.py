"""The small data set that the project generates itself, in WIDER FACE's official layout: 60 images of drawn faces."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.mat import Cell, MatValue
from harness.mat_writer import write_mat
from tasks.detection.widerface.drawing import EVENTS, Face, generate
from tasks.detection.widerface.ground_truth import FACES, SETTINGS

SEED: Final = 20151123
COUNT: Final = 60
LOWEST: Final = {"easy": 48, "medium": 24, "hard": 12}
"""The height, pixels, from which a face counts; one that a bar hides counts as hard only."""


def write_sample(directory: Path) -> None:
    """Write `WIDER_val/images/EVENT/*.png` and the four .mat files of `eval_tools/ground_truth`, which come last."""
    from PIL import Image

    names: list[list[str]] = [[] for _ in EVENTS]
    faces: list[list[list[Face]]] = [[] for _ in EVENTS]
    for index, (event, pixels, found) in enumerate(generate(SEED, COUNT)):
        number, _, title = EVENTS[event].partition("--")
        name = f"{number}_{title}_{title}_{number}_{17 * index + 5}"
        path = directory / "WIDER_val" / "images" / EVENTS[event] / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        names[event].append(name)
        faces[event].append(found)
    _write_ground_truth(directory / "eval_tools" / "ground_truth", names, faces)


def _write_ground_truth(folder: Path, names: list[list[str]], faces: list[list[list[Face]]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    variables: dict[str, MatValue] = {
        "event_list": _column(list(EVENTS)),
        "file_list": _column([_column(list(of_event)) for of_event in names]),
        "face_bbx_list": _column([_column([_boxes(found) for found in of_event]) for of_event in faces]),
    }
    for setting in SETTINGS:
        chosen = _column([_column([_counted(found, setting) for found in of_event]) for of_event in faces])
        write_mat(folder / f"wider_{setting}_val.mat", {**variables, "gt_list": chosen})
    write_mat(folder / FACES, variables)


def _column(values: list[MatValue]) -> Cell:
    return Cell((len(values), 1), values)


def _boxes(faces: list[Face]) -> NDArray[np.int32]:
    return np.array([(face.x, face.y, face.width, face.height) for face in faces], np.int32).reshape(-1, 4)


def _counted(faces: list[Face], setting: str) -> NDArray[np.float64]:
    """The numbers, from 1, of the faces that count."""
    lowest = LOWEST[setting]
    numbers = [
        number
        for number, face in enumerate(faces, start=1)
        if face.height >= lowest and (setting == "hard" or not face.hidden)
    ]
    return np.array(numbers, np.float64).reshape(-1, 1)
