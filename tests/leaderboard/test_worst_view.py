"""The worst samples are pictures only where the data are the project's own."""

from pathlib import Path

import pytest
from leaderboard_homes import digest, record
from leaderboard_reading import read
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from harness.layout import sample_folder
from harness.record import DetailTable
from harness.registry import find_task
from harness.store import Home
from harness.task import DataRequest
from leaderboard.build import build_site


@pytest.mark.parametrize("changed", ["", "task__origin", "task__code_digest", "task__id"])
def test_pictures_are_those_of_the_generated_sample_only(tmp_path: Path, changed: str) -> None:
    home = Home(tmp_path / "home")
    task = find_task("fddb")
    folder = sample_folder(task, home.path)
    dataset = task.open(DataRequest(data=folder))
    worst = DetailTable(
        name="worst",
        title="Worst images: faces not found",
        columns=["image", "faces not found"],
        rows=[[dataset.ids[3], 5], ["</script>", 4], ["../../secret", 3], [dataset.ids[1], 1]],
    )
    fields: dict[str, object] = {
        "task__id": "fddb",
        "task__version": task.meta.version,
        "task__split": dataset.split,
        "task__origin": "sample",
        "task__code_digest": task.code_digest(),
    }
    others = {"task__origin": "official", "task__code_digest": digest("other code"), "task__id": "questions"}
    fields |= {changed: others[changed]} if changed else {}
    record(home, "alder", 0.5, units=24, data=digest("sample"), tables=[worst], **fields)
    build_site([home.path], tmp_path / "site")
    [file] = (tmp_path / "site").glob("s/*/index.html")
    page = read(file)
    shown = [
        attributes["src"]
        for tag, attributes in page.elements
        if tag == "img" and str(attributes["src"]).endswith("png")
    ]
    assert len(shown) == (0 if changed else 2)
    for id, path in zip((dataset.ids[3], dataset.ids[1]), shown, strict=False):
        with Image.open(file.parent / str(path)) as picture:
            height, width = dataset.sample(dataset.ids.index(id)).inputs["image"].shape[:2]
            assert max(picture.size) == 320 // max(height, width) * max(height, width) and not picture.info
    assert dataset.ids[3] in page.text  # in the table, whatever is drawn


MARK = b"<script>alert(1)</script>"


def test_pictures_carry_nothing_but_pixels(tmp_path: Path) -> None:
    """A sample's file with a comment and a page behind its pixels leaves neither in the site."""
    home = Home(tmp_path / "home")
    task = find_task("fddb")
    folder = sample_folder(task, home.path)
    for file in [path for path in folder.rglob("*") if path.suffix in (".jpg", ".png")]:
        with Image.open(file) as picture:
            picture.load()
            text = PngInfo()
            text.add_text("Comment", MARK.decode())
            extra = {"comment": MARK} if file.suffix == ".jpg" else {"pnginfo": text}
            picture.save(file, **extra)
        file.write_bytes(file.read_bytes() + MARK)
    dataset = task.open(DataRequest(data=folder))
    worst = DetailTable(name="worst", title="Worst images", columns=["image", "faces"], rows=[[dataset.ids[0], 5]])
    fields: dict[str, object] = {
        "task__id": "fddb",
        "task__version": task.meta.version,
        "task__split": dataset.split,
        "task__origin": "sample",
        "task__code_digest": task.code_digest(),
    }
    record(home, "alder", 0.5, units=24, data=digest("sample"), tables=[worst], **fields)
    build_site([home.path], tmp_path / "site")
    [shown] = (tmp_path / "site").rglob("*.png")
    data = shown.read_bytes()
    assert MARK not in data and data.endswith(b"IEND\xaeB`\x82")
    with Image.open(shown) as picture:
        assert not picture.info
