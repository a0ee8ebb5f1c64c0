"""Standard output holds the result and nothing else; errors are one sentence and the right exit status."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, Harness, clean_environment

Cli = Callable[..., Done]


@pytest.fixture
def record(tmp_path: Path, harness: Harness, tiny: Path, probe: Path) -> dict[str, Any]:
    """A finished run in the home of this test."""
    found: dict[str, Any] = harness("eval", "--task", tiny, "--submission", probe, "--no-measure", "--json").json()
    return found


def test_every_verb_prints_one_document_for_json(
    tmp_path: Path, harness: Harness, record: dict[str, Any], tiny: Path, probe: Path
) -> None:
    """In processes of their own, so that prints of methods and of C libraries count too; the probe prints."""
    commands: dict[str, tuple[object, ...]] = {
        "tasks": (), "submissions": (), "papers": (), "paper": ("centernet",), "doctor": (), "schema": (),
        "eval": ("--task", tiny, "--submission", probe, "--no-measure", "--again"),
        "bench": ("--task", tiny, "--submission", probe, "--measure-s", "0.1"),
        "verify": (record["id"],),
        "data": ("layout", tiny), "data sample": (tiny, "--out", "data"), "data verify": (tiny, "--data", "data"),
        "score": ("--task", tiny, "--data", "data", "data/labels.csv"),
        "new": ("task", "other"), "new submission": ("mine", "--task", tiny), "export": (), "leaderboard": ("build",),
    }  # fmt: skip
    found = {}
    for verb, arguments in commands.items():
        done = harness(*verb.split(), *arguments, "--json")
        assert done.status == 0, (verb, done.err)
        found[verb] = json.loads(done.out)
    assert found["eval"]["id"] == found["verify"]["id"] == record["id"]
    assert {"name", "value", "interval", "n"} <= set(found["score"]["metrics"][0])
    assert found["schema"]["title"] == "harness-record/1"


def test_what_a_method_prints_goes_to_standard_error(harness: Harness, tiny: Path, probe: Path) -> None:
    done = harness("eval", "--task", tiny, "--submission", probe, "--no-measure", "--json")
    assert json.loads(done.out) and done.err.count("a print of the method") == 24


def test_without_json_the_table_is_for_people(
    harness: Harness, record: dict[str, Any], tiny: Path, probe: Path
) -> None:
    done = harness("eval", "--task", tiny, "--submission", probe, "--no-measure")
    assert re.search(
        r"metric +value +unit +95 % interval +protocol\n-+.*\ntop1 +1\.000 +\[1\.000, 1\.000\] +tiny\n", done.out
    )
    assert "(this run was finished already; --again runs it once more)" in done.out


# -- errors ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("eval", "--task", "cocos", "--submission", "x"), 2, "did you mean coco?"),
        (("eval", "--task", "coco", "--submission", "centrenet"), 2, "did you mean centernet?"),
        (("eval", "--task", "set5", "--submission", "centernet"), 2, "but set5 asks for"),
        (("score", "--task", "coco", "nothing.json"), 2, "nothing.json: there is no such file or folder"),
        (("score", "--task", "coco", "."), 2, "no data set is given for coco"),
        (("score", "--task", "coco", ".", "--annotations", "none.json"), 1, "--annotations none.json: there is no such file"),
        (("eval", "--task", "coco", "--submission", "centernet", "--data", "none"), 1, "there is no folder none"),
        (("eval", "--task", "coco", "--submission", "centernet", "--data", "."), 1, "does not hold the data set coco"),
        (("eval", "--task", "coco", "--submission", "centernet", "--split", "x"), 2, "coco has no split 'x'; it has: "),
        (("eval", "--task", "coco", "--submission", "centernet", "--protocol", "x"), 2, "coco has no protocol 'x'"),
        (("eval", "--task", "coco", "--submission", "centernet", "--device", "tpu"), 2, "--device tpu "),
        (("eval", "--task", "coco", "--submission", "centernet", "--set", "x"), 2, "--set x: write it as NAME=VALUE"),
        (("eval", "--task", "coco", "--submission", "./none"), 2, "there is no submission './none'"),
        (("verify", "none"), 1, "there is no record 'none'"),
        (("verify", "none.json"), 1, "none.json cannot be read"),
        (("data", "layout", "x"), 2, "there is no task 'x'"),
        (("new", "task", "No Name"), 2, "'No Name' is no name for this"),
        (("new", "task", "class"), 2, "'class' is no name for this"),
        (("new", "submission", "x", "--task", "cocos"), 2, "did you mean coco?"),
        (("weights", "convert", "none", "x.safetensors"), 2, "there is no such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)  # fmt: skip
def test_errors_are_one_sentence(cli: Cli, tmp_path: Path, arguments: tuple[str, ...], status: int, words: str) -> None:
    done = cli(*arguments)
    assert words in done.sentence(status) or words in done.err
    assert done.out == ""
    assert not (tmp_path / "home" / "records").exists()


def test_a_configured_root_that_lacks_the_data_set_shows_the_tree(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is never replaced by the sample in silence."""
    monkeypatch.setenv("HARNESS_DATA", ".")
    done = cli("eval", "--task", "coco", "--submission", "centernet")
    assert "does not hold the data set coco; expected there:" in done.sentence()
    assert "annotations/instances_val2017.json" in done.err


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("eval",), ("eval", "--limit", "x"), ("data",)])
def test_misuse_of_the_command_line_ends_with_status_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    done = cli(*arguments)
    assert (
        done.status == 2
        and done.out == ""
        and re.fullmatch(r"harness: [^\n]+ --help' shows what there is\)\n", done.err)
    ), done


def test_a_defect_is_a_sentence_with_a_way_to_see_more(harness: Harness, tmp_path: Path, tiny: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in tiny.glob("*.py"):
        (broken / path.name).write_text(path.read_text().replace("(labels == predicted)", "(labels == prediction)"))
    command = ("eval", "--task", broken, "--submission", tiny / "baseline", "--no-measure")
    words = harness(*command).sentence()
    assert re.match(
        r"the code in .*broken/metrics\.py, line \d+, in correct failed: NameError: name 'prediction' is not", words
    )
    assert "Traceback (most recent call last)" in harness(*command, env={"HARNESS_TRACEBACK": "1"}).err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_output_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = run_into(full, tmp_path, "tasks")
    assert done.returncode == 1 and done.stderr == "harness: No space left on device\n"


def test_a_reader_that_stops_early_is_no_error_message(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = run_into(closed, tmp_path, "schema")
    assert done.returncode == 1 and done.stderr == ""


def run_into(stream: Any, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", *arguments], cwd=folder, text=True, stdout=stream, stderr=subprocess.PIPE,
        env=clean_environment(), check=False,
    )  # fmt: skip


# -- scaffolds ---------------------------------------------------------------------------------------------------------
def test_scaffolds_say_how_to_try_them_and_pass_their_own_tests(tmp_path: Path, harness: Harness) -> None:
    task = harness("new", "task", "my-bench", "--json").json()
    assert task["try"][0] == "harness eval --task ./my_bench --submission ./my_bench/baseline"
    method = harness(
        "new", "submission", "my-method", "--task", "./my_bench", "--out", tmp_path / "method", "--json"
    ).json()
    assert method["try"][0] == f"harness eval --task ./my_bench --submission {tmp_path / 'method'}"
    assert "is there already and not empty" in harness("new", "task", "my-bench").sentence(2)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "my_bench", "method"], cwd=tmp_path, text=True,
        capture_output=True, check=False, env=clean_environment(),
    )  # fmt: skip
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout


@pytest.mark.parametrize("task", ["coco", "set5"])
def test_the_scaffold_of_a_submission_answers_every_task(tmp_path: Path, cli: Cli, task: str) -> None:
    assert cli("new", "submission", "mine", "--task", task).status == 0
    record = cli(
        "eval", "--task", task, "--submission", "./mine", "--no-measure", "--no-interval", "--limit", "2", "--json"
    ).json()
    assert record["submission"]["name"] == "mine"
