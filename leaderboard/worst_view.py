"""The worst samples as pictures, where the data are the project's own: those of the generated sample that a home keeps.

A benchmark's pictures belong to its owners; their samples are named by their ids only, in the record's table.
"""

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.dataset import Dataset
from harness.details import WORST
from harness.layout import MARKER
from harness.record import DetailTable, Record
from harness.registry import find_task, task_names
from harness.task import DataRequest
from leaderboard.entries import Entry
from leaderboard.text import clean, name
from leaderboard.view import Section, Thumbnail

STYLE = "worst/1"
MOST_SHOWN = 6
LARGEST_SIDE = 240
WritePicture = Callable[[str, Callable[[], bytes]], str]
"""Writes a picture under a name that follows from its content, unless it is there; gives its path from the site's root."""


@dataclass(frozen=True, slots=True)
class Worst:
    """One of a record's worst samples: its id, and how badly it was answered."""

    id: str
    how: str


def worst_section(entries: Sequence[Entry], write: WritePicture) -> list[Section]:
    """The worst samples of the first of `entries` whose data the project made and its home keeps."""
    for entry in entries:
        table = next((table for table in entry.record.tables if table.name == WORST), None)
        if table is None or entry.record.task.origin != "sample":
            continue
        thumbnails = list(_thumbnails(entry, table, write))
        if thumbnails:
            about = f"Of record {entry.record.id[:8]}, on the generated sample: what was answered worst comes first."
            title = clean(table.title, 120) or "Worst samples"
            return [Section(id="worst", title=title, paragraphs=[about], thumbnails=thumbnails)]
    return []


def _thumbnails(entry: Entry, table: DetailTable, write: WritePicture) -> Iterator[Thumbnail]:
    try:
        dataset = _sample(entry)
    except Exception:  # a task of somebody else's may raise anything, and the page is made without its pictures
        return
    if dataset is None or dataset.load is None:
        return
    places = {id: place for place, id in enumerate(dataset.ids)}
    title = name(table.columns[1]) if len(table.columns) > 1 else ""
    for row in table.rows[:MOST_SHOWN]:
        id, how = str(row[0]), str(row[1]) if len(row) > 1 else ""
        image = _image(dataset, places[id]) if id in places else None
        if image is not None:
            height, width = image.shape[:2]
            said = f"{name(id)}: {clean(how[:6], 20)} {title}".strip()
            path = write(_stem(entry.record, id), lambda image=image: _png(image))  # type: ignore[misc]
            yield Thumbnail(path=path, alt=f"Sample {name(id)}", caption=said, width=width, height=height)


def _sample(entry: Entry) -> Dataset | None:
    """The generated sample that the record was made on, if its home still has it and the task still makes the same."""
    record = entry.record
    if record.task.id not in task_names():
        return None
    task = find_task(record.task.id)
    if task.code_digest() != record.task.code_digest:
        return None
    folder = entry.home.path / "samples" / f"{task.meta.id}-{task.meta.version}-{task.code_digest()[:8]}"
    if not (folder / MARKER).is_file():
        return None
    return task.open(DataRequest(data=folder, split=record.task.split))


def _image(dataset: Dataset, place: int) -> NDArray[np.uint8] | None:
    """The sample's picture, uint8 (height, width, 3), at most 240 pixels a side; None where it is no picture."""
    from PIL import Image

    try:
        image = dataset.sample(place).inputs.get("image")
    except Exception:  # as above
        return None
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        return None
    picture = Image.fromarray(image)
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return np.asarray(picture)


def _png(image: NDArray[np.uint8]) -> bytes:
    """Encoded anew: nothing but the pixels goes along."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image).save(stream, format="PNG")
    return stream.getvalue()


def _stem(record: Record, id: str) -> str:
    text = "\0".join((STYLE, record.task.id, record.task.code_digest, record.task.data_digest, id))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
