"""The official files on disk -> sentences and truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from harness.columns import ColumnSpec, Table, build_table
from harness.errors import DataError
from harness.images import image_loader
from harness.task import DataRequest, Dataset
from tasks.referring.benchmarks import Benchmark
from tasks.referring.instances import Annotation, Image, Target, read_instances, target
from tasks.referring.refs import Ref, in_split, read_refs
from tasks.referring.tables import read_table

TRUTH: Final = (
    ColumnSpec("image", "int64", description="number of the photograph; sentences of one are resampled together"),
    ColumnSpec("size", "int64", (2,), description="height and width of the photograph, 0 where no masks are"),
    ColumnSpec("box_xyxy", "float64", (4,), description="corners in pixels"),
    ColumnSpec("area", "float64", description="square pixels, of the annotation; of the box where no masks are"),
    ColumnSpec("part", "<U16", description="the split that the file states"),
    ColumnSpec("sentence", "uint8", ragged=True, description="UTF-8"),
    ColumnSpec("mask_once", "uint8", ragged=True, description="run-length code: pixels of exactly one polygon"),
    ColumnSpec("mask_any", "uint8", ragged=True, description="run-length code: pixels of at least one polygon"),
)
_COCO_NAME: Final = "COCO_train2014_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a data set lies."""

    annotations: Path
    """A folder with ``instances.json`` and ``refs(*.p)``, or a table."""
    images: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One sentence with its truth."""

    id: str
    file_name: str
    image: int
    size: tuple[int, int]
    box_xyxy: tuple[float, float, float, float]
    area: float
    part: str
    sentence: str
    once: bytes = b""
    any: bytes = b""


@dataclass(frozen=True, slots=True)
class _Loader:
    """Decodes one sentence's photograph and gives it with the sentence."""

    image: Any
    sentences: Mapping[str, str]

    def __call__(self, id: str) -> dict[str, Any]:
        return {**self.image(id), "sentence": self.sentences[id]}


def holds(folder: Path, benchmark: Benchmark, partition: str, split: str) -> Place | None:
    """The benchmark's files below `folder`: the toolbox's ``data``, a folder of its layout, or the benchmark's own folder."""
    if benchmark.csv:
        table = folder / benchmark.csv.format(split=split)
        return Place(annotations=table, images=folder / benchmark.image_folders[0]) if table.is_file() else None
    for annotations, root in ((folder / benchmark.folder, folder), (folder, folder.parent)):
        if annotations.name == benchmark.folder and _has_refs(annotations, partition):
            places = [root / name for name in benchmark.image_folders]
            return Place(annotations=annotations, images=next((p for p in places if p.is_dir()), places[0]))
    return None


def _has_refs(folder: Path, partition: str) -> bool:
    named = any((folder / f"refs({partition}).{kind}").is_file() for kind in ("p", "json"))
    return named and (folder / "instances.json").is_file()


def stated(benchmark: Benchmark, request: DataRequest, partition: str) -> Place:
    """What ``--annotations`` names: a table, the folder of ``instances.json``, or ``refs(*.p)`` itself."""
    path = request.annotations
    assert path is not None
    if benchmark.csv:
        if path.is_dir():
            raise DataError(f"{path} is a folder; --annotations names the table of {benchmark.id}, a .csv file")
        return Place(annotations=path, images=request.images)
    folder = path if path.is_dir() else path.parent
    if not _has_refs(folder, partition):
        raise DataError(f"{folder} does not hold refs({partition}).p and instances.json")
    return Place(annotations=folder, images=request.images)


def open_dataset(benchmark: Benchmark, place: Place, request: DataRequest, partition: str, split: str) -> Dataset:
    """Read the sentences of a split with their truth, and find the photographs; raises DataError."""
    items, count = _from_table(benchmark, place) if benchmark.csv else _from_refs(place, partition, split)
    if not items:
        raise DataError(f"{place.annotations} has no sentence of the split {split}")
    names = {item.id: item.file_name for item in items}
    of_coco = len({name for name in names.values() if Path(name).name.startswith(_COCO_NAME)})
    load = None
    if request.with_inputs:
        images = request.images or place.images
        load = _Loader(image_loader(images, names, place.annotations), {item.id: item.sentence for item in items})
    return Dataset(
        split=split,
        ids=tuple(item.id for item in items),
        truth=_truth(items),
        load=load,
        facts={
            "partition": partition,
            "images": len(set(names.values())),
            "images_in_coco_train2014": of_coco,
        },
        identity={"benchmark": benchmark.id, "partition": partition},
        custom=benchmark.official.get((partition, split)) != count,
        warnings=_warnings(place, items) if benchmark.masks else (),
    )


def _truth(items: Sequence[_Item]) -> Table:
    rows: list[dict[str, Any]] = [
        {
            "image": np.int64(item.image),
            "size": np.array(item.size, np.int64),
            "box_xyxy": np.array(item.box_xyxy, np.float64),
            "area": np.float64(item.area),
            "part": np.array(item.part, "<U16"),
            "sentence": np.frombuffer(item.sentence.encode("utf-8", "surrogateescape"), np.uint8),
            "mask_once": np.frombuffer(item.once, np.uint8),
            "mask_any": np.frombuffer(item.any, np.uint8),
        }
        for item in items
    ]
    return build_table([item.id for item in items], rows, TRUTH)


def _from_table(benchmark: Benchmark, place: Place) -> tuple[list[_Item], int]:
    phrases = read_table(place.annotations, extension=".jpg" if benchmark.id == "flickr30k" else "")
    numbers: dict[str, int] = {}
    items = []
    for phrase in phrases:
        left, top, right, bottom = phrase.box_xyxy
        items.append(
            _Item(
                id=phrase.id, file_name=phrase.image, image=numbers.setdefault(phrase.image, len(numbers)), size=(0, 0),
                box_xyxy=phrase.box_xyxy, area=(right - left) * (bottom - top), part="", sentence=phrase.text,
            )
        )  # fmt: skip
    return items, len(items)


def _from_refs(place: Place, partition: str, split: str) -> tuple[list[_Item], int]:
    folder = place.annotations
    refs_path, instances_path = folder / f"refs({partition}).p", folder / "instances.json"
    refs = [(index, ref) for index, ref in enumerate(read_refs(refs_path)) if in_split(ref, split)]
    if not refs:
        return [], 0
    images, annotations = read_instances(instances_path)
    items: list[_Item] = []
    for index, ref in refs:
        where = f"{refs_path}: reference {index} (ref_id {ref.ref_id})"
        place_in_file, annotation, image = _meant(where, instances_path, ref, images, annotations)
        items += _sentences(ref, image, target(instances_path, place_in_file, annotation, image))
    return items, len(refs)


def _meant(
    where: str, path: Path, ref: Ref, images: Mapping[int, Image], annotations: Mapping[int, tuple[int, Annotation]]
) -> tuple[int, Annotation, Image]:
    if ref.ann_id not in annotations:
        raise DataError(f"{where}: the annotation {ref.ann_id} is not in {path}")
    place, annotation = annotations[ref.ann_id]
    if ref.image_id not in images or annotation.image_id != ref.image_id:
        raise DataError(f"{where}: its image is {ref.image_id}, the annotation's in {path} is {annotation.image_id}")
    return place, annotation, images[ref.image_id]


def _sentences(ref: Ref, image: Image, meant: Target) -> list[_Item]:
    return [
        _Item(
            id=str(sentence.sent_id), file_name=image.file_name, image=image.id, size=(image.height, image.width),
            box_xyxy=meant.box_xyxy, area=meant.area, part=ref.split, sentence=sentence.sent, once=meant.once, any=meant.any,
        )
        for sentence in ref.sentences
    ]  # fmt: skip


def _warnings(place: Place, items: Sequence[_Item]) -> tuple[str, ...]:
    differ = sum(item.once != item.any for item in items)
    if not differ:
        return ()
    return (
        f"{place.annotations.name}: the polygons of {differ} of {len(items)} sentences' objects overlap; protocols count those "
        "pixels in (> 0) or out (== 1), as their sources do",
    )
