"""The worst samples as pictures, where the data are the project's own: those of the generated sample that a home keeps.

A benchmark's pictures belong to its owners; their samples are named by their ids only, in the record's table.
"""

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence

from harness.columns import Table, concatenate
from harness.dataset import Dataset
from harness.details import WORST
from harness.layout import MARKER
from harness.predictions import load_parts
from harness.record import DetailTable, Record
from harness.registry import find_task, task_names
from harness.task import DataRequest
from leaderboard.entries import Entry
from leaderboard.stored import LARGEST_FILE
from leaderboard.text import clean, name
from leaderboard.view import Section, Thumbnail
from leaderboard.worst_drawing import Drawn, Pixels, drawn

STYLE = "worst/2"
MOST_SHOWN = 6
WritePicture = Callable[[str, Callable[[], bytes]], str]
"""Writes a picture under a name that follows from its content, unless it is there; gives its path from the site's root."""


def worst_section(entries: Sequence[Entry], write: WritePicture) -> list[Section]:
    """The worst samples of the first of `entries` whose data the project made and its home keeps."""
    for entry in entries:
        table = next((table for table in entry.record.tables if table.name == WORST), None)
        if table is None or entry.record.task.origin != "sample":
            continue
        found = list(_drawn(entry, table))
        if found:
            about = f"Of record {entry.record.id[:8]}, on the generated sample: what was answered worst comes first."
            legends = sorted({item.legend for _, item in found if item.legend})
            title = clean(table.title, 120) or "Worst samples"
            shown = [_thumbnail(entry.record, row, title, item, write) for row, item in found]
            return [Section(id="worst", title=title, paragraphs=[about, *legends], thumbnails=shown)]
    return []


def _drawn(entry: Entry, table: DetailTable) -> Iterator[tuple[Sequence[object], Drawn]]:
    """Rows of the table with their pictures."""
    try:
        dataset = _sample(entry)
    except Exception:  # a task of somebody else's may raise anything, and the page is made without its pictures
        return
    if dataset is None or dataset.load is None:
        return
    answers = _answers(entry)
    places = {id: place for place, id in enumerate(dataset.ids)}
    for row in table.rows[:MOST_SHOWN]:
        if (place := places.get(str(row[0]))) is None:
            continue
        for rows in (answers, None):  # a picture without the answer where the answer cannot be drawn
            found = _picture(dataset, place, rows)
            if found is not None:
                yield row, found
                break


def _picture(dataset: Dataset, place: int, answers: Table | None) -> Drawn | None:
    id = dataset.ids[place]
    try:
        answer = answers.row(answers.position(id)) if answers is not None else {}
        truth = dataset.truth.row(dataset.truth.position(id))
        return drawn(dataset.sample(place).inputs, truth, answer, dataset.facts)
    except Exception:  # what was answered comes from strangers, and the task as above
        return None


def _answers(entry: Entry) -> Table | None:
    """What was predicted, where it is still there and no larger than a page needs."""
    artifact = next((item for item in entry.record.artifacts if item.kind == "predictions"), None)
    if artifact is None:
        return None
    try:
        folder = entry.home.artifact(artifact)
        if sum(path.stat().st_size for path in folder.glob("*.npz")) > LARGEST_FILE:
            return None
        return concatenate(load_parts(folder))
    except Exception:  # a stranger's files may make NumPy raise anything
        return None


def _thumbnail(record: Record, row: Sequence[object], title: str, item: Drawn, write: WritePicture) -> Thumbnail:
    id, how = name(str(row[0])), clean(str(row[1])[:6], 20) if len(row) > 1 else ""
    measure = title.partition(": ")[2] or title
    height, width = item.pixels.shape[:2]
    path = write(_stem(item.pixels), lambda: _png(item.pixels))
    said = f"{id}: {measure} = {how}" if how else id
    return Thumbnail(
        path=path,
        alt=f"Sample {id}" + (f", {item.said}" if item.said else ""),
        caption=f"{said}; {item.said}" if item.said else said,
        width=width,
        height=height,
    )


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


def _png(image: Pixels) -> bytes:
    """Encoded anew: nothing but the pixels goes along."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image).save(stream, format="PNG")
    return stream.getvalue()


def _stem(pixels: Pixels) -> str:
    return hashlib.sha256(f"{STYLE} {pixels.shape}".encode() + pixels.tobytes()).hexdigest()[:16]
