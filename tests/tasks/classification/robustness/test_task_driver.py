"""The run under attack: what counts as a success is one, and whoever leaves the ball, or answers nonsense, is told by name."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from attacked_nets import Detached, Growing, Masked, Net, Noise, Purifying, Rounded, tensor, write_pictures
from torch import nn

import harness
from harness.errors import HarnessError, PredictionError, SubmissionError
from harness.predictions import load_facts, load_parts, merge
from harness.store import Home
from tasks.classification.robustness import driver, launch
from tasks.classification.robustness.attacks.attack import Attack
from tasks.classification.robustness.ball import Ball
from tasks.classification.robustness.interface import GRADIENTS, NOT_ASKED, REPEAT
from tasks.classification.robustness.tasks import cifar10_l2, cifar10_linf, imagenet_linf

PGD = {"attack": "pgd", "steps": "3"}


def run(method, folder: Path, task=None, labels=None, settings=None, **options):
    own = labels if labels is not None else method.labels()
    data = write_pictures(folder / "data", len(own), own)
    return harness.evaluate(
        task or cifar10_linf(), method, home=folder / "home", settings=settings or PGD, measure=False, log=False, page=False,
        **{"interval": False, "batch_size": 24, **data, **options},
    )  # fmt: skip


def stored(record, folder: Path):
    artifact = next(one for one in record.artifacts if one.kind == "predictions")
    place = Home(folder / "home").artifact(artifact)
    parts = load_parts(place)
    return merge(parts, sorted(id for part in parts for id in part.ids), "there"), load_facts(place)


def values(record) -> dict:
    return {metric.name: metric.value for metric in record.metrics}


def codes(record) -> list[str]:
    return [flag.code for flag in record.flags]


def test_what_is_counted_is_what_the_stored_logits_say(tmp_path):
    record = run(Net(), tmp_path, settings={**PGD, "eps": "1/255", "keep_images": "true"}, batch_size=10)
    table, facts = stored(record, tmp_path)
    net, labels = Net(), np.array(Net().labels())
    with torch.no_grad():
        again = net.logits(torch.from_numpy(table.dense("adversarial_image"))).numpy()
    assert np.allclose(again, table.dense("adversarial_logits")[:, 0], atol=1e-5)
    robust = int((table.dense("adversarial_logits")[:, 0].argmax(1) == labels).sum())
    assert 0 < robust < 24
    assert values(record) == {
        "robust_accuracy": 100 * robust / 24,
        "clean": 100.0,
        "robust_accuracy_pgd": 100 * robust / 24,
    }
    moved = np.abs(table.dense("adversarial_image") - tensor().numpy()).reshape(24, -1).max(1)
    assert (moved <= 1 / 255 + 1e-6).all() and np.allclose(moved, table.dense("distance")[:, 0], atol=1e-9)
    assert codes(record) == [] and facts["seed"] == 0
    assert table.dense("forwards").sum() > 24 and (table.dense("backwards") <= 3).all()


def test_neither_batches_nor_resuming_move_an_image(tmp_path):
    tables = [stored(run(Net(), tmp_path / str(size), batch_size=size), tmp_path / str(size))[0] for size in (24, 5)]
    for name in ("clean_logits", "adversarial_logits"):
        assert np.allclose(tables[0].dense(name), tables[1].dense(name), atol=1e-5)


def test_only_right_images_are_attacked_and_only_what_stands_again(tmp_path):
    labels = Net().labels()
    labels[3] = (labels[3] + 1) % 10
    record = run(Net(), tmp_path, labels=labels, settings={"eps": "1/255"})
    table, _ = stored(record, tmp_path)
    attacked = table.dense("attacked")
    assert attacked[3].sum() == 0 and attacked[:, 0].sum() == 23
    for place in range(1, 4):
        fooled = table.dense("adversarial_logits")[:, place - 1].argmax(1) != np.array(labels)
        assert np.array_equal(attacked[:, place] > 0, (attacked[:, place - 1] > 0) & ~fooled)
    order = ["clean", *(f"robust_accuracy_{name}" for name in ("apgd_ce", "apgd_t", "fab_t", "square"))]
    numbers = [values(record)[name] for name in order]
    assert numbers == sorted(numbers, reverse=True) and values(record)["robust_accuracy"] == numbers[-1]


def test_verify_scores_again_and_a_changed_answer_is_disputed(cli, tmp_path):
    record = run(Net(), tmp_path, settings={**PGD, "keep_images": "true"})
    assert cli("verify", record.id, "--home", tmp_path / "home").status == 0
    artifact = next(one for one in record.artifacts if one.kind == "predictions")
    path = next(Home(tmp_path / "home").artifact(artifact).glob("part-*.npz"))
    arrays = dict(np.load(path))
    arrays["adversarial_image"] = arrays["adversarial_image"] + np.float32(0.1)
    np.savez(path, **arrays)
    done = cli("verify", record.id, "--home", tmp_path / "home")
    assert done.status == 1 and "the stored adversarial image of 00000 leaves its set" in done.out


@dataclass(frozen=True)
class Careless(Attack):
    """Goes too far, by much or by little."""

    by: float

    name = "pgd"

    def rule(self) -> str:
        return "too far"

    def __call__(self, logits, images, labels, ball, streams):
        return (images + ball.radius + self.by).clamp(max=1.0) if self.by < 1 else images * float("nan")


def careless(monkeypatch, attack: Attack) -> None:
    made = launch.battery

    def other(*arguments):
        return replace(made(*arguments), attacks=(("pgd", attack),))

    monkeypatch.setattr(launch, "battery", other)


@pytest.mark.parametrize("by", [0.01, 2e-6, 2.0])
def test_an_attack_that_leaves_the_ball_is_never_scored(tmp_path, monkeypatch, by):
    careless(monkeypatch, Careless(by))
    with pytest.raises(PredictionError, match="the attack pgd left its set on image 000"):
        run(Net(), tmp_path)
    assert not list((tmp_path / "home" / "records").glob("*"))


@dataclass(frozen=True)
class Outside(Attack):
    """Keeps to the ball and leaves the box."""

    name = "pgd"

    def rule(self) -> str:
        return "below 0"

    def __call__(self, logits, images, labels, ball, streams):
        return images - ball.radius


def test_an_attack_that_leaves_the_box_is_never_scored(tmp_path, monkeypatch):
    careless(monkeypatch, Outside())
    images = np.zeros((24, 32, 32, 3), np.uint8)
    data = write_pictures(tmp_path / "data", 24, [0] * 24)
    np.save(data["images"], images)

    class First(Net):
        def logits(self, images):
            return torch.nn.functional.pad(images.flatten(1)[:, :9], (1, 0), value=5.0)

    with pytest.raises(PredictionError, match=r"where \[0, 1\] is"):
        harness.evaluate(
            cifar10_linf(), First(), home=tmp_path / "home", settings=PGD, measure=False, log=False, page=False, **data
        )


@dataclass(frozen=True)
class Boasting(Attack):
    """Gives the image back; whatever it believes, that is no success."""

    name = "pgd"

    def rule(self) -> str:
        return "nothing"

    def __call__(self, logits, images, labels, ball, streams):
        return images


def test_an_attack_that_changes_nothing_fools_nobody(tmp_path, monkeypatch):
    careless(monkeypatch, Boasting())
    assert values(run(Net(), tmp_path))["robust_accuracy"] == 100.0


def test_a_network_in_training_mode_is_refused(tmp_path):
    method = Net(nn.Dropout(0.5))
    method.module.train()
    with pytest.raises(SubmissionError, match="in training mode"):
        run(method, tmp_path, labels=[0] * 24)


def test_another_number_of_outputs_is_refused_unless_declared(tmp_path):
    with pytest.raises(PredictionError, match="gives 11 logits; the class map has 10 outputs"):
        run(Net(outputs=11), tmp_path, labels=[0] * 24)
    labels = [max(label - 1, 0) for label in Net(outputs=11).labels()]
    record = run(Net(outputs=11), tmp_path, labels=labels, settings={**PGD, "class_map": "background-first"})
    assert values(record)["clean"] > 80


class Broken(nn.Module):
    def forward(self, x):
        return torch.where(torch.arange(len(x))[:, None] == 7, float("nan"), x)


def test_logits_that_are_no_numbers_are_told_by_image(tmp_path):
    with pytest.raises(SubmissionError, match="the logits of image 00007 hold nan"):
        run(Net(Broken()), tmp_path, labels=[0] * 24, batch_size=24)


def test_what_the_network_raises_is_a_sentence(tmp_path):
    class Wrong(Net):
        def logits(self, images):
            raise RuntimeError("shapes do not fit\nmore")

    with pytest.raises(SubmissionError, match=r"Wrong failed in logits: .*shapes do not fit"):
        run(Wrong(), tmp_path, labels=[0] * 24)


def test_a_method_without_logits_is_refused(tmp_path):
    class Answers:
        def prepare(self, sample):
            return sample

    with pytest.raises(HarnessError, match="lacks logits"):
        run(Answers(), tmp_path, labels=[0] * 24)


def test_logits_that_cannot_be_differentiated_are_refused_by_white_box_attacks_only(tmp_path):
    labels = Net().labels()
    with pytest.raises(SubmissionError, match="cannot be differentiated in the images"):
        run(Detached(), tmp_path, labels=labels)
    record = run(Detached(), tmp_path, labels=labels, settings={"attack": "square", "steps": "20"})
    assert codes(record) == []


# -- the gates: each with a network that misbehaves ----------------------------------------------------------------------
GATES = [
    (lambda: Net(Noise()), PGD, "answers-change"),
    (Growing, PGD, "answers-change"),
    (lambda: Net(Rounded()), PGD, "zero-gradients"),
    (lambda: Net(strength=3000.0), PGD, "zero-gradients"),
    (lambda: Net(nn.Softmax(1)), PGD, "softmax-output"),
    (Purifying, PGD, "optimisation-loop"),
    (Masked, {"eps": "0.02"}, "square-beats-white-box"),
]


@pytest.mark.parametrize(
    ("make", "settings", "code"), GATES, ids=[f"{code}-{i}" for i, (_, _, code) in enumerate(GATES)]
)
def test_each_gate_catches_its_network(tmp_path, make, settings, code):
    torch.manual_seed(1)
    record = run(make(), tmp_path, labels=make().labels(12), settings=settings)
    assert code in codes(record)
    assert all(flag.scope == "score" for flag in record.flags)


def test_a_network_that_behaves_raises_no_flag_and_its_evidence_is_kept(tmp_path):
    record = run(Net(), tmp_path)
    gates = {row[0]: row[1] for row in next(table for table in record.tables if table.name == "gates").rows}
    assert codes(record) == [] and gates["backward passes within one forward pass"] == 0
    assert gates["attacked images whose gradients were looked at"] == 24


def test_all_images_of_a_batch_are_asked_twice_and_evenly_taken_ones_for_their_gradients(tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "GRADIENTS_OF", 8)
    table, _ = stored(run(Net(), tmp_path), tmp_path)
    asked = (table.dense(GRADIENTS) != NOT_ASKED).all(axis=1)
    assert np.flatnonzero(asked).tolist() == list(range(0, 24, 3))
    assert (table.dense(REPEAT) != NOT_ASKED).all()


def test_a_flagged_record_is_not_ranked(tmp_path):
    from leaderboard.boards import why_unranked
    from leaderboard.entries import Entry

    labels = Net().labels()
    flagged, fair = (run(Net(after), tmp_path, labels=labels, interval=True) for after in (nn.Softmax(1), None))
    home = Home(tmp_path / "home")
    assert "probabilities" in why_unranked(Entry(flagged, home))
    assert why_unranked(Entry(fair, home)) == ""


def test_l2_stays_in_its_ball_and_imagenet_is_cropped_first(tmp_path, cli):
    record = run(Net(), tmp_path, task=cifar10_l2(), settings={**PGD, "keep_images": "true"})
    table, _ = stored(record, tmp_path)
    moved = np.sqrt(
        np.square((table.dense("adversarial_image") - tensor().numpy()).astype(np.float64)).reshape(24, -1).sum(1)
    )
    assert (moved <= 0.5 + 1e-6).all() and moved.max() > 0.4

    class Thousand:
        classes = ()

        def logits(self, images):
            assert images.shape[1:] == (3, 224, 224)
            return images.flatten(1)[:, :1000]

    task, folder = imagenet_linf(), tmp_path / "imagenet"
    task.write_sample(folder)
    record = harness.evaluate(
        task,
        Thousand(),
        data=folder,
        home=tmp_path / "home",
        settings=PGD,
        measure=False,
        log=False,
        page=False,
        batch_size=10,
    )
    assert record.task.samples == 50 and record.task.origin == "custom"
    assert {
        row[2] for table in record.tables if table.name == "parameters" for row in table.rows if row[1] == "pixels"
    } == {"short side 256, bilinear by Pillow, centre crop 224"}


def test_a_ball_is_the_same_with_and_without_torch():
    from tasks.classification.robustness.balls import Bounds

    random = np.random.default_rng(0)
    originals = random.uniform(0, 1, (40, 3, 4, 4)).astype(np.float32)
    images = originals + random.normal(0, 0.02, originals.shape).astype(np.float32)
    images[3, 0, 0, 0] = np.nan
    for norm, radius in (("linf", 0.05), ("l2", 0.14)):
        for box in (True, False):
            ball = Ball(norm, radius) if box else Ball(norm, radius).without_box()
            found = ball.outside(torch.from_numpy(images), torch.from_numpy(originals)).numpy()
            assert np.array_equal(found, Bounds(norm, radius, box).outside(images, originals)) and 0 < found.sum() < 40
