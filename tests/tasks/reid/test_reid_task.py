"""The tasks behind the command line: the official numbers, records that can be checked again, one sentence for what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import DataError, UsageError
from harness.task import DataRequest, Scoring
from tasks.reid.data import ReidDataset
from tasks.reid.formats import read_results
from tasks.reid.metrics import NON_INTERPOLATED, TRAPEZOID
from tasks.reid.task import Reid

Command = Callable[..., Any]
Write = Callable[..., Path]
PLAIN = ("--no-log", "--json")


def metrics(record: dict[str, Any]) -> dict[tuple[str, str], float]:
    return {(metric["protocol"], metric["name"]): metric["value"] for metric in record["metrics"]}


def table(record: dict[str, Any], name: str) -> list[list[Any]]:
    rows: list[list[Any]] = next(one["rows"] for one in record["tables"] if one["name"] == name)
    return rows


def test_the_matlab_answer_on_the_real_matrix(cli: Command, shared: Path, task: Reid) -> None:
    folder = shared / "data" / "reid" / "check_eval_100x5332"
    matrix = folder / "query_gallery_distance.txt"
    record = cli("score", "--task", "market1501", "--annotations", folder, matrix, *PLAIN).json()
    found = metrics(record)
    assert found[TRAPEZOID, "mAP"] == 0.6403371615264781
    assert f"{found[TRAPEZOID, 'mAP']:.5f}" == (folder / "mAP.txt").read_text().strip()
    assert [found[TRAPEZOID, f"rank{k}"] for k in (1, 5, 10)] == [0.68, 0.85, 0.91]
    assert abs(found[NON_INTERPOLATED, "mINP"] - 0.5368189231138221) < 1e-6
    # torchreid and fast-reid sort without a rule for ties; what they print is the bound with all ties against us.
    bounds = {(row[1], row[0]): row[2:] for row in table(record, "ties")}
    assert bounds[NON_INTERPOLATED, "mAP"][2] == 0.6651864257329291
    assert bounds[NON_INTERPOLATED, "mAP"][0] == found[NON_INTERPOLATED, "mAP"]
    assert any("0.6651864257329291" in line and "2 times" in line for line in record["warnings"])
    assert (record["task"]["origin"], record["task"]["split"]) == ("custom", "custom")
    dataset = task.open(DataRequest(annotations=folder, with_inputs=False))
    statistics = task.score(dataset, task.read(matrix, dataset), Scoring(protocol=TRAPEZOID))
    curve = task.curves(statistics, TRAPEZOID)[0]
    assert curve.y.tolist() == np.loadtxt(folder / "CMC.txt").tolist()
    assert curve.x.tolist() == list(range(1, 101))


def test_both_protocols_are_always_computed(cli: Command, sample_root: Path, features_file: Write) -> None:
    options = "score", "--task", "market1501", "--data", sample_root, features_file(), *PLAIN
    one = cli(*options).json()
    other = cli(*options, "--protocol", NON_INTERPOLATED).json()
    assert metrics(one) == metrics(other) and len(metrics(one)) == 10
    assert one["task"]["protocol"] == TRAPEZOID and other["task"]["protocol"] == NON_INTERPOLATED
    for metric in one["metrics"]:
        assert metric["n"] == 72 and metric["interval"]["low"] <= metric["value"] <= metric["interval"]["high"]
        assert "resamples of the queries" in metric["interval"]["method"]


def test_a_record_of_features_and_of_distances_is_verified(
    cli: Command, sample_root: Path, features_file: Write, tmp_path: Path
) -> None:
    np.save(tmp_path / "matrix.npy", np.random.default_rng(0).random((72, 180)).astype(np.float32))
    for path in (features_file(), tmp_path / "matrix.npy"):
        record = cli("score", "--task", "market1501", "--data", sample_root, path, *PLAIN).json()
        again = cli("verify", record["id"], "--json").json()
        assert again["provenance"] == "verified"


def test_settings_change_the_ranking_and_stand_in_the_record(
    cli: Command, sample_root: Path, features_file: Write
) -> None:
    path = features_file()
    found: dict[str, float] = {}
    for setting in ("distance=euclidean", "distance=cosine", "reranking=k-reciprocal"):
        record = cli("score", "--task", "market1501", "--data", sample_root, path, "--set", setting, *PLAIN).json()
        name, value = setting.split("=")
        assert record["settings"] == ({} if value == "euclidean" else {name: value})
        found[setting] = metrics(record)[TRAPEZOID, "mAP"]
    assert len(set(found.values())) == 3


def test_multi_query_averages_the_features_of_a_person_under_a_camera(
    task: Reid, sample_root: Path, features_file: Write
) -> None:
    settings = {"multi_query": True}
    dataset = task.open(DataRequest(data=sample_root, with_inputs=False, settings=settings))
    listing = dataset.listing
    assert listing.multi_query is not None
    random = np.random.default_rng(5)
    further = random.normal(size=(len(listing.multi_query), 8)).astype(np.float32)
    path = features_file(multi_query_features=further, multi_query_names=np.array(listing.multi_query.names))
    predictions = read_results(path, dataset)
    statistics = task.score(dataset, predictions, Scoring(protocol=TRAPEZOID, settings=settings))
    averaged = np.stack([
        further[(listing.multi_query.identity == who) & (listing.multi_query.camera == camera)].mean(axis=0)
        for who, camera in zip(listing.query.identity, listing.query.camera, strict=True)
    ])  # fmt: skip
    plain = task.open(DataRequest(data=sample_root, with_inputs=False))
    expected = task.score(
        plain, read_results(features_file("averaged.npz", query_features=averaged), plain), Scoring(protocol=TRAPEZOID)
    )
    assert task.aggregate(statistics, TRAPEZOID) == task.aggregate(expected, TRAPEZOID)


def test_the_cosine_is_that_of_the_vectors(
    task: Reid, sample: ReidDataset, features_file: Write, tmp_path: Path
) -> None:
    path = features_file()
    arrays = np.load(path)
    q, g = (arrays[f"{role}_features"].astype(np.float64) for role in ("query", "gallery"))
    cosine = (q / np.linalg.norm(q, axis=1, keepdims=True)) @ (g / np.linalg.norm(g, axis=1, keepdims=True)).T
    np.save(tmp_path / "cosine.npy", 1 - cosine)
    scored = [
        task.score(sample, read_results(file, sample), Scoring(protocol=TRAPEZOID, settings=settings))
        for file, settings in ((path, {"distance": "cosine"}), (tmp_path / "cosine.npy", {}))
    ]
    assert task.aggregate(scored[0], TRAPEZOID) == task.aggregate(scored[1], TRAPEZOID)


def test_one_row_of_ones_is_the_score(task: Reid, sample: ReidDataset, features_file: Write) -> None:
    statistics = task.score(sample, read_results(features_file(), sample), Scoring(protocol=TRAPEZOID))
    ones = np.ones((1, 72), np.uint16)
    for protocol in (TRAPEZOID, NON_INTERPOLATED):
        values = task.aggregate(statistics, protocol)
        for name, column in task.replicates(statistics, protocol, ones, list(values)).items():
            assert column[0] == pytest.approx(values[name], rel=1e-13)


def test_queries_without_anybody_to_find_are_told(task: Reid, sample_root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ids"
    folder.mkdir()
    for name, text in {
        "query_id": "1 2 3",
        "query_cam": "1 1 1",
        "gallery_id": "1 2 9",
        "gallery_cam": "2 1 2",
    }.items():
        (folder / f"{name}.txt").write_text(text.replace(" ", "\n") + "\n")
    np.save(tmp_path / "distances.npy", np.zeros((3, 3)))
    dataset = task.open(DataRequest(annotations=folder, with_inputs=False))
    statistics = task.score(dataset, task.read(tmp_path / "distances.npy", dataset), Scoring(protocol=TRAPEZOID))
    assert "2 of 3 queries have no image of their person" in statistics.warnings[0]
    assert task.aggregate(statistics, TRAPEZOID)["mAP"] == pytest.approx(1 / 3)
    assert task.aggregate(statistics, NON_INTERPOLATED)["mAP"] == 1
    (folder / "query_id.txt").write_text("7\n7\n7\n")
    dataset = task.open(DataRequest(annotations=folder, with_inputs=False))
    with pytest.raises(DataError, match="nothing can be found"):
        task.score(dataset, task.read(tmp_path / "distances.npy", dataset), Scoring(protocol=TRAPEZOID))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["reranking_k1=30"], "need --set reranking=k-reciprocal"),
        (["reranking=k-reciprocal", "reranking_k1=0"], "at least 1"),
        (["reranking=k-reciprocal", "reranking_lambda=2"], "lie in 0 to 1"),
        (["reranking=gpu"], "must be one of none, k-reciprocal"),
        (["distance=manhattan"], "must be one of euclidean, cosine"),
    ],
)
def test_settings_that_mean_nothing(
    cli: Command, sample_root: Path, features_file: Write, settings: list[str], words: str
) -> None:
    chosen = [part for setting in settings for part in ("--set", setting)]
    done = cli("score", "--task", "market1501", "--data", sample_root, features_file(), *chosen)
    assert words in done.sentence(UsageError.exit_status)


def test_bad_input_is_one_sentence_and_leaves_nothing(
    cli: Command, sample_root: Path, features_file: Write, tmp_path: Path
) -> None:
    listed = json.loads(json.dumps({"gallery_names": ["x.jpg"] * 180}))
    path = features_file(
        "bad.npz", gallery_names=np.array([f"{n}{name}" for n, name in enumerate(listed["gallery_names"])])
    )
    options = "score", "--task", "market1501", "--data", sample_root
    assert "is not among the gallery images" in cli(*options, path).sentence()
    np.save(tmp_path / "nan.npy", np.full((72, 180), np.nan))
    assert "not finite" in cli(*options, tmp_path / "nan.npy").sentence()
    assert not list((tmp_path / "home").rglob("*.json"))


MEAN_COLOUR = """
import numpy as np


class Colours:
    settings = {"distance": "cosine"}

    def prepare(self, sample):
        return sample.inputs["image"]

    def forward(self, inputs):
        return [image.reshape(8, 8, 32, 3).mean(axis=(1, 2)).ravel() for image in inputs]

    def finish(self, raw, sample):
        return {"feature": ANSWER}


def build(context):
    return Colours()
"""


def write_submission(folder: Path, answer: str) -> Path:
    folder.mkdir()
    (folder / "model.py").write_text(MEAN_COLOUR.replace("ANSWER", answer))
    (folder / "submission.toml").write_text(
        'name = "colours"\ntitle = "mean colours"\ninterfaces = ["embedding"]\nentry = "model.py:build"\n'
    )
    return folder


@pytest.mark.parametrize("name", ["market1501", "dukemtmc", "msmt17", "cuhk03-np"])
def test_a_live_network_on_every_sample(cli: Command, tmp_path: Path, name: str) -> None:
    folder = write_submission(tmp_path / "colours", "raw.astype(np.float32)")
    record = cli("eval", "--task", name, "--submission", folder, "--no-measure", *PLAIN).json()
    found = metrics(record)
    assert 0 < found[TRAPEZOID, "mAP"] < found[NON_INTERPOLATED, "mAP"] < 1
    assert record["settings"] == {"distance": "cosine"}
    assert record["task"]["hidden"] == (name == "dukemtmc")
    assert cli("verify", record["id"], "--json").json()["provenance"] == "verified"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("raw[:0].astype(np.float32)", "length 0"),
        ("raw * np.nan", "not finite"),
        ("raw[None]", "has shape (1, 24)"),
        ("raw[: 20 + int(raw[0]) % 3].astype(np.float32)", "rows of shape"),
        ("'text'", "feature has"),
    ],
)
def test_answers_that_are_no_features(cli: Command, tmp_path: Path, answer: str, words: str) -> None:
    folder = write_submission(tmp_path / "colours", answer)
    done = cli("eval", "--task", "market1501", "--submission", folder, "--no-measure", "--no-log")
    assert words in done.sentence()
