"""Small challenges and benchmarks, written as files, and results to them."""

from collections.abc import Callable
from pathlib import Path

import pytest

WriteRows = Callable[[Path, list[str]], Path]


@pytest.fixture
def write() -> WriteRows:
    """Write lines to a file whose folder may not be there yet."""

    def run(path: Path, lines: list[str]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return run


@pytest.fixture
def vot_truth(tmp_path: Path, write: WriteRows) -> Path:
    """Two sequences of 12 frames, 40 x 30 pixels, in the official layout."""
    for name in ("Bag", "ball_1"):
        write(tmp_path / "vot" / name / "groundtruth.txt", [f"{i},5,{i + 9},5,{i + 9},14,{i},14" for i in range(12)])
        write(tmp_path / "vot" / name / "sequence", ["width=40", "height=30"])
    return tmp_path / "vot"


@pytest.fixture
def vot_results(tmp_path: Path, write: WriteRows) -> Path:
    """A tracker that fails once in the first sequence."""
    follows = [f"{i},5,9.5,9" for i in range(1, 12)]
    failing = ["1", *follows[:3], "2", "0", "0", "0", "0", "1", *follows[9:]]
    write(tmp_path / "mine" / "baseline" / "bag" / "bag_001.txt", failing)
    write(tmp_path / "mine" / "baseline" / "ball-1" / "ball-1_001.txt", ["1", *follows])
    return tmp_path / "mine"


@pytest.fixture
def otb_truth(tmp_path: Path, write: WriteRows) -> Path:
    """Three of OTB's sequences, Tiger1 with all its 354 frames."""
    for name, frames in (("Human4.2", 20), ("tiger1", 354), ("fleetFace", 30)):
        write(tmp_path / "otb" / f"{name}.txt", [f"{10 + i % 7}\t20\t30\t40" for i in range(frames)])
    write(tmp_path / "otb" / "att" / "tiger1.txt", ["1,0,0,0,0,0,0,0,0,0,1"])
    return tmp_path / "otb"


@pytest.fixture
def otb_results(tmp_path: Path, write: WriteRows) -> Path:
    """Answers to the pixel, in spellings of other toolkits."""
    for name, frames, first in (("human4_2", 20, 0), ("Tiger1", 349, 5), ("fleetface", 30, 0)):
        write(tmp_path / "ope" / f"{name}.txt", [f"{10 + i % 7},20,30,40" for i in range(first, first + frames)])
    return tmp_path / "ope"
