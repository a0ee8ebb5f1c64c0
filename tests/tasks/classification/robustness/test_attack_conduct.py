"""What every attack must keep to: ball and box, its own seed, and the truth about what is answered wrongly."""

import json
from dataclasses import fields

import pytest

torch = pytest.importorskip("torch")

from victims import Victim, convolutional, linear  # noqa: E402

from harness.errors import SubmissionError, UsageError  # noqa: E402
from tasks.classification.robustness.attacks import ATTACKS, build  # noqa: E402
from tasks.classification.robustness.attacks.attack import wrong  # noqa: E402
from tasks.classification.robustness.attacks.pgd import Pgd  # noqa: E402
from tasks.classification.robustness.ball import Ball  # noqa: E402
from tasks.classification.robustness.streams import Streams  # noqa: E402

SHORT = {
    "fgsm": {},
    "pgd": {"steps": 4, "restarts": 2},
    "apgd-ce": {"steps": 8, "restarts": 2},
    "apgd-dlr": {"steps": 8},
    "apgd-t": {"steps": 6, "targets": 2},
    "fab-t": {"steps": 5, "targets": 2, "restarts": 2},
    "square": {"queries": 30, "restarts": 2},
}
RADII = [0.0, 1e-9, 2 / 255, 0.5, 3.0]
CASES = [(name, norm) for name in SHORT for norm in ("linf", "l2")]


@pytest.mark.parametrize(("name", "norm"), CASES)
def test_images_stay_in_ball_and_box(name: str, norm: str) -> None:
    victim = convolutional()
    before = victim.images.clone()
    for radius in RADII:
        ball = Ball(norm, radius)
        found = victim.attacked(build(name, SHORT[name], ball), ball)
        assert not ball.outside(found, before).any()
        assert (found.shape, found.dtype, found.requires_grad) == (before.shape, torch.float32, False)
        if radius == 0.0:
            assert torch.equal(found, before)
    assert torch.equal(victim.images, before)


@pytest.mark.parametrize(("name", "norm"), CASES)
def test_neither_order_nor_company_changes_an_image(name: str, norm: str) -> None:
    victim, ball = convolutional(), Ball(norm, 0.03 if norm == "linf" else 0.3)
    attack = build(name, SHORT[name], ball)
    whole, chosen = victim.attacked(attack, ball), [6, 1, 4]
    streams = Streams.of(0, [victim.ids[index] for index in chosen], attack.name)
    part = attack(victim.logits, victim.images[chosen], victim.labels[chosen], ball, streams)
    assert torch.equal(part, whole[chosen])
    assert torch.equal(victim.attacked(attack, ball), whole)
    alone = attack(victim.logits, victim.images[2:3], victim.labels[2:3], ball, Streams.of(0, ["image 2"], attack.name))
    assert torch.equal(alone[0], whole[2])


@pytest.mark.parametrize("name", ["pgd", "apgd-ce", "square"])
def test_another_seed_begins_elsewhere(name: str) -> None:
    victim, ball = convolutional(), Ball("linf", 1e-3)
    attack = build(name, SHORT[name], ball)
    assert not torch.equal(victim.attacked(attack, ball, seed=1), victim.attacked(attack, ball, seed=2))


@pytest.mark.parametrize(("name", "norm"), CASES)
def test_attacks_do_not_weaken_with_the_radius(name: str, norm: str) -> None:
    """A radius of nothing fells nothing, and a large one much of a fragile network; Square has few queries here."""
    victim = convolutional(count=16)
    felled = []
    for radius in (1e-9, 0.1 if norm == "linf" else 1.0):
        ball = Ball(norm, radius)
        felled.append(int((~victim.standing(victim.attacked(build(name, SHORT[name], ball), ball))).sum()))
    assert felled[0] == 0
    assert felled[1] >= (3 if name == "square" else 8)


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_few_classes_are_no_error_and_are_noted(classes: int) -> None:
    victim, ball = convolutional(classes), Ball("linf", 0.1)
    for name in set(SHORT) - {"fgsm", "pgd", "square"}:
        attack = build(name, {**SHORT[name], **({"targets": 9} if name.endswith("-t") else {})}, ball)
        assert not ball.outside(victim.attacked(attack, ball), victim.images).any()
        expected = name in ("apgd-t", "fab-t") or (name == "apgd-dlr" and classes == 2)
        assert bool(attack.notes(classes)) == expected
        assert attack.notes(10) == ()
    assert f"{classes - 1} targets in place of 9" in build("fab-t", {}, ball).notes(classes)[0]


def test_logits_that_are_no_numbers_are_no_success() -> None:
    victim = convolutional()

    def spoiled(images: "torch.Tensor") -> "torch.Tensor":
        moved = (images - victim.images[: len(images)]).abs().flatten(1).amax(1) > 0
        return torch.where(moved[:, None], torch.nan * images.sum(), victim.logits(images))

    assert not wrong(torch.tensor([[torch.nan, 1.0]]), torch.tensor([1])).any()
    attack = Pgd(steps=3, step_size=0.01)
    spoiled_victim, ball = Victim(spoiled, victim.images, victim.labels), Ball("linf", 0.05)
    found = spoiled_victim.attacked(attack, ball)
    assert not wrong(spoiled(found), victim.labels).any()
    assert not ball.outside(found, victim.images).any()


def test_a_network_without_gradients_is_refused_in_a_sentence() -> None:
    victim, ball = convolutional(), Ball("linf", 0.01)
    closed = Victim(torch.no_grad()(victim.logits), victim.images, victim.labels)
    cut = Victim(lambda images: victim.logits(images.detach()), victim.images, victim.labels)  # its weights have one
    for name in set(SHORT) - {"square"}:
        for without in (closed, cut):
            with pytest.raises(SubmissionError, match="no gradient with respect to its input"):
                without.attacked(build(name, SHORT[name], ball), ball)
    assert closed.attacked(build("square", {"queries": 3}, ball), ball).shape == victim.images.shape


def test_pgd_may_leave_the_box_and_says_so() -> None:
    victim, _ = linear(2)
    ball = Ball("linf", 0.4)
    attack = build("pgd", {"steps": 4, "box": False, "stop_at_success": False}, ball)
    found = victim.attacked(attack, ball)
    assert attack.reach(ball) == ball.without_box()
    assert found.min() < 0 < 1 < found.max()
    assert not attack.reach(ball).outside(found, victim.images).any()


def test_the_last_iterate_counts_where_the_first_success_does_not() -> None:
    """Steps of the whole radius leap over a narrow valley of wrong answers: only one of the two rules sees it."""
    images, labels = torch.full((4, 3, 2, 2), 0.5), torch.zeros(4, dtype=torch.int64)

    def valley(batch: "torch.Tensor") -> "torch.Tensor":
        away = (batch - 0.5).mean((1, 2, 3))
        return torch.stack((torch.zeros_like(away), 0.01 - (away - 0.1).abs()), 1)

    victim, ball = Victim(valley, images, labels), Ball("linf", 0.2)
    chosen = {"steps": 3, "step_size": 0.1, "random_start": False, "loss": "cw-margin"}
    first = victim.standing(victim.attacked(build("pgd", chosen, ball), ball))
    last = victim.standing(victim.attacked(build("pgd", {**chosen, "steps": 2, "stop_at_success": False}, ball), ball))
    assert (first.sum().item(), last.sum().item()) == (0, 4)


@pytest.mark.parametrize("name", ATTACKS)
def test_facts_hold_every_parameter_and_can_be_stored(name: str) -> None:
    ball = Ball("linf", 8 / 255)
    attack = build(name, {}, ball)
    facts = json.loads(json.dumps(attack.facts()))
    assert facts["name"] == attack.name
    assert facts["rule"]
    assert set(facts) == {"name", "rule", *(one.name for one in fields(attack))}


def test_unknown_names_and_parameters_are_refused() -> None:
    ball = Ball("linf", 0.1)
    with pytest.raises(UsageError, match="there is no attack 'cw'; there are fgsm, pgd"):
        build("cw", {}, ball)
    with pytest.raises(UsageError, match="the attack fgsm has no parameter 'steps'; it has: box, loss"):
        build("fgsm", {"steps": 3}, ball)
    assert build("pgd", {"steps": 7, "restarts": None}, ball) == Pgd(steps=7, step_size=0.025)
