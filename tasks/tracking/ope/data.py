"""A one-pass benchmark on disk -> sequences, their ground truth, their frames."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from harness.columns import ColumnSpec, build_table
from harness.errors import DataError
from harness.task import DataRequest, Dataset
from tasks.tracking import toolkit_json
from tasks.tracking.files import open_tree
from tasks.tracking.frames import Frames, ImageFolders, list_images
from tasks.tracking.names import key, shortened
from tasks.tracking.ope.annotations import Annotated, bare, from_json, from_texts
from tasks.tracking.ope.benchmarks import Benchmark
from tasks.tracking.ope.rules import RULES

TRUTH: Final = (
    ColumnSpec("boxes_xywh", "float64", (4,), ragged=True, group="frames", finite=False, description="pixels"),
    ColumnSpec("absent", "bool", ragged=True, group="frames", description="the target is out of sight"),
)


def open_dataset(root: Path | None, request: DataRequest, split: str, benchmark: Benchmark) -> Dataset:
    """Read the annotations and find the frames; raises DataError for what is missing."""
    source = request.annotations or annotation_source(root, benchmark, split)
    if source is None:
        raise DataError("the annotations are not given: name them with --data DIR or --annotations PATH")
    found = (
        from_json(source, benchmark)
        if toolkit_json.is_json(source)
        else from_texts(open_tree(source, DataError), benchmark, split)
    )
    found = {name: _cut(name, sequence, benchmark) for name, sequence in found.items()}
    found = _at_frame_rate(found, request.images or root or request.annotations, benchmark, split)
    _check_absence(found, request, benchmark, source)
    official = [name for name in benchmark.names if name in found]
    ids = tuple(official) if official else tuple(sorted(found))
    frames = sum(len(found[id].boxes) for id in ids)
    custom = len(official) < len(benchmark.names) or frames != (benchmark.frames or frames)
    return Dataset(
        split="custom" if custom and request.annotations is not None else split,
        ids=ids,
        truth=build_table(ids, [_row(found[id]) for id in ids], TRUTH),
        load=_loader(found, ids, request.images or root, benchmark, split, source) if request.with_inputs else None,
        facts={"attributes": {id: list(found[id].attributes or ()) for id in ids if found[id].attributes is not None}},
        warnings=_warnings(source, official, benchmark),
        custom=custom,
    )


def _warnings(source: Path, official: list[str], benchmark: Benchmark) -> tuple[str, ...]:
    lacking = [name for name in benchmark.names if name not in official]
    if not official or not lacking:
        return ()
    return (
        f"{source} holds {len(official)} of the {len(benchmark.names)} sequences of {benchmark.title} (not "
        f"{shortened(lacking)}), so the score is not to be compared with the benchmark's",
    )


def _cut(name: str, sequence: Annotated, benchmark: Benchmark) -> Annotated:
    """Leave out the first frames that the benchmark does not score, where the annotations still have them."""
    first, annotated = benchmark.omitted.get(name, (0, 0))
    if not first or len(sequence.boxes) != annotated:
        return sequence
    images = sequence.images[first:] if len(sequence.images) == annotated else sequence.images
    return replace(sequence, boxes=sequence.boxes[first:], images=images)


def _at_frame_rate(
    found: Mapping[str, Annotated], root: Path | None, benchmark: Benchmark, split: str
) -> dict[str, Annotated]:
    """Annotations of a higher frame rate at the rate of the frames, as got10k's datasets/nfs.py takes them.

    Which they are is seen from the number of frames, so the frames must be there, also where only results are scored.
    """
    step = benchmark.every.get(split, 0)
    if not step or root is None or not (root.is_dir() or root.suffix == ".zip"):
        return dict(found)
    images = list_images(root)
    folders = _by_sequence(images, benchmark, split)
    taken = {}
    for name, sequence in found.items():
        count = len(images.frames(folders[key(name)])) if key(name) in folders else 0
        many = count and abs(len(sequence.boxes) / count - step) < 1
        boxes = sequence.boxes[::step] if many else sequence.boxes
        # One line more than there are frames is left out; one frame more is left out with the frames.
        taken[name] = replace(sequence, boxes=boxes[:-1] if len(boxes) == count + 1 and count else boxes)
    return taken


def _row(sequence: Annotated) -> dict[str, Any]:
    absent = np.zeros(len(sequence.boxes), np.bool_) if sequence.absent is None else sequence.absent
    return {"boxes_xywh": sequence.boxes, "absent": absent}


def _check_absence(found: Mapping[str, Annotated], request: DataRequest, benchmark: Benchmark, source: Path) -> None:
    lacking = [name for name, sequence in found.items() if sequence.absent is None]
    protocol = request.protocol or benchmark.protocols[0]
    if benchmark.absence and lacking and RULES[protocol].drop_absent:
        raise DataError(
            f"{source} does not say when the target is absent in {shortened(lacking)}, which protocol {protocol} needs: "
            "add absent/NAME.txt, or full_occlusion.txt and out_of_view.txt beside groundtruth.txt"
        )


def annotation_source(root: Path | None, benchmark: Benchmark, split: str) -> Path | None:
    """pysot's JSON file in `root` where there is one, else `root` itself."""
    if root is None:
        return None
    for name in toolkit_files(benchmark, split):
        if (root / name).is_file():
            return root / name
    return root


def toolkit_files(benchmark: Benchmark, split: str) -> tuple[str, ...]:
    """How pysot's file is called; NFS has one for each frame rate."""
    return (f"NFS{split}.json",) if benchmark.id == "nfs" else (f"{benchmark.toolkit}.json",)


def is_root(folder: Path, benchmark: Benchmark, split: str) -> bool:
    """Whether the benchmark lies in `folder`: the toolkit's file, or annotations of at least one sequence."""
    if any((folder / name).is_file() for name in toolkit_files(benchmark, split)):
        return True
    patterns = ("*/groundtruth*.txt", "*/*/groundtruth*.txt", "anno*/*.txt", "anno/*/*.txt", f"*/{split}/*.txt")
    if any(next(folder.glob(pattern), None) is not None for pattern in patterns):
        return True
    known = {key(name) for name in benchmark.names}
    return any(bare(path.stem, benchmark) in known for path in folder.glob("*.txt"))


def _loader(
    found: Mapping[str, Annotated],
    ids: tuple[str, ...],
    source: Path | None,
    benchmark: Benchmark,
    split: str,
    where: Path,
) -> Callable[[str], Mapping[str, Any]]:
    """What opens a sequence; the number of its frames is checked now, none is decoded."""
    if source is None:
        raise DataError("the frames are not given: name their folder or zip with --images or --data")
    images = list_images(source)
    folders = _by_sequence(images, benchmark, split)
    frames = {id: _frames(id, found[id], images, folders, benchmark, where) for id in ids}

    def load(id: str) -> Mapping[str, Any]:
        return {"frames": frames[id], "region": found[id].boxes[0].copy()}

    return load


def _by_sequence(images: ImageFolders, benchmark: Benchmark, split: str) -> dict[str, str]:
    """Key of a sequence or video -> its folder of frames: ``NAME/img``, or one that is called as the sequence."""
    found: dict[str, str] = {}
    for folder in images.folders:
        parts = [part for part in folder.split("/") if part.lower() not in ("img", "imgs", "color")]
        if {"30", "240"} & set(parts) and split not in parts:
            continue
        found.setdefault(bare(parts[-1] if parts else "", benchmark), folder)
    return found


def _frames(
    id: str, sequence: Annotated, images: ImageFolders, folders: Mapping[str, str], benchmark: Benchmark, where: Path
) -> Frames:
    if sequence.images and (named := images.named(sequence.images)) is not None:
        return named
    wanted = key(id)
    # Several targets, or several parts, of one video lie in one folder.
    folder = folders.get(wanted, folders.get(wanted.rpartition("-")[0]))
    if folder is None:
        raise DataError(f"{images.root} holds no frames of {id}, which {where} annotates; name them with --images")
    listed, count = images.frames(folder), len(sequence.boxes)
    first, last = benchmark.ranges.get(id, (1, count))
    if len(listed) >= last and len(listed) != count and last - first + 1 == count:
        return images.frames(folder, slice(first - 1, last))
    if len(listed) == count + 1:
        return images.frames(folder, slice(0, count))
    if len(listed) != count:
        raise DataError(f"{images.root / folder} holds {len(listed)} frames of {id}, annotated are {count}")
    return listed
