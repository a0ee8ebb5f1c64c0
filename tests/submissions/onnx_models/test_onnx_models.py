"""An ONNX file answers as the network that it was made from, and nothing is done to images that its table does not say."""

import numpy as np
import pytest

from harness.predictions import load_parts
from harness.task import DataRequest
from tasks.classification.sample import COUNTS, SEED, pictures
from tasks.detection.coco.task import Coco

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")
TensorProto, helper, numpy_helper = onnx.TensorProto, onnx.helper, onnx.numpy_helper

TABLE = "mean = [0.5, 0.4, 0.3]\ndeviation = [0.2, 0.2, 0.2]\n"


def save(path, nodes, inputs, outputs, weights):
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def classifier(path, batch, outputs=10):
    weights = np.random.default_rng(0).standard_normal((3 * 32 * 32, outputs)).astype(np.float32) / 50
    nodes = [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("MatMul", ["f", "w"], ["logits"])]
    shapes = {"x": [batch, 3, 32, 32]}, {"logits": (TensorProto.FLOAT, [batch, outputs])}
    save(path, nodes, *shapes, {"w": weights})
    path.with_suffix(".toml").write_text(TABLE)
    return weights


@pytest.mark.parametrize("batch", ["n", 1, 8])
def test_logits_are_those_of_the_network(cli, tmp_path, batch):
    weights = classifier(tmp_path / "a.onnx", batch)
    done = cli(
        "eval",
        "--task",
        "cifar10",
        "--submission",
        f"onnx:{tmp_path / 'a.onnx'}",
        "--batch-size",
        "16",
        "--no-measure",
        "--json",
    )
    images, labels = pictures(SEED, COUNTS[10], 10)
    inputs = (np.stack(images).transpose(0, 3, 1, 2) / 255 - np.array([0.5, 0.4, 0.3])[:, None, None]) / 0.2
    right = (inputs.reshape(len(images), -1) @ weights).argmax(axis=1) == np.array(labels)
    record = done.json()
    assert record["metrics"][0]["value"] == 100 * right.mean()
    assert record["submission"]["options"]["mean"] == [0.5, 0.4, 0.3]


def test_pictures_in_floating_point_are_brought_to_the_same_scale(cli, tmp_path):
    classifier(tmp_path / "a.onnx", "n")
    images, labels = pictures(SEED, 40, 10)
    np.save(tmp_path / "labels.npy", np.array(labels))
    # Halves of a step, so that they stay floating point.
    values = np.stack(images).astype(np.float32).clip(0, 254) + np.float32(0.5)
    np.save(tmp_path / "images.npy", values / np.float32(255))
    record = cli(
        "eval", "--task", "cifar10", "--images", tmp_path / "images.npy", "--annotations", tmp_path / "labels.npy",
        "--submission", f"onnx:{tmp_path / 'a.onnx'}", "--no-measure", "--json",
    ).json()  # fmt: skip
    path = next(one["path"] for one in record["artifacts"] if one["kind"] == "predictions")
    stored = load_parts(tmp_path / "home" / path)[0].dense("logits")
    weights = np.random.default_rng(0).standard_normal((3 * 32 * 32, 10)).astype(np.float32) / 50
    inputs = (values.transpose(0, 3, 1, 2) / 255 - np.array([0.5, 0.4, 0.3])[:, None, None]) / 0.2
    assert np.allclose(stored, inputs.reshape(len(images), -1) @ weights, atol=1e-3)


def test_attacks_by_queries_run_on_it_and_those_by_gradients_are_refused(cli, tmp_path):
    pytest.importorskip("torch")
    classifier(tmp_path / "a.onnx", 1)
    run = ("--submission", f"onnx:{tmp_path / 'a.onnx'}", "--no-measure", "--json")
    record = cli("eval", "--task", "cifar10-blackbox", "--max-queries", "20", *run).json()
    values = {one["name"]: one["value"] for one in record["metrics"]}
    assert values["clean"] > 0 and values["success_rate"] > 0
    assert cli("verify", record["id"]).status == 0
    refused = cli("eval", "--task", "cifar10-linf", "--attack", "fgsm", *run)
    assert "cannot be differentiated in the images" in refused.sentence()


def test_super_resolution(cli, tmp_path):
    scales = np.array([1, 1, 4, 4], np.float32)
    nodes = [helper.make_node("Resize", ["x", "", "s"], ["y"], mode="nearest")]
    shape = ["n", 3, "h", "w"]
    save(tmp_path / "up.onnx", nodes, {"x": shape}, {"y": (TensorProto.FLOAT, ["n", 3, "H", "W"])}, {"s": scales})
    (tmp_path / "up.toml").write_text("")
    done = cli(
        "eval",
        "--task",
        "set5",
        "--submission",
        f"onnx:{tmp_path / 'up.onnx'}",
        "--limit",
        "2",
        "--no-measure",
        "--json",
    )
    assert 10 < done.json()["metrics"][0]["value"] < 40


def test_detection(cli, tmp_path):
    boxes = np.array([[10, 10, 40, 40], [5, 5, 20, 30]], np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], keepdims=0),
        helper.make_node("Mul", ["m", "zero"], ["z"]),
        helper.make_node("Add", ["b", "z"], ["boxes"]),
        helper.make_node("Add", ["s", "z"], ["scores"]),
        helper.make_node("Identity", ["l"], ["labels"]),
    ]
    outputs = {
        "boxes": (TensorProto.FLOAT, [2, 4]), "scores": (TensorProto.FLOAT, [2]), "labels": (TensorProto.INT64, [2]),
    }  # fmt: skip
    weights = {
        "b": boxes, "s": np.array([0.9, 0.8], np.float32), "l": np.array([0, 0]), "zero": np.array(0, np.float32),
    }  # fmt: skip
    save(tmp_path / "d.onnx", nodes, {"x": [1, 3, 64, 64]}, outputs, weights)
    Coco().write_sample(tmp_path / "data")
    (tmp_path / "d.toml").write_text('size = [64, 64]\nclasses = ["disc"]\n')
    done = cli(
        "eval",
        "--task",
        "coco",
        "--submission",
        f"onnx:{tmp_path / 'd.onnx'}",
        "--limit",
        "3",
        "--no-measure",
        "--json",
    )
    record = done.json()
    path = next(one["path"] for one in record["artifacts"] if one["kind"] == "predictions")
    stored = load_parts(tmp_path / "home" / path)[0].ragged("boxes_xywh").row(0)
    # From the 64 x 64 pixels that the network saw back to the image's own.
    height, width = Coco().open(DataRequest(data=tmp_path / "data")).sample(0).inputs["image"].shape[:2]
    sizes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    wanted = sizes * (np.array([width, height] * 2) / 64)
    assert np.allclose(stored, wanted)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "a.toml is missing"),
        ('interpolation = "cubic"', "interpolation is 'cubic'; it must be one of nearest, bilinear, bicubic, lanczos"),
        ("mean = [0.5]", "mean has 1 values; it must have 3"),
        ("means = [0.5]", "unknown field `means`"),
        ("deviation = [0.2, 0.0, 0.2]", "neither divide nor deviation may be 0"),
        ("divide = nan", "every number must be finite"),
        ("size = [32, -1]", "resize, crop and size are numbers of pixels"),
        ("crop = 40", "crop = 40 is more than the 32x32 pixels of the resized image"),
        ('outputs = { logits = "y" }', "the network has no output 'y' for logits; it has: logits"),
    ],
)
def test_bad_tables_are_named(cli, tmp_path, table, message):
    classifier(tmp_path / "a.onnx", 1)
    if table is None:
        (tmp_path / "a.toml").unlink()
    else:
        (tmp_path / "a.toml").write_text(table)
    assert message in cli("eval", "--task", "cifar10", "--submission", f"onnx:{tmp_path / 'a.onnx'}").sentence(2)


def test_a_file_that_is_no_network_is_named(cli, tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"garbage")
    (tmp_path / "a.toml").write_text("")
    done = cli("eval", "--task", "cifar10", "--submission", f"onnx:{tmp_path / 'a.onnx'}")
    assert "a.onnx is no network that onnxruntime can run" in done.sentence()
