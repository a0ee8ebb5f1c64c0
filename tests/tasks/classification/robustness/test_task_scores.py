"""Scores from stored logits equal a word-for-word restatement of the rule; result files are checked against ball and box."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness.errors import DataError, PredictionError
from harness.task import DataRequest, Predictions
from tasks.classification.robustness import metrics
from tasks.classification.robustness.data import SELECTION
from tasks.classification.robustness.flags import gate_flags, is_softmax, without_gradient
from tasks.classification.robustness.tasks import cifar10_linf, imagenet_linf
from tasks.classification.sample import pictures

CLASSES, COUNT = 10, 24


# -- the rule, word for word ---------------------------------------------------------------------------------------------
def literal(clean, adversarial, attacked, labels):
    """For every image the attacks after which it still stands, asked one at a time with Python's own max and index."""
    standing = []
    for image in range(len(labels)):
        right = list(clean[image]).index(max(clean[image])) == labels[image]
        row = [right]
        for place in range(adversarial.shape[1]):
            logits = list(adversarial[image, place])
            if attacked[image, place] and logits.index(max(logits)) != labels[image]:
                right = False
            row.append(right)
        standing.append(row)
    return standing


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 4), st.integers(2, 5))
def test_numbers_equal_the_rule_on_random_logits_with_ties(seed, count, attacks, classes):
    random = np.random.default_rng(seed)
    clean = random.integers(0, 3, (count, classes)).astype(np.float32)
    adversarial = random.integers(0, 3, (count, attacks, classes)).astype(np.float32)
    attacked = random.integers(0, 2, (count, attacks)).astype(np.uint8)
    labels = random.integers(0, classes, count)
    expected = literal(clean, adversarial, attacked, labels)
    fell = metrics.felled_by(clean, adversarial, attacked, labels)
    assert metrics.standing(fell, attacks).tolist() == expected
    names = ["clean", *map(str, range(attacks))]
    values = metrics.aggregate(fell, names)
    for place, name in enumerate(names):
        assert values[name] == 100 * sum(row[place] for row in expected) / count
    ones = metrics.replicates(fell, np.ones((1, count), np.uint16), names)
    assert {name: ones[name][0] for name in names} == values
    weights = random.integers(0, 4, (3, count)).astype(np.uint16)
    weights[:, 0] = 1
    found = metrics.replicates(fell, weights, names)
    for row, each in enumerate(weights.tolist()):
        for place, name in enumerate(names):
            right = sum(times * one[place] for times, one in zip(each, expected, strict=True))
            assert found[name][row] == 100 * right / sum(each)


def test_a_margin_is_that_of_the_worst_image():
    clean = np.array([[3.0, 1.0, 0.0]], np.float32)
    adversarial = np.array([[[1.0, 1.5, 0.0], [0.0, 9.0, 0.0]]], np.float32)
    labels = np.array([0])
    assert metrics.wrong_margin(clean, adversarial, np.array([[1, 0]]), labels).tolist() == [0.5]
    assert metrics.wrong_margin(clean, adversarial, np.array([[1, 1]]), labels).tolist() == [9.0]
    assert metrics.wrong_margin(clean, adversarial, np.array([[0, 0]]), labels).tolist() == [-2.0]


# -- flags ---------------------------------------------------------------------------------------------------------------
def columns(count=1000, **other):
    usual = {
        "repeat": np.zeros(count), "softmax": np.zeros(count, bool), "fell": np.full(count, metrics.STANDS),
        "margin_gradient": np.ones(count), "no_margin_gradient": np.zeros(count, bool), "no_loss_gradient": np.zeros(count, bool),
    }  # fmt: skip
    return usual | other


def first(count: int, of: int = 1000):
    return np.arange(of) < count


STANDARD = ("apgd-ce", "apgd-t", "fab-t", "square")


@pytest.mark.parametrize(
    ("found", "facts", "attacks", "codes"),
    [
        ({}, {}, STANDARD, []),
        ({"repeat": np.full(1000, 1e-4)}, {}, STANDARD, ["answers-change"]),
        ({}, {"answers_at_the_end": 0.1}, STANDARD, ["answers-change"]),
        ({}, {"backward_passes_in_forward": 3}, STANDARD, ["optimisation-loop"]),
        ({"softmax": np.ones(1000, bool)}, {}, STANDARD, ["softmax-output"]),
        ({"no_margin_gradient": first(10)}, {}, STANDARD, []),
        ({"no_margin_gradient": first(11)}, {}, STANDARD, ["zero-gradients"]),
        ({"no_loss_gradient": first(1000)}, {}, STANDARD, []),
        ({"no_loss_gradient": first(1000)}, {}, ("pgd",), ["zero-gradients"]),
        ({"fell": np.where(first(2), 3, metrics.STANDS)}, {}, STANDARD, []),
        ({"fell": np.where(first(3), 3, metrics.STANDS)}, {}, STANDARD, ["square-beats-white-box"]),
        ({"fell": np.where(first(500), 0, metrics.STANDS)}, {}, ("square",), []),
    ],
)
def test_flags_follow_their_thresholds(found, facts, attacks, codes):
    assert [flag.code for flag in gate_flags(columns(**found), facts, attacks)] == codes


def test_probabilities_are_told_from_logits():
    random = np.random.default_rng(0)
    logits = random.normal(0, 3, (50, 10)).astype(np.float32)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert is_softmax(shares.astype(np.float32))
    assert not is_softmax(logits) and not is_softmax(shares * 2) and not is_softmax(np.log(shares))
    norms = np.array([[-1.0, -1.0], [0.0, 1.0], [1.0, np.inf], [np.nan, 2.0]])
    assert without_gradient(norms).tolist() == [[False, False], [True, False], [False, True], [True, False]]


# -- result files --------------------------------------------------------------------------------------------------------
@pytest.fixture
def data(tmp_path) -> dict[str, Path]:
    images, labels = pictures(5, COUNT, CLASSES)
    np.save(tmp_path / "images.npy", np.stack(images))
    np.save(tmp_path / "labels.npy", np.array(labels))
    return {"images": tmp_path / "images.npy", "annotations": tmp_path / "labels.npy"}


def arrays(data, wrong: int = 5) -> dict:
    """Right logits everywhere, but of the first `wrong` adversarial images; images that move by half the radius."""
    labels = np.load(data["annotations"])
    clean = 5 * np.eye(CLASSES, dtype=np.float32)[labels] - 1
    adversarial = np.where(np.arange(COUNT)[:, None] < wrong, np.roll(clean, 1, axis=1), clean)
    pixels = np.load(data["images"]).transpose(0, 3, 1, 2) / np.float32(255)
    return {
        "clean_logits": clean,
        "adversarial_logits": adversarial,
        "adversarial_image": np.clip(pixels + 4 / 255, 0, 1),
    }


def save(folder: Path, content: dict) -> Path:
    np.savez(folder / "results.npz", **content)
    return folder / "results.npz"


def score(path, data, folder, **options):
    settings = {"attack": "pgd"} | options.pop("settings", {})
    return harness.score(
        cifar10_linf(), path, home=folder / "home", settings=settings, interval=False, **data, **options
    )


def test_a_file_with_images_is_checked_and_scored(tmp_path, data):
    record = score(save(tmp_path, arrays(data)), data, tmp_path)
    assert {metric.name: metric.value for metric in record.metrics}["robust_accuracy"] == 100 * 19 / 24
    assert record.flags == [] and any("submitter's word" in text for text in record.warnings)
    assert harness.verify(record.id, home=tmp_path / "home").provenance == "verified"


def test_a_file_of_logits_alone_is_scored_and_flagged(tmp_path, data):
    content = arrays(data)
    del content["adversarial_image"]
    record = score(save(tmp_path, content), data, tmp_path)
    assert [flag.code for flag in record.flags] == ["ball-unchecked"] and record.metrics[0].value == 100 * 19 / 24


def test_the_worst_case_alone_gives_no_numbers_of_single_attacks(tmp_path, data):
    record = score(save(tmp_path, arrays(data)), data, tmp_path, settings={"attack": "standard"})
    values = {metric.name: metric.value for metric in record.metrics}
    assert values["robust_accuracy"] == 100 * 19 / 24 and values["clean"] == 100.0
    assert values["robust_accuracy_square"] is None and values["robust_accuracy_apgd_ce"] is None


def channels_last(content):
    content["adversarial_image"] = content["adversarial_image"].transpose(0, 2, 3, 1)


def in_bytes(content):
    content["adversarial_image"] = np.rint(content["adversarial_image"].transpose(0, 2, 3, 1) * 255).astype(np.uint8)


def with_ids_reversed(content):
    for name in list(content):
        content[name] = content[name][::-1]
    content["ids"] = np.array([f"{index:05d}" for index in range(COUNT)][::-1])


@pytest.mark.parametrize("change", [channels_last, in_bytes, with_ids_reversed])
def test_other_forms_of_the_same_are_the_same(tmp_path, data, change):
    content = arrays(data)
    change(content)
    record = score(save(tmp_path, content), data, tmp_path)
    assert record.metrics[0].value == 100 * 19 / 24


def test_what_is_written_is_read_back(tmp_path, data):
    task = cifar10_linf()
    request = DataRequest(images=data["images"], annotations=data["annotations"], settings={"attack": "pgd"})
    dataset = task.open(request)
    predictions = task.read(save(tmp_path, arrays(data)), dataset)
    task.write(predictions, dataset, tmp_path / "again.npz")
    assert task.read(tmp_path / "again.npz", dataset).table.digest() == predictions.table.digest()
    fewer = task.limit(dataset, 5)
    assert task.read(tmp_path / "again.npz", fewer).table.ids == fewer.ids
    assert isinstance(predictions, Predictions)


BAD = [
    (lambda c: c["adversarial_image"].__setitem__((7, 0, 0, 0), 0.9999), "the image of 00007 leaves its set"),
    (lambda c: c["adversarial_image"].__setitem__((3, 1), -0.02), "the image of 00003 leaves its set"),
    (lambda c: c["adversarial_logits"].__setitem__((4, 2), np.nan), "row 4 of .*adversarial_logits has a value"),
    (
        lambda c: c.update(clean_logits=np.zeros((COUNT, 11), np.float32)),
        "has 11 logits an image; the class map has 10",
    ),
    (lambda c: c.update(clean_logits=np.zeros((COUNT - 1, 10), np.float32)), "different numbers of images"),
    (lambda c: c.pop("clean_logits"), "it lacks clean_logits"),
    (lambda c: c.update(attacks=np.array(["fgsm"])), "holds fgsm, but the run is of pgd; name the same with --attack"),
    (lambda c: c.update(adversarial_image=c["adversarial_image"][:, :, :16]), "the shape .24, 3, 16, 32."),
    (lambda c: c.update(ids=np.array(["x"] * COUNT)), "row 1 answers x, as row 0 does"),
    (lambda c: c.update(clean_image=c["adversarial_image"] * 0), "clean_image of 00000 is not the data set's picture"),
    (lambda c: c.update(distance=np.full((COUNT, 1), 0.25)), "image 00000 lies 0.25 from its original in linf"),
    (lambda c: c.update(distance=np.zeros((COUNT, 1))), "the stored distance of image 00000 is not that of its stored"),
    (
        lambda c: c.update(distance=np.zeros((COUNT, 1)), kept_attack=np.full(COUNT, 4, np.int32)),
        "image 00000 is said to be of attack 4; there are 0 to 0",
    ),
]


@pytest.mark.parametrize(("spoil", "words"), BAD)
def test_bad_files_are_refused_by_name(tmp_path, data, spoil, words):
    content = arrays(data)
    spoil(content)
    with pytest.raises(PredictionError, match=words):
        score(save(tmp_path, content), data, tmp_path)


def test_images_without_logits_or_originals_are_refused(tmp_path, data):
    np.save(tmp_path / "images_only.npy", arrays(data)["adversarial_image"])
    with pytest.raises(PredictionError, match="images alone cannot be scored without the network"):
        score(tmp_path / "images_only.npy", data, tmp_path)
    with pytest.raises(PredictionError, match="name them with --images or --data"):
        score(save(tmp_path, arrays(data)), {"annotations": data["annotations"]}, tmp_path)


# -- which images --------------------------------------------------------------------------------------------------------
def test_imagenets_images_are_those_of_the_list(tmp_path):
    task = imagenet_linf()
    task.write_sample(tmp_path)
    dataset = task.open(DataRequest(data=tmp_path))
    assert len(dataset.ids) == 50 and dataset.ids[1] == "ILSVRC2012_val_00000005" and dataset.custom
    (tmp_path / SELECTION).rename(tmp_path / "other.txt")
    whole = task.open(DataRequest(data=tmp_path))
    assert len(whole.ids) == 200 and whole.custom and "your own selection" in whole.warnings[0]
    (tmp_path / SELECTION).write_text("n1/ILSVRC2012_val_00000005.JPEG\nn1/ILSVRC2012_val_00050000.JPEG\n")
    with pytest.raises(DataError, match="ILSVRC2012_val_00050000 is none of the data set's images"):
        task.open(DataRequest(data=tmp_path))
    (tmp_path / SELECTION).write_text("ILSVRC2012_val_00000005.JPEG\nILSVRC2012_val_00000005.JPEG\n")
    with pytest.raises(DataError, match="names an image twice"):
        task.open(DataRequest(data=tmp_path))


def test_scoring_a_file_imports_no_torch(tmp_path, data):
    import subprocess
    import sys

    code = (
        "import sys, harness, pathlib\n"
        f"harness.score('cifar10-linf', {str(save(tmp_path, arrays(data)))!r}, images={str(data['images'])!r}, "
        f"annotations={str(data['annotations'])!r}, home={str(tmp_path / 'home')!r}, settings={{'attack': 'pgd'}})\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
