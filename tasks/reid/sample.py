"""The small data set that the project generates itself, in the official layout of each benchmark.

24 people under 3 cameras (2 views for CUHK03), 3 pictures each, one of them the query; 24 pictures of other people, and for
Market-1501 12 pieces of junk and more pictures for multi-query. BMP, because its bytes do not depend on a compressor's version.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tasks.reid.benchmarks import Benchmark
from tasks.reid.pedestrians import Picture, part_of_person, picture

SEED = 20200124
PEOPLE = 24
OTHERS = 24
JUNK = 12
SHOTS = 3
FURTHER_SHOTS = 2


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its role, whose it is (0: nobody's among the queries, -1: junk), camera and number."""

    role: str
    identity: int
    camera: int
    number: int
    pixels: Picture


def write_sample(directory: Path, benchmark: Benchmark) -> None:
    """Write the sample of a benchmark under `directory`."""
    if benchmark.lists:
        _write_lists(directory, benchmark)
        return
    for below in [f"{split}/" if len(benchmark.splits) > 1 else "" for split in benchmark.splits]:
        for shot in shots(benchmark):
            path = directory / (below + benchmark.folders[shot.role]) / _name(benchmark, shot)
            _save(shot.pixels, path)


def shots(benchmark: Benchmark) -> Iterator[Shot]:
    """Every picture of a benchmark's sample."""
    cameras = (1, 2) if benchmark.id == "cuhk03-np" else (1, 2, 3)
    for identity in range(1, PEOPLE + 1):
        for camera in cameras:
            for number in range(SHOTS):
                role = "gallery" if number else "query"
                yield Shot(role, identity, camera, number, picture(SEED, identity, camera, number))
            for number in range(SHOTS, SHOTS + FURTHER_SHOTS) if benchmark.id == "market1501" else ():
                yield Shot("multi_query", identity, camera, number, picture(SEED, identity, camera, number))
    for index in range(OTHERS):
        camera, number = cameras[index % len(cameras)], SHOTS + index
        identity = 0 if benchmark.id == "market1501" else PEOPLE + 1 + index
        yield Shot("gallery", identity, camera, number, picture(SEED, 1000 + index, camera, 0))
    for index in range(JUNK) if benchmark.id == "market1501" else ():
        camera = cameras[index % len(cameras)]
        yield Shot("gallery", -1, camera, index, part_of_person(SEED, 1 + index, camera))


def _name(benchmark: Benchmark, shot: Shot) -> str:
    if benchmark.id == "cuhk03-np":
        return f"1_{shot.identity:03d}_{shot.camera}_{shot.number + 1:02d}.bmp"
    if benchmark.id == "dukemtmc":
        return f"{shot.identity:04d}_c{shot.camera}_f{shot.number * 60 + 1000:07d}.bmp"
    who = "-1" if shot.identity < 0 else f"{shot.identity:04d}"
    return f"{who}_c{shot.camera}s1_{shot.number * 25 + 151:06d}_{shot.number:02d}.bmp"


def _write_lists(directory: Path, benchmark: Benchmark) -> None:
    """MSMT17's two lists, and the pictures that they name; its people count from 0."""
    lines: dict[str, list[str]] = {role: [] for role in benchmark.lists}
    for shot in shots(benchmark):
        identity = shot.identity - 1
        name = f"{identity:04d}/{identity:04d}_{shot.number:03d}_{shot.camera:02d}_0303morning_{shot.number:04d}_0.bmp"
        _save(shot.pixels, directory / benchmark.image_folders[0] / name)
        lines[shot.role].append(f"{name} {identity}\n")
    for role, file in benchmark.lists.items():
        (directory / file).write_text("".join(lines[role]), encoding="utf-8")


def _save(pixels: Picture, path: Path) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
