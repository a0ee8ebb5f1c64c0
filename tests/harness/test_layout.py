"""Where the data are: what was configured wins, and is never quietly replaced by the sample."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import DataError, UsageError
from harness.layout import MARKER, configured_root, find_root, locate, missing, open_data, sample_folder
from harness.options import RunOptions
from harness.registry import find_task
from harness.task import DataRequest, Task


@pytest.fixture
def task(tiny: Path) -> Task:
    return find_task(str(tiny))


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder in which nothing is configured."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    yield folder


def located(task: Task, home: Path, *, sample: bool = True, **options: object) -> tuple[Path | None, bool]:
    source = locate(task, RunOptions(task=task, **options), home, sample=sample, with_inputs=True)
    return source.request.data, source.sample


def test_without_any_root_eval_takes_the_sample(task: Task, tmp_path: Path) -> None:
    data, sample = located(task, tmp_path / "home")
    assert sample and data is not None and (data / "labels.csv").is_file()


def test_without_any_root_score_says_how_to_name_one(task: Task, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no data set is given for tiny: name it with --data DIR .*HARNESS_DATA"):
        located(task, tmp_path, sample=False)
    assert located(task, tmp_path, sample=False, data="sample")[1]


@pytest.mark.parametrize("way", ["option", "environment", "file", "file for the task"])
def test_every_way_to_name_a_root(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    root = tmp_path / "datasets"
    text = {"file": f'[data]\nroot = "{root}"\n', "file for the task": f'[data]\nroot = "no"\ntiny = "{root}"\n'}
    if way == "environment":
        monkeypatch.setenv("HARNESS_DATA", str(root))
    Path("harness.toml").write_text(text.get(way, '[data]\nroot = "no"\n'))
    options = {"data": root} if way == "option" else {}
    assert located(task, tmp_path, **options) == (root, False)


def test_a_configured_root_without_the_data_set_shows_the_tree(task: Task, tmp_path: Path) -> None:
    (tmp_path / "root" / "other").mkdir(parents=True)
    with pytest.raises(
        DataError, match=r"does not hold the data set tiny; expected there:\n  labels\.csv\n  images/ID\.png"
    ):
        task.open(DataRequest(data=tmp_path / "root"))
    with pytest.raises(
        DataError, match=r"there is no folder .*gone; --data, HARNESS_DATA or harness.toml name the one"
    ):
        task.open(DataRequest(data=tmp_path / "gone"))


@pytest.mark.parametrize("inside", ["", "tiny", "data/tiny"])
def test_the_root_may_be_a_folder_that_holds_the_layout(task: Task, tmp_path: Path, inside: str) -> None:
    task.write_sample(tmp_path / "root" / inside)
    assert len(task.open(DataRequest(data=tmp_path / "root")).ids) == 24


def test_the_nearest_folder_wins(task: Task, tmp_path: Path) -> None:
    for name in ("b/deep", "c", "a/deep"):
        (tmp_path / "root" / name).mkdir(parents=True)
        (tmp_path / "root" / name / "here").touch()
    assert find_root(tmp_path / "root", lambda folder: (folder / "here").exists(), task) == tmp_path / "root" / "c"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_passed_by(task: Task, tmp_path: Path) -> None:
    task.write_sample(tmp_path / "root" / "b")
    (tmp_path / "root" / "a").mkdir(mode=0)
    assert len(task.open(DataRequest(data=tmp_path / "root")).ids) == 24


@pytest.mark.parametrize("text", ["[data", "data = 3\n", "[data]\nroot = 3\n", b"\xff\xfe"])
def test_a_wrong_configuration_is_named(text: str | bytes) -> None:
    Path("harness.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=r"harness\.toml"):
        configured_root("tiny")


@pytest.mark.parametrize("flag", ["annotations", "images"])
def test_paths_given_directly_must_be_there(task: Task, tmp_path: Path, flag: str) -> None:
    with pytest.raises(DataError, match=f"--{flag} .*: there is no such file or folder"):
        located(task, tmp_path, **{flag: tmp_path / "no"})


def test_the_sample_is_written_once_and_again_if_it_was_interrupted(task: Task, tmp_path: Path) -> None:
    folder = sample_folder(task, tmp_path)
    label = (folder / "labels.csv").read_bytes()
    (folder / "labels.csv").write_bytes(b"changed")
    assert sample_folder(task, tmp_path) == folder and (folder / "labels.csv").read_bytes() == b"changed"
    (folder / MARKER).unlink()
    assert (sample_folder(task, tmp_path) / "labels.csv").read_bytes() == label


def test_the_sample_is_known_below_a_parent_folder(task: Task, tmp_path: Path) -> None:
    deep = tmp_path / "sets" / "a" / "tiny"
    deep.mkdir(parents=True)
    task.write_sample(deep)
    (deep / MARKER).write_text("tiny")
    for data in (deep, deep.parent, deep.parents[1], deep / "images"):
        source = locate(task, RunOptions(task=task, data=data), tmp_path, sample=True, with_inputs=True)
        assert source.sample, data
    (deep / MARKER).write_text("another task")
    assert not locate(task, RunOptions(task=task, data=deep), tmp_path, sample=True, with_inputs=True).sample


def test_a_mistyped_key_does_not_fall_back_to_the_sample(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    (tmp_path / "harness.toml").write_text('[data]\nrot = "sets"\n')
    with pytest.raises(UsageError, match="unknown key 'rot'"):
        locate(task, RunOptions(task=task), tmp_path, sample=True, with_inputs=True)


def test_an_unknown_split_names_those_there_are(task: Task, tmp_path: Path) -> None:
    source = locate(task, RunOptions(task=task, split="train"), tmp_path, sample=True, with_inputs=True)
    with pytest.raises(UsageError, match="tiny has no split 'train'; it has: test"):
        open_data(task, source, None)


def test_missing_files_are_named_but_not_all() -> None:
    assert str(missing([Path(name) for name in "abcde"], "images are")) == "images are missing: a, b, c and 2 more"
