"""A reader can copy the command of a page: it is the harness's, whatever was typed, and says nothing of anybody's folders."""

import shlex
from pathlib import Path

import pytest
from leaderboard_homes import record
from leaderboard_reading import read

from harness.options import RunOptions, stated
from harness.record import Run
from harness.store import Home
from leaderboard.build import build_site
from leaderboard.repeating import repeating

TYPED = ["harness", "eval", "--task", "questions", "--submission", "alder", "--home", "/home/ann/secret"]


def command(tmp_path: Path, typed: list[str], options: dict[str, object], **fields: object) -> str:
    fields = {"provenance": "measured", **fields}
    made = record(Home(tmp_path / "home"), "alder", 0.5, run=Run(command=typed, options=options), **fields)
    return repeating(made)


def test_folders_of_the_submitter_are_left_out(tmp_path: Path) -> None:
    asked = RunOptions(
        task="questions",
        submission="alder",
        data=Path("/home/ann/data/coco"),
        variant="base",
        settings={"eps": "8/255", "list": "/home/ann/list.txt"},
        measure_s=5.0,
        measure=False,
        submitter="ann",
        home=tmp_path,
    )
    said = command(tmp_path, TYPED, stated(asked))
    assert said == (
        "harness eval --task questions --submission alder --data coco --set eps=8/255 --set list=list.txt "
        "--variant base --no-measure --measure-s 5"
    )


def test_results_files_are_scored_by_name(tmp_path: Path) -> None:
    options = {"predictions": "C:\\ann\\found.json", "annotations": "/ann/truth.json", "split": "val2014"}
    said = command(tmp_path, ["harness", "score"], options, provenance="scored")
    assert said == "harness score --task questions found.json --annotations truth.json --split val2014"


def test_a_program_of_ones_own_becomes_the_harness_command(tmp_path: Path) -> None:
    assert command(tmp_path, ["mine.py", "/home/ann"], {}) == "harness eval --task questions --submission alder"
    assert command(tmp_path, [], {}, provenance="reported") == ""


@pytest.mark.parametrize("text", ["; rm -rf ~", "$(touch x)", "`x`", "a\nb", "--home=/x"])
def test_what_a_stranger_wrote_stays_one_word(tmp_path: Path, text: str) -> None:
    said = command(tmp_path, [text, text], {"variant": text, "unknown": text})
    assert len(shlex.split(said)) == 8


def test_pages_show_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    options = {"data": "/home/ann/coco", "settings": {"list": "/home/ann/list.txt"}}
    made = record(home, "alder", 0.5, run=Run(command=TYPED, options=options))
    build_site([tmp_path / "home"], tmp_path / "site")
    pages = [tmp_path / "site" / "r" / made.id / "index.html", *(tmp_path / "site" / "s").glob("*/index.html")]
    for page in map(read, pages):
        assert "harness eval --task questions --submission alder --data coco" in page.text and "/ann" not in page.text
