"""The mirror in MLflow: one record is one run, once, also where two processes begin at the same moment."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, Harness

from harness.predictions import load_table

pytest.importorskip("mlflow")
# A fresh SQLite store takes MLflow more than ten seconds on a busy machine: this module has one, made once.
pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory, tiny: Path, probe: Path) -> Harness:
    """A home in which two processes have evaluated and mirrored at once, into a store that neither found there."""
    folder = tmp_path_factory.mktemp("mirrored")
    harness = Harness(home=folder / "home", folder=folder)
    processes = [
        harness.start("eval", "--task", tiny, "--submission", submission, "--measure-s", "0.2", "--log", "--json")
        for submission in (probe, tiny / "baseline")
    ]
    ends = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ends
    assert not any("not mirrored" in err for _, err in ends), ends
    return harness


@pytest.fixture
def client(mirrored: Harness) -> Any:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import mlflow

    return mlflow.MlflowClient(tracking_uri=f"sqlite:///{mirrored.home / 'mlflow.db'}")


def records(harness: Harness) -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in harness.records()}


def runs(client: Any) -> dict[str, Any]:
    """The runs of the small task by the id of their record."""
    experiment = client.get_experiment_by_name("tiny/test (sample)")
    found = client.search_runs([experiment.experiment_id])
    by_record = {run.data.tags["harness.record"]: run for run in found}
    assert len(by_record) == len(found)
    return by_record


def test_one_record_is_one_run(mirrored: Harness, client: Any) -> None:
    assert set(runs(client)) == set(records(mirrored)) and len(runs(client)) == 2
    assert all(run.info.status == "FINISHED" for run in runs(client).values())


def test_a_run_has_the_numbers_of_its_record(mirrored: Harness, client: Any) -> None:
    found = runs(client)
    for id, record in records(mirrored).items():
        metrics, [metric] = found[id].data.metrics, record["metrics"]
        assert metrics["top1"] == metric["value"] and metrics["top1_low"] == metric["interval"]["low"]
        spans = {span["name"]: span["p50"]["value"] for span in record["measurements"]["latency"][0]["spans"]}
        assert metrics.get("latency_ms_forward_p50") == spans["forward"]
        assert "energy_j" not in metrics or record["measurements"]["energy"][0]["energy_j"] is not None
        params = found[id].data.params
        assert params["data_digest"] == record["task"]["data_digest"] and params["task"] == "tiny"


def test_the_submission_is_a_model_and_the_record_an_artifact(mirrored: Harness, client: Any) -> None:
    found = runs(client)
    experiment = client.get_experiment_by_name("tiny/test (sample)").experiment_id
    models = {model.tags["harness.record"]: model for model in client.search_logged_models([experiment])}
    assert {model.name for model in models.values()} == {"probe (base)", "tiny-baseline"}
    for id in records(mirrored):
        assert models[id].source_run_id == found[id].info.run_id
        names = {artifact.path for artifact in client.list_artifacts(found[id].info.run_id)}
        assert names == {f"{id}.json", "samples.csv", "replicates.npz"}
        local = Path(client.download_artifacts(found[id].info.run_id, "samples.csv"))
        lines = local.read_text().splitlines()
        assert lines[0] == "id,correct" and lines[1] == "000,1.0" and len(lines) == 25


def test_the_curves_of_a_record_are_an_artifact(mirrored: Harness, client: Any, curved: Path, tmp_path: Path) -> None:
    store, data = f"sqlite:///{mirrored.home / 'mlflow.db'}", curved.parent / "data"
    done = mirrored(
        "score", "--task", curved, "--data", data, curved.parent / "mine.csv", "--json",
        "--tracking-uri", store, "--home", tmp_path / "home",
    ).json()  # fmt: skip
    [run] = client.search_runs([client.get_experiment_by_name("curved/test").experiment_id])
    found = load_table(Path(client.download_artifacts(run.info.run_id, "curves.npz", str(tmp_path))))
    [kept] = [item for item in done["artifacts"] if item["kind"] == "curves"]
    assert found.digest() == kept["digest"] and found.ids == ("curved/rising",)


def test_logging_again_adds_nothing(mirrored: Harness, client: Any, tiny: Path, probe: Path) -> None:
    before = set(runs(client))
    done = mirrored("log", "--json").json()
    assert done["logged"] == [] and done["rejected"] == []
    assert mirrored("eval", "--task", tiny, "--submission", probe, "--measure-s", "0.2", "--log").status == 0
    assert set(runs(client)) == before


def test_log_mirrors_what_is_not_there_yet_and_leaves_out_what_it_cannot_read(
    mirrored: Harness, client: Any, tiny: Path
) -> None:
    mirrored("data", "sample", tiny, "--out", "data")
    scored = ("score", "--task", tiny, "--data", "data", "data/labels.csv", "--json", "--submission")
    record = mirrored(*scored, "some.body's method, v2: 100 %").json()
    assert record["id"] not in runs(client)
    damaged = mirrored.home / "records" / "damaged.json"
    damaged.write_text("{")
    done = mirrored("log", "--json").json()
    damaged.unlink()
    assert done["logged"] == [record["id"]]
    assert len(done["rejected"]) == 1 and "damaged.json is no record" in done["rejected"][0]
    assert runs(client)[record["id"]].data.metrics["top1"] == 1.0


def test_records_of_strangers_are_left_out_with_the_reason_and_upload_nothing(
    mirrored: Harness, client: Any, tmp_path: Path
) -> None:
    from msgspec.structs import replace

    from harness.predictions import load_table, save_table
    from harness.record import decode, with_id
    from harness.store import Home

    home = Home(mirrored.home)
    known = next(one for path in mirrored.records() if (one := decode(path.read_bytes())).submission.name == "probe")
    statistics = next(item for item in known.artifacts if item.kind == "statistics")
    outside = mirrored.home.parent / "outside.npz"
    save_table(outside, load_table(home.artifact(statistics)))
    pointed = [replace(statistics, path="../outside.npz")]
    damaged = mirrored.home / "statistics" / "damaged.npz"
    damaged.write_bytes(b"not an archive")
    made = [
        with_id(replace(known, submission=replace(known.submission, name=name), **changes))
        for name, changes in (
            ("date", {"run": replace(known.run, started="not a date")}),
            ("far", {"run": replace(known.run, finished="9999-12-31T23:59:59-23:59")}),
            ("outside", {"artifacts": pointed}),
            ("damaged", {"artifacts": [replace(statistics, path="statistics/damaged.npz")]}),
            ("key", {"settings": {"=;\n": 1}}),
            ("good", {}),
        )
    ]
    written = [home.write_record(record) for record in made]
    written.append(home.record_path("0" * 16))
    written[-1].write_bytes(home.record_path(known.id).read_bytes().replace(known.id.encode(), b"../../outside"))
    before = set(runs(client))
    done = mirrored("log", "--json").json()
    for path in written:
        if path.stem not in done["logged"]:
            path.unlink()
    assert made[-1].id in done["logged"] and set(runs(client)) == before | set(done["logged"])
    assert not set(done["logged"]) & {record.id for record in (made[0], *made[2:5])}
    reasons = "\n".join(done["rejected"])
    for text in ("not a date", "points outside its home", "damaged.npz is damaged", "but a record's id is the name of"):
        assert text in reasons, reasons


def test_a_record_is_asked_for_by_its_id_alone(mirrored: Harness, client: Any, monkeypatch: Any) -> None:
    from mlflow import MlflowClient

    from harness import mlflow_log
    from harness.progress import Reporter
    from harness.record import decode
    from harness.store import Home

    monkeypatch.delattr(mlflow_log, "_present")
    asked: list[Any] = []
    search = MlflowClient.search_runs
    monkeypatch.setattr(
        MlflowClient, "search_runs", lambda *given, **named: asked.append(given) or search(*given, **named)
    )
    path = next(path for path in mirrored.records() if path.stem in runs(client))
    asked.clear()
    uri = f"sqlite:///{mirrored.home / 'mlflow.db'}"
    assert mlflow_log.log_record(Home(mirrored.home), decode(path.read_bytes()), uri, Reporter()) is False
    assert len(asked) == 1 and path.stem in asked[0][2]


def test_a_mirror_that_was_interrupted_is_made_again_without_a_second_run(mirrored: Harness, client: Any) -> None:
    id, run = next(iter(runs(client).items()))
    client.delete_tag(run.info.run_id, "harness.record")
    assert mirrored("log", "--json").json()["logged"] == [id]
    assert set(runs(client)) == set(records(mirrored))


def test_score_logs_only_where_a_server_is_named(mirrored: Harness, client: Any, tiny: Path, tmp_path: Path) -> None:
    command = ("score", "--task", tiny, "--data", "data", "data/labels.csv", "--json", "--submission")
    mirrored("data", "sample", tiny, "--out", "data")
    quiet = mirrored(*command, "quiet").json()
    uri = f"sqlite:///{mirrored.home / 'mlflow.db'}"
    named = mirrored(*command, "named", "--tracking-uri", uri).json()
    environment = mirrored(*command, "environment", env={"MLFLOW_TRACKING_URI": uri}).json()
    refused = mirrored(*command, "refused", "--no-log", env={"MLFLOW_TRACKING_URI": uri}).json()
    found = set(runs(client))
    assert {named["id"], environment["id"]} <= found and not {quiet["id"], refused["id"]} & found


@pytest.mark.parametrize("uri", ["no-such-scheme://x", "sqlite:////proc/none/mlflow.db", "file:./mlruns"])
def test_a_store_that_cannot_be_used_is_a_note_for_a_run_and_an_error_for_log(
    mirrored: Harness, tiny: Path, uri: str
) -> None:
    mirrored("data", "sample", tiny, "--out", "data")
    command = ("score", "--task", tiny, "--data", "data", "data/labels.csv", "--tracking-uri", uri)
    done = mirrored(*command)
    assert done.status == 0 and "Traceback" not in done.err
    [note] = [line for line in done.err.splitlines() if line.startswith("not mirrored to MLflow: ")]
    assert note.endswith("('harness log' does it later)")
    assert mirrored("log", "--tracking-uri", uri).sentence()


def test_names_of_metrics_are_ones_that_mlflow_takes() -> None:
    from harness.mlflow_log import metrics_of
    from harness.record import Metric, Record, SubmissionPart, TaskPart

    task = TaskPart(
        id="t", version="1", title="t", protocol="p", split="s", main_metric="AP@[.5:.95]", origin="official", unit="image",
        samples=1, data_digest="0",
    )  # fmt: skip
    metrics = [
        Metric(name=name, protocol=protocol, value=value, interval=None, n=1)
        for name, protocol, value in (("AP@[.5:.95]", "p", 0.5), ("AP", "other/one", 0.25), ("lost", "p", None))
    ]
    record = Record(
        schema="harness-record/1", id="", provenance="scored", task=task, submission=SubmissionPart(name="x"), settings={},
        metrics=metrics,
    )  # fmt: skip
    assert metrics_of(record) == {"AP__.5_.95_": 0.5, "AP other/one": 0.25}


def test_without_mlflow_a_run_says_so(cli: Callable[..., Done], tiny: Path, probe: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)
    done = cli("eval", "--task", tiny, "--submission", probe, "--no-measure", "--log")
    assert done.status == 0
    assert "not mirrored to MLflow: the package mlflow is missing; pip install 'vision-harness[live]'" in done.err
    assert "the package mlflow is missing" in cli("log").sentence()
