"""Whole runs over a small real task: scored, recorded once, gone on with, never half-written."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, Harness

Cli = Callable[..., Done]


def records(folder: Path) -> list[Path]:
    return sorted((folder / "home" / "records").iterdir())


def parts(folder: Path) -> list[Path]:
    return sorted((folder / "home" / "predictions").glob("*/*"))


def digest(record: dict[str, Any], kind: str = "predictions") -> str:
    return str(next(artifact["digest"] for artifact in record["artifacts"] if artifact["kind"] == kind))


# -- eval ------------------------------------------------------------------------------------------------------------
def test_a_run_is_scored_recorded_and_says_where(tmp_path: Path, cli: Cli, tiny: Path) -> None:
    done = cli("eval", "--task", tiny, "--submission", tiny / "baseline", "--no-measure")
    assert done.status == 0
    assert "generated sample" in done.err.splitlines()[0] and "not the benchmark" in done.out.splitlines()[-1]
    [path] = records(tmp_path)
    assert f"record        {path}" in done.out
    record = json.loads(path.read_text())
    assert record["task"]["origin"] == "sample" and record["task"]["samples"] == 24
    assert record["provenance"] == "measured" and record["submission"]["name"] == "tiny-baseline"
    [metric] = record["metrics"]
    assert (metric["name"], metric["value"], metric["n"]) == ("top1", 1.0, 24)
    assert metric["interval"]["level"] == 0.95 and metric["interval"]["high"] == 1.0


def test_the_same_command_twice_gives_one_record(tmp_path: Path, evaluate: Cli) -> None:
    first, second = evaluate(), evaluate()
    assert second.json() == first.json()
    assert len(records(tmp_path)) == 1


def test_again_rewrites_the_same_result_and_does_not_supersede_it(tmp_path: Path, evaluate: Cli) -> None:
    first, second = evaluate().json(), evaluate("--again").json()
    assert second["id"] == first["id"] and second["supersedes"] == []
    assert len(records(tmp_path)) == 1


def test_again_supersedes_what_was_measured_before(tmp_path: Path, cli: Cli, tiny: Path, probe: Path) -> None:
    command = ("eval", "--task", tiny, "--submission", probe, "--measure-s", "0.2", "--json")
    first = cli(*command).json()
    assert cli(*command).json() == first
    second = cli(*command, "--again").json()
    assert second["supersedes"] == [first["id"]] and second["id"] != first["id"]
    assert len(records(tmp_path)) == 2
    assert first["measurements"]["latency"][0]["outputs_equal"] is True


def test_limit_takes_the_first_and_is_not_ranked(evaluate: Cli) -> None:
    record = evaluate("--limit", "3").json()
    assert record["task"]["samples"] == 3 and record["task"]["limit"] == 3
    assert [flag["code"] for flag in record["flags"]] == ["limit"]
    [metric] = record["metrics"]
    assert metric["interval"] is None and metric["reason"] == "no interval: 3 images are fewer than 20"
    whole = evaluate().json()
    assert whole["flags"] == [] and whole["task"]["data_digest"] != record["task"]["data_digest"]


def test_without_interval_there_are_no_replicates(evaluate: Cli) -> None:
    record = evaluate("--no-interval").json()
    assert record["metrics"][0]["interval"] is None and record["metrics"][0]["reason"]
    assert {artifact["kind"] for artifact in record["artifacts"]} == {"predictions", "statistics"}


@pytest.mark.parametrize("size", [5, 24, 100])
def test_a_padded_batch_gives_the_answers_of_single_samples(evaluate: Cli, size: int) -> None:
    single, batched = evaluate().json(), evaluate("--batch-size", size).json()
    assert batched["run"]["batch_size"] == size
    assert digest(batched) == digest(single) and batched["metrics"] == single["metrics"]


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path, evaluate: Cli, cli: Cli, tiny: Path) -> None:
    cli("data", "sample", tiny, "--out", tmp_path / "a")
    path = tmp_path / "a" / "images" / "004.png"
    path.write_bytes(path.read_bytes()[:40])
    assert f"{path} cannot be read as an image" in evaluate("--data", tmp_path / "a").sentence()
    path.unlink()
    assert f"images are missing: {path}" in evaluate("--data", tmp_path / "a").sentence()
    assert not (tmp_path / "home" / "records").exists()


# -- failures of a submission ------------------------------------------------------------------------------------------
def test_a_failure_at_one_sample_is_a_sentence_and_the_run_goes_on_later(
    tmp_path: Path, harness: Harness, tiny: Path, probe: Path
) -> None:
    command = ("eval", "--task", tiny, "--submission", probe, "--no-measure", "--json")
    words = harness(*command, env={"PROBE_FAILS_AT": "010"}).sentence()
    assert words.startswith("probe failed on 010: RuntimeError: the licence server does not answer (")
    assert "model.py, line" in words and "second line" not in words
    assert not harness.records()
    [kept] = parts(tmp_path)
    before = kept.read_bytes()
    record = harness(*command).json()
    assert record["run"]["resumed_samples"] == 10 and kept.read_bytes() == before
    undisturbed = harness(
        "eval", "--task", tiny, "--submission", probe, "--no-measure", "--json", "--home", tmp_path / "other"
    )
    assert undisturbed.json()["id"] == record["id"]


def submission(folder: Path, code: str) -> Path:
    folder.mkdir()
    text = 'name = "bad"\ntitle = "t"\ninterfaces = ["tiny-label"]\nentry = "model.py:build"\n'
    (folder / "submission.toml").write_text(text)
    (folder / "model.py").write_text(
        "class Bad:\n    def prepare(self, sample):\n        return sample\n"
        "    def forward(self, inputs):\n        return inputs\n"
        "    def finish(self, raw, sample):\n        return {'label': 0}\n" + code
    )
    return folder


BUILD = "def build(context):\n    return Bad()\n"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("Bad.finish = lambda self, raw, sample: {'label': 0.5}\n", "bad, image 000: label has dtype float64, expected int64"),
        ("Bad.finish = lambda self, raw, sample: {'label': [0, 1]}\n", r"bad, image 000: label has shape \(2,\), expected \(\)"),
        ("Bad.finish = lambda self, raw, sample: {}\n", "bad, image 000: the answer has no 'label'"),
        ("Bad.finish = lambda self, raw, sample: None\n", "bad, image 000: "),
        ("Bad.forward = lambda self, inputs: inputs * 2\n", "forward gave 2 outputs for 1 inputs"),
        ("Bad.forward = lambda self, inputs: []\n", "forward gave 0 outputs for 1 inputs"),
        ("Bad.forward = lambda self, inputs: None\n", "bad failed on 000: TypeError"),
        ("Bad.forward = lambda self, inputs: exit()\n", "bad failed on 000: SystemExit"),
        ("Bad.prepare = lambda self: 0\n", "bad failed on 000: TypeError"),
        ("Bad.adapt = lambda self, samples: 1 / 0\n", "bad failed in adapt: ZeroDivisionError"),
        ("Bad.settings = {'colour': 'red'}\n", "declares the setting 'colour'; known are"),
        ("del Bad.finish\n", "bad lacks finish; tiny asks for prepare, forward, finish"),
        ("def build(context):\n    raise ValueError('no')\nx = build\n", r"bad could not be built: ValueError: no \(.*line 9"),
        ("build = 3\n", "bad could not be built: TypeError"),
        ("syntax error\n", r"bad cannot be loaded: SyntaxError: .*model\.py, line 8"),
        ("import absent_package\n", "bad needs the package absent_package, which is not installed"),
    ],
)  # fmt: skip
def test_what_a_submission_does_wrong_is_a_sentence(
    tmp_path: Path, cli: Cli, tiny: Path, code: str, words: str
) -> None:
    folder = submission(tmp_path / "bad", code if "build" in code else code + BUILD)
    done = cli("eval", "--task", tiny, "--submission", folder, "--no-measure", "--json")
    assert done.out == ""
    assert re.search(words, done.sentence()), done.err
    assert not (tmp_path / "home" / "records").exists()


KEYED = """
def build(context):
    good = context.checkpoint.key == "good" and context.checkpoint.path.read_bytes() == b"trained"
    method = Bad()
    method.forward = lambda inputs: [float(sample.inputs["image"].mean()) for sample in inputs]
    method.finish = lambda raw, sample: {"label": int(raw > (113 if good else 255))}
    return method
"""


def test_answers_belong_to_the_weights_and_to_their_entry(tmp_path: Path, cli: Cli, tiny: Path) -> None:
    """One file may hold two networks; neither may be given the other's stored answers."""
    folder, weights = submission(tmp_path / "keyed", KEYED), tmp_path / "weights.pth"

    def score_of(key: str) -> float:
        command = (
            "eval",
            "--task",
            tiny,
            "--submission",
            folder,
            "--weights",
            weights,
            "--weights-key",
            key,
            "--no-measure",
            "--json",
        )
        record = cli(*command).json()
        assert record["submission"]["weights"]["name"] == "weights.pth"
        return float(record["metrics"][0]["value"])

    weights.write_bytes(b"trained")
    assert (score_of("other"), score_of("good")) == (0.5, 1.0)
    weights.write_bytes(b"untrained")
    assert score_of("good") == 0.5


def test_random_weights_are_timed_but_never_scored(tmp_path: Path, cli: Cli, tiny: Path) -> None:
    folder = submission(tmp_path / "keyed", BUILD)
    common = ("--task", tiny, "--submission", folder, "--weights", "random", "--measure-s", "0.1")
    assert cli("bench", *common, "--json").json()["latency"]
    assert not (tmp_path / "home" / "records").exists()
    assert "leaves that out" in cli("eval", *common, "--no-measure").sentence(2)

    shown = cli("eval", *common, "--no-log")
    assert shown.out.rstrip().endswith("The weights are random: the run was timed, and nothing is scored.")
    record = cli("eval", *common, "--no-log", "--json").json()
    assert record["measurements"]["latency"] and record["submission"]["weights"]["kind"] == "random"
    assert record["metrics"] and all(
        (metric["value"], metric["interval"], metric["reason"]) == (None, None, "random weights")
        for metric in record["metrics"]
    )
    assert [flag["code"] for flag in record["flags"]] == ["random-weights"]
    assert [artifact["kind"] for artifact in record["artifacts"]] == ["predictions"]

    again = cli("verify", record["id"], "--json").json()
    assert again["provenance"] == "verified"
    changed = tmp_path / "home" / "records" / f"{record['id']}.json"
    changed.write_text(changed.read_text().replace('"value": null', '"value": 1.0', 1))
    assert cli("verify", record["id"]).status == 1


def test_a_submission_to_another_interface_is_refused(cli: Cli, probe: Path) -> None:
    words = cli("eval", "--task", "set5", "--submission", probe).sentence(2)
    assert words.startswith("probe provides tiny-label, but set5 asks for ")


# -- score -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def results(tmp_path: Path, cli: Cli, tiny: Path) -> Path:
    """A result file with one wrong answer, beside the sample as ``data``."""
    cli("data", "sample", tiny, "--out", tmp_path / "data")
    lines = (tmp_path / "data" / "labels.csv").read_text().splitlines()
    lines[1] = "000,bright"
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_result_file_is_scored_and_named_by_its_content(tmp_path: Path, cli: Cli, tiny: Path, results: Path) -> None:
    command = ("score", "--task", tiny, "--data", tmp_path / "data", results, "--json")
    record = cli(*command).json()
    assert record["metrics"][0]["value"] == 23 / 24 and record["provenance"] == "scored"
    assert record["submission"]["name"].startswith("mine-") and record["host"] is None
    again = cli(*command).json()
    assert again["id"] == record["id"] and len(records(tmp_path)) == 1
    named = cli(*command, "--submission", "somebody's", "--submitter", "me", "--team", "us", "--seed-group", "g").json()
    assert named["submission"]["name"] == "somebody's" and named["submitter"] == {"name": "me", "team": "us"}
    assert named["seed_group"] == "g" and named["id"] != record["id"]


def test_two_processes_that_score_one_file_write_one_record(
    tmp_path: Path, harness: Harness, tiny: Path, results: Path
) -> None:
    command = ("score", "--task", tiny, "--data", tmp_path / "data", results, "--json")
    processes = [harness.start(*command) for _ in range(3)]
    ends = [process.communicate(timeout=100) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], ends
    [path] = harness.records()
    assert {json.loads(out)["id"] for out, _ in ends} == {path.stem}
    assert harness("verify", path.stem).status == 0


def test_score_and_eval_agree_on_the_data(tmp_path: Path, cli: Cli, evaluate: Cli, tiny: Path, results: Path) -> None:
    scored = cli("score", "--task", tiny, "--data", tmp_path / "data", results, "--json").json()
    assert scored["task"]["data_digest"] == evaluate().json()["task"]["data_digest"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,label\n000,grey\n", "mine.csv, line 2: label is 'grey', expected dark or bright"),
        ("id,label\nxyz,dark\n", "mine.csv: image 'xyz' is not in test"),
        ("\x00\x01", "mine.csv"),
    ],
)
def test_a_wrong_result_file_names_file_and_line(
    tmp_path: Path, cli: Cli, tiny: Path, results: Path, text: str, words: str
) -> None:
    results.write_text(text)
    done = cli("score", "--task", tiny, "--data", tmp_path / "data", results)
    if text.startswith("\x00"):
        assert done.status == 0 and "24 images have no answer" in done.out
        return
    assert words in done.sentence()
    assert not (tmp_path / "home" / "records").exists()


def test_an_empty_result_file_scores_zero(tmp_path: Path, cli: Cli, tiny: Path, results: Path) -> None:
    results.write_text("id,label\n")
    record = cli("score", "--task", tiny, "--data", tmp_path / "data", results, "--json").json()
    assert record["metrics"][0]["value"] == 0.0
    assert record["warnings"] == ["24 images have no answer and count as wrong"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--protocol", "other"), "tiny has no protocol 'other'; it has: tiny"),
        (("--evaluator", "other"), "tiny has no evaluator 'other'; it has: harness"),
        (("--split", "train"), "tiny has no split 'train'; it has: test"),
        (("--set", "colour=red"), "--set colour: tiny does not have it; there are: "),
        (("--set", "adapted=maybe"), "--set adapted=maybe: expected a bool such as False"),
        (("--claims", "no.toml"), "--claims no.toml cannot be read ("),
        (("--limit", "0"), "--limit 0 cannot be; it must be at least 1"),
    ],
)
def test_misuse_of_score_is_a_sentence(
    tmp_path: Path, cli: Cli, tiny: Path, results: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = cli("score", "--task", tiny, "--data", tmp_path / "data", results, *arguments)
    assert done.sentence(2).startswith(words)


def test_claims_of_a_file_are_in_the_record(tmp_path: Path, cli: Cli, tiny: Path, results: Path) -> None:
    (tmp_path / "claims.toml").write_text(
        '[[claims]]\ntask = "tiny"\nmetric = "top1"\nvalue = "0.95"\nsource = "table 2"\n'
    )
    command = (
        "score",
        "--task",
        tiny,
        "--data",
        tmp_path / "data",
        results,
        "--json",
        "--claims",
        tmp_path / "claims.toml",
    )
    assert cli(*command).json()["submission"]["claims"][0]["value"] == "0.95"
    (tmp_path / "claims.toml").write_text("[[claims]]\ntask = 3\n")
    assert "claims.toml" in cli(*command).sentence(2) and "task" in cli(*command).sentence(2)


def test_scored_with_a_general_setting_is_compared_apart(tmp_path: Path, cli: Cli, tiny: Path, results: Path) -> None:
    record = cli(
        "score", "--task", tiny, "--data", tmp_path / "data", results, "--json", "--set", "training=transfer"
    ).json()
    assert record["settings"] == {"training": "transfer"}


# -- bench and data --------------------------------------------------------------------------------------------------
def test_bench_measures_and_records_nothing(tmp_path: Path, cli: Cli, tiny: Path, probe: Path) -> None:
    measured = cli("bench", "--task", tiny, "--submission", probe, "--measure-s", "0.2", "--json").json()
    assert [span["name"] for span in measured["latency"][0]["spans"]] == ["prepare", "forward", "finish", "end_to_end"]
    assert not (tmp_path / "home" / "records").exists()


def test_data_verify_reads_every_file(tmp_path: Path, cli: Cli, tiny: Path) -> None:
    cli("data", "sample", tiny, "--out", tmp_path / "data")
    found = cli("data", "verify", tiny, "--data", tmp_path / "data", "--json").json()
    assert found["checked"] == ["24 samples of tiny/test can be read"]
    (tmp_path / "data" / "images" / "023.png").write_bytes(b"no image")
    assert "023.png cannot be read as an image" in cli("data", "verify", tiny, "--data", tmp_path / "data").sentence()
    assert "is not empty; name another folder" in cli("data", "sample", tiny, "--out", tmp_path / "data").sentence(2)
