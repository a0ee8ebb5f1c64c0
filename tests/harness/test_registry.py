"""Names, folders, entry points: what a third party adds is found, and what is broken says so in a sentence."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Done, Harness

from harness.errors import HarnessError, SubmissionError, UsageError
from harness.files import folder_digest
from harness.manifest import read_manifest
from harness.registry import entry_function, find_submission, find_task, import_folder, nearest


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cocos", "there is no task 'cocos'; did you mean coco?"),
        ("Set5", "there is no task 'Set5'; did you mean set5?"),
        ("qqqqqq", "there is no task 'qqqqqq'; there are: .*coco.*set5"),
        ("./qqqqqq", "there is no task './qqqqqq'"),
    ],
)
def test_an_unknown_task_suggests_the_nearest(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        find_task(name)


def test_an_unknown_submission_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"there is no submission 'centrenet'; did you mean centernet?"):
        find_submission("centrenet")


def test_a_bare_name_of_a_folder_here_is_told_how_to_write_it(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.parent)
    assert find_task("./tiny").meta.id == "tiny"
    with pytest.raises(UsageError, match=r"did you mean \./tiny\?"):
        find_task("tiny")


def test_nearest_names_are_few_and_close() -> None:
    assert nearest("imdm", ["imdn", "centernet"]) == ["imdn"]
    assert nearest("zzz", ["imdn"]) == []


def folder(root: Path, **files: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / f"{name}.py").write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def task(:\n", r"the task .* cannot be loaded: SyntaxError.*task\.py, line 1"),
        ("1 / 0\n", r"cannot be loaded: ZeroDivisionError: division by zero \(.*task\.py, line 1"),
        ("from .absent import x\n", "cannot be loaded: ModuleNotFoundError: No module named"),
        ("import no_such_package_of_anybody\n", "needs the package no_such_package_of_anybody, which is not installed"),
        ("import sys\nsys.exit(0)\n", "cannot be loaded: SystemExit"),
        ("", r"task\.py defines no 'task'"),
        ("def task():\n    return 3\n", "gives a int, not a harness.task.Task"),
        ("def task():\n    raise KeyError('x')\n", "cannot be loaded: KeyError: 'x'"),
        ("def task(a):\n    pass\n", "cannot be loaded: TypeError"),
    ],
)
def test_a_broken_task_folder_ends_in_a_sentence(tmp_path: Path, code: str, words: str) -> None:
    with pytest.raises(HarnessError, match=words):
        find_task(str(folder(tmp_path / "t", task=code)))


def test_a_folder_without_task_py_says_what_a_task_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"task\.py is missing; a task is a folder with that file"):
        find_task(str(folder(tmp_path / "t")))


def test_a_folder_is_a_package_of_its_own(tmp_path: Path) -> None:
    """Two folders may both have a `model.py`; each finds its own neighbours."""
    for name in "ab":
        folder(tmp_path / name, model="from .part import value", part=f"value = {name!r}")
    assert [import_folder(tmp_path / name, "model").value for name in "ab"] == ["a", "b"]


def test_a_package_that_fails_once_may_be_mended(tmp_path: Path) -> None:
    folder(tmp_path / "p", __init__="1 / 0", model="value = 1")
    with pytest.raises(ZeroDivisionError):
        import_folder(tmp_path / "p", "model")
    folder(tmp_path / "p", __init__="# mended, and of another length")
    assert import_folder(tmp_path / "p", "model").value == 1


@pytest.mark.parametrize("entry", ["model.py", "absent.py:build", "model.py:"])
def test_an_entry_that_leads_nowhere_is_named(tmp_path: Path, entry: str) -> None:
    folder(tmp_path, model="")
    text = f'name = "x"\ntitle = "t"\ninterfaces = []\nentry = "{entry}"\n'
    (tmp_path / "submission.toml").write_text(text)
    with pytest.raises(SubmissionError, match=r"submission\.toml: entry .* is no 'file.py:function' of that folder"):
        entry_function(read_manifest(tmp_path), tmp_path, "")


# -- what identifies a submission's code --------------------------------------------------------------------------------
def test_the_code_digest_sees_what_can_change_an_answer(tmp_path: Path) -> None:
    folder(tmp_path, model="x = 1")
    before = folder_digest(tmp_path)
    for name in ("submission.toml", "README.md", ".cache.json", "__pycache__/x.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert folder_digest(tmp_path) == before
    found = {before}
    for name in ("anchors.json", "net/blocks.py", "config.yaml", "net.bin"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
        found.add(folder_digest(tmp_path))
    folder(tmp_path, model="x = 2")
    assert len(found | {folder_digest(tmp_path)}) == 6


def test_results_beside_the_code_do_not_change_what_it_is(tmp_path: Path, cli: Callable[..., Done], tiny: Path) -> None:
    """Working inside the folder is usual; the same command must find its own answers again."""
    shutil.copytree(tiny, tmp_path / "mine")
    os.chdir(tmp_path / "mine")
    command = ("eval", "--task", ".", "--submission", "./baseline", "--home", "harness-results", "--no-measure")
    first, second = cli(*command, "--json").json(), cli(*command, "--json", "--again").json()
    assert first["id"] == second["id"]
    assert len(list((tmp_path / "mine" / "harness-results" / "predictions").iterdir())) == 1


# -- packages of third parties ------------------------------------------------------------------------------------------
@pytest.fixture
def site(tmp_path: Path, tiny: Path, probe: Path) -> Path:
    """A folder on the path with an installed third-party package: a task, a submission, a broken one, a name of ours."""
    root = tmp_path / "site"
    for source, name in ((tiny, "third_task"), (probe, "third_method")):
        target = root / name
        target.mkdir(parents=True)
        (target / "__init__.py").touch()
        for path in source.glob("*.*"):
            if not path.name.startswith("test_"):
                (target / path.name).write_bytes(path.read_bytes())
    folder(root / "third_broken", __init__="1 / 0")
    info = root / "third-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[harness.tasks]\nthird-task = third_task.task:task\nbroken = third_broken:task\nset5 = third_task.task:task\n"
        "[harness.submissions]\nthird-method = third_method\n"
    )
    return root


def test_a_task_and_a_submission_of_a_third_party_are_used_by_name(site: Path, harness: Harness) -> None:
    environment = {"PYTHONPATH": str(site)}
    done = harness(
        "eval", "--task", "third-task", "--submission", "third-method", "--no-measure", "--json", env=environment
    )
    record = done.json()
    assert record["submission"]["name"] == "probe" and record["task"]["id"] == "tiny"
    assert [metric["value"] for metric in record["metrics"]] == [1.0]


def test_a_broken_package_of_a_third_party_is_named(site: Path, harness: Harness) -> None:
    done = harness("eval", "--task", "broken", "--submission", "imdn", env={"PYTHONPATH": str(site)})
    assert "'broken' of third cannot be loaded: ZeroDivisionError" in done.sentence()


def test_a_verb_that_cannot_be_loaded_stands_in_no_other_verbs_way(site: Path, harness: Harness) -> None:
    points = site / "third-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "[harness.verbs]\npolish = third_broken:register\n")
    environment = {"PYTHONPATH": str(site)}
    assert harness("data", "layout", "set5", env=environment).status == 0
    assert (
        "'polish' of third cannot be loaded: ZeroDivisionError" in harness("polish", "--it", env=environment).sentence()
    )


def test_nobody_takes_a_name_of_ours(site: Path, harness: Harness) -> None:
    done = harness("data", "layout", "set5", "--json", env={"PYTHONPATH": str(site)})
    assert json.loads(done.out)["task"] == "set5"


def test_every_folder_of_a_collection_with_a_manifest_is_a_submission(site: Path, harness: Harness) -> None:
    """Without an entry point each, and without taking a name of ours; a collection that is gone hides nothing else."""
    for folder_name, title in (("one_paper", "one"), ("imdn", "not ours"), ("no_manifest", "")):
        target = site / "third_papers" / folder_name
        target.mkdir(parents=True)
        if title:
            text = f'name = "{folder_name.replace("_", "-")}"\ntitle = "{title}"\ninterfaces = []\n'
            (target / "submission.toml").write_text(text)
    (site / "third_papers" / "__init__.py").touch()
    points = site / "third-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "[harness.collections]\nthird = third_papers\ngone = third_gone\n")
    done = harness("submissions", "--json", env={"PYTHONPATH": str(site)})
    titles = {manifest["name"]: manifest["title"] for manifest in done.json()}
    assert titles["one-paper"] == "one" and titles["imdn"] != "not ours" and "no-manifest" not in titles
    assert "left out: the installed package third_gone cannot be found" in done.err


@pytest.mark.parametrize("name", ["tasks", "submissions"])
def test_a_package_that_hides_ours_is_told(tmp_path: Path, harness: Harness, name: str) -> None:
    """`tasks` is a usual name for a folder; one in front of ours on the path would otherwise fail strangely."""
    folder(tmp_path / "front" / name, __init__="")
    verb = ("tasks",) if name == "tasks" else ("eval", "--task", "set5", "--submission", "imdn")
    done = harness(*verb, env={"PYTHONPATH": str(tmp_path / "front")})
    words = done.sentence(2)
    assert f"'{name}' at {tmp_path / 'front' / name} hides this project's own package" in words
