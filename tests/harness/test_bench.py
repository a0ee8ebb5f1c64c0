"""`harness bench` as a user meets it: what is timed, by whom, on what, and what is said where it cannot be."""

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Done

import harness
from harness import runs
from harness.cli.bench import second_options
from harness.errors import UsageError
from harness.measure import measure_energy
from harness.measure.procfs import allowed_cpus
from harness.measuring import stored_answers, time_plan
from harness.measuring_process import packed, unpacked
from harness.options import RunOptions
from harness.progress import Reporter

QUICK = ("--measure-s", "0.2", "--no-batch-sweep")

FRAGILE = """
import signal
import sys


def build(context):
    if sys.argv[0].endswith("measuring_process.py"):
        os.kill(os.getpid(), signal.SIGTERM)
    return Probe()
"""


@pytest.fixture
def bench(cli: Callable[..., Done], tiny: Path, probe: Path) -> Callable[..., Done]:
    """`harness bench` of the probe on the small task."""
    return lambda *arguments: cli("bench", "--task", tiny, "--submission", probe, *arguments)


@pytest.fixture
def emulating(probe: Path, tmp_path: Path) -> Path:
    """The probe as a variant that says that it emulates binary arithmetic."""
    folder = tmp_path / "emulating"
    shutil.copytree(probe, folder)
    path = folder / "submission.toml"
    path.write_text(path.read_text() + '\n[[variants]]\nname = "binary"\nemulated = "binary"\n')
    return folder


def test_a_fresh_process_times_one_sample_at_a_time(bench: Callable[..., Done]) -> None:
    found = bench(*QUICK, "--json").json()
    timing = found["latency"][0]
    assert (timing["scenario"], timing["batch_size"], timing["processes"]) == ("SingleStream", 1, 1)
    assert "process" not in timing["conditions"]["notes"]
    assert timing["conditions"]["distinct_inputs"] == 24
    assert timing["first_inference_ms"] > 0
    assert timing["verdict"] != "stable", "0.2 s are no measurement"
    assert found["sweep"] is None


def test_a_short_look_is_one_process_a_long_one_four_and_repeats() -> None:
    def planned(seconds: float | None, default: float) -> tuple[float, int, int]:
        plan = time_plan(RunOptions(task="", submission="", measure_s=seconds), default)
        return plan.seconds, plan.processes, plan.retries

    assert planned(None, 20.0) == (20.0, 1, 0)
    assert planned(44.9, 20.0) == (44.9, 1, 0)
    assert planned(None, 60.0) == (60.0, 4, 2)
    assert planned(45.0, 20.0) == (45.0, 4, 2)


def test_the_sweep_gives_throughput_by_batch_and_a_knee(bench: Callable[..., Done]) -> None:
    found = bench("--measure-s", "0.5", "--json").json()
    swept = [item for item in found["throughput"] if item["facts"].get("span") == "forward"]
    assert [item["batch_size"] for item in swept] == found["sweep"]["batch_sizes"]
    assert found["sweep"]["knee"] in [None, *found["sweep"]["batch_sizes"]]
    assert found["sweep"]["ended"]
    assert all(item["value"] > 0 and item["peak_memory_bytes"] > 0 for item in swept)


def test_multi_stream_asks_for_eight_samples_a_query(bench: Callable[..., Done]) -> None:
    timing = bench("--scenario", "MultiStream", *QUICK, "--json").json()["latency"][0]
    assert (timing["scenario"], timing["batch_size"]) == ("MultiStream", 8)
    whole = next(span for span in timing["spans"] if span["name"] == "end_to_end")
    value = whole["p50"]["value"]
    assert timing["query_ms"]["p50"] == (None if value is None else value * 8)


def test_offline_is_throughput_of_whole_inferences(bench: Callable[..., Done]) -> None:
    found = bench("--scenario", "Offline", "--workers", "2", "--measure-s", "0.3", "--json").json()
    assert found["latency"] == []
    assert {item["facts"]["scenario"] for item in found["throughput"]} == {"Offline"}
    assert {item["facts"]["workers"] for item in found["throughput"]} == {2}
    assert {item["facts"]["span"] for item in found["throughput"]} == {"end_to_end"}


def test_mlperfs_generator_stands_beside_ours(bench: Callable[..., Done]) -> None:
    done = bench("--backend", "loadgen", *QUICK, "--json")
    if importlib.util.find_spec("mlperf_loadgen") is None:
        assert done.status == 2
        assert "pip install 'vision-harness[loadgen]'" in done.err
        return
    ours, theirs = done.json()["latency"]
    assert (ours["backend"], theirs["backend"]) == ("harness", "loadgen")
    assert theirs["conditions"]["summary"]["Scenario"] == "SingleStream"
    assert theirs["spans"][0]["p90"]["value"] > 0


def test_two_are_compared_and_a_short_look_claims_nothing(bench: Callable[..., Done], probe: Path) -> None:
    found = bench("--measure-s", "0.3", "--against", f"{probe} --seed 4", "--json").json()
    assert (found["first"], found["second"]) == ("probe base (first)", "probe base (second)")
    assert found["speedup"]["units"] >= 1
    assert found["control"]["units"] >= 1
    assert found["statement"] == "Which is faster was not measured well enough to be said."
    shown = bench("--measure-s", "0.1", "--against", probe).out
    assert shown.startswith("Which is faster was not measured well enough")
    assert "A against A" in shown


@pytest.mark.parametrize(
    ("against", "expected"),
    [
        ("b", {"submission": "b", "weights": "random", "dtype": "float16", "variant": ""}),
        ("b --dtype bfloat16 --variant x", {"submission": "b", "dtype": "bfloat16", "variant": "x"}),
        ("b --weights w.pth --channels-last", {"weights": "w.pth", "channels_last": True}),
        ("b --set k=v", {"settings": {"k": "v"}}),
    ],
)
def test_the_second_has_the_firsts_options_but_for_those_stated(against: str, expected: dict[str, Any]) -> None:
    first = RunOptions(task="t", submission="a", weights="random", variant="y", dtype="float16", against=against)
    second = second_options(first)
    assert {name: getattr(second, name) for name in expected} == expected
    assert (second.task, second.against) == ("t", "")


@pytest.mark.parametrize(
    ("against", "words"), [("b --nonsense", "no flag --nonsense"), ("b 'open", "No closing quotation")]
)
def test_a_second_that_cannot_be_read_is_refused(against: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        second_options(RunOptions(task="t", submission="a", against=against))


def test_a_second_with_other_batches_is_refused(bench: Callable[..., Done], probe: Path) -> None:
    done = bench("--against", f"{probe} --batch-size 4")
    assert done.sentence(2) == (
        "--against: the first would answer 1 samples at a time, the second 4; state one --batch-size"
    )


def test_a_file_of_weights_belongs_to_the_first_alone() -> None:
    assert second_options(RunOptions(task="t", submission="a", weights="a.pth", against="b")).weights == ""


def test_emulated_arithmetic_is_told_and_never_ranked(cli: Callable[..., Done], tiny: Path, emulating: Path) -> None:
    common = ("--task", tiny, "--submission", emulating, "--variant", "binary")
    timing = cli("bench", *common, *QUICK, "--json").json()["latency"][0]
    assert timing["emulated"] == "binary"
    assert "of the emulation: binary arithmetic in floating point, never ranked" in cli("bench", *common, *QUICK).out
    record = cli("eval", *common, "--measure-s", "0.2", "--json").json()
    assert record["measurements"]["latency"][0]["emulated"] == "binary"
    assert {flag["scope"] for flag in record["flags"] if flag["code"] == "emulated"} == {"speed", "energy"}


def test_what_was_timed_is_compared_with_what_was_scored(cli: Callable[..., Done], tiny: Path, probe: Path) -> None:
    record = cli("eval", "--task", tiny, "--submission", probe, "--measure-s", "0.2", "--json").json()
    assert record["measurements"]["latency"][0]["outputs_equal"] is True


def test_a_model_that_fails_later_ends_in_a_sentence(
    bench: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBE_FAILS_AT", "005")
    done = bench(*QUICK)
    assert (done.status, done.out) == (1, "")
    assert "the licence server does not answer" in done.err
    assert "failed on input 5 while it was timed" in done.err


def test_an_accelerator_that_is_not_there_is_refused(bench: Callable[..., Done]) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    done = bench("--device", "cuda", *QUICK)
    assert (done.status, done.out) == (2, "")
    assert "--device cuda cannot be used here" in done.err


def test_a_score_stands_where_the_measurement_fails(
    cli: Callable[..., Done], tiny: Path, probe: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "fragile"
    shutil.copytree(probe, folder)
    path = folder / "model.py"
    path.write_text(path.read_text() + FRAGILE)
    done = cli("eval", "--task", tiny, "--submission", folder, "--measure-s", "0.2", "--json")
    record = done.json()
    assert "Nothing was measured: the process that measures ended without an answer to `start`" in done.err
    assert record["metrics"][0]["value"] is not None
    assert record["measurements"]["reason"].endswith("stopped by Terminated")
    assert record["measurements"]["latency"] == []


def test_a_python_object_is_timed_in_its_own_process_and_says_so(tiny: Path, tmp_path: Path) -> None:
    record = harness.evaluate(str(tiny), Constant(), home=tmp_path / "home", log=False, page=False, measure_s=0.2)
    notes = record.measurements.latency[0].conditions["notes"]
    assert notes["process"].startswith("the calling process")
    assert record.measurements.latency[0].outputs_equal is True


class Constant:
    """Answers 0."""

    def prepare(self, sample: Any) -> Any:
        return sample.inputs["image"]

    def forward(self, inputs: Any) -> Any:
        return [0 for _ in inputs]

    def finish(self, raw: Any, sample: Any) -> Any:
        return {"label": raw}


@pytest.mark.parametrize("verb", ["bench", "eval"])
def test_energy_is_measured_from_the_temperature_at_which_the_run_began(
    verb: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that the latency has warmed draws more: it has to cool down first. No machine of ours has the sensor."""
    asked: list[float | None] = []

    def remembered(workload: Any, *, seconds: float, reference_c: float | None) -> Any:
        asked.append(reference_c)
        return measure_energy(workload, seconds=seconds, reference_c=reference_c, sources=[])

    degrees = iter((41.0, 70.0))
    monkeypatch.setattr("harness.measuring.device_celsius", lambda device: next(degrees))
    monkeypatch.setattr("harness.measuring.measure_energy", remembered)
    options = RunOptions(
        task=str(tiny), submission=Constant(), measure_s=0.2, batch_sweep=False, home=tmp_path / "home", log=False
    )
    run = runs.bench if verb == "bench" else runs.evaluate
    run(options, Reporter())
    assert asked == [41.0]


def test_a_run_leaves_the_callers_process_its_cpus(tiny: Path, tmp_path: Path) -> None:
    before = allowed_cpus()
    harness.evaluate(str(tiny), Constant(), home=tmp_path / "home", log=False, page=False, measure=False, threads=1)
    assert allowed_cpus() == before


def test_more_threads_than_cpus_are_misuse(bench: Callable[..., Done]) -> None:
    done = bench("--threads", str(len(allowed_cpus()) + 97), *QUICK)
    assert "more threads than that would wait for each other" in done.sentence(status=2)


def test_rows_survive_the_way_to_another_process() -> None:
    import numpy as np

    rows = {"a/1": {"x": np.arange(3), "y": np.zeros((0, 4))}, "b": {"x": np.array(7), "y": np.ones((2, 4))}}
    back = unpacked(packed(rows))
    assert list(back) == ["a/1", "b"]
    assert all((back[id][name] == rows[id][name]).all() for id in rows for name in rows[id])


def test_without_predictions_nothing_is_compared() -> None:
    assert stored_answers(None, None, None) == {}  # type: ignore[arg-type]


def test_without_a_task_one_that_fits_is_taken_and_said(cli: Callable[..., Done], probe: Path) -> None:
    done = cli("bench", "--submission", "blobs", *QUICK, "--json")
    assert done.status == 0
    assert "No task is named: blobs is timed on the images of" in done.err
    lost = cli("bench", "--submission", probe, *QUICK)
    assert lost.status == 2
    assert "name one with --task" in lost.err


@pytest.mark.live
@pytest.mark.parametrize(("name", "task"), [("mobilenet_v3_small", "imagenet"), ("retinanet_resnet50_fpn", "coco")])
def test_a_library_knows_what_its_networks_are_timed_on(name: str, task: str) -> None:
    from harness.bench_task import with_task
    from harness.progress import Reporter

    pytest.importorskip("torchvision")
    assert with_task(RunOptions(task="", submission=f"torchvision:{name}"), Reporter()).task == task
