"""A linear classifier has one worst image in a ball and one nearest wrong image; the attacks must find them."""

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from victims import Victim, linear  # noqa: E402

from tasks.classification.robustness.attacks import Attack, build  # noqa: E402
from tasks.classification.robustness.attacks.fab import FabT  # noqa: E402
from tasks.classification.robustness.attacks.losses import margin  # noqa: E402
from tasks.classification.robustness.ball import Ball  # noqa: E402
from tasks.classification.robustness.streams import Streams  # noqa: E402

ATTACKS = {
    "fgsm": ("fgsm", {}),
    "fgsm cw-margin": ("fgsm", {"loss": "cw-margin"}),
    "pgd": ("pgd", {"steps": 40}),
    "pgd from the image": ("pgd", {"steps": 12, "random_start": False, "loss": "cw-margin"}),
    "apgd-ce": ("apgd-ce", {"steps": 30}),
    "apgd-dlr": ("apgd-dlr", {"steps": 30}),
    "apgd-t": ("apgd-t", {"steps": 30}),
}


def _difference(weights: "torch.Tensor", labels: "torch.Tensor") -> "torch.Tensor":
    """Weights of the true less those of the other of two classes, (n, d)."""
    return (weights[0] - weights[1]) * (1 - 2 * labels[:, None])


def _least_linf(victim: Victim, weights: "torch.Tensor", radius: float) -> "torch.Tensor":
    """The smallest lead of the true class in ball and box, coordinate by coordinate, (n,)."""
    flat, difference = victim.images.flatten(1), _difference(weights, victim.labels)
    worst = (flat - radius * difference.sign()).clamp(0, 1)
    lead = -margin(victim.logits(victim.images), victim.labels)
    return lead + (difference * (worst - flat)).sum(1)


def _least_l2(victim: Victim, weights: "torch.Tensor", radius: float) -> "torch.Tensor":
    """The same in the Euclidean ball, where the box does not bind."""
    return -margin(victim.logits(victim.images), victim.labels) - radius * _difference(weights, victim.labels).norm(
        dim=1
    )


@pytest.mark.parametrize("named", ATTACKS)
@pytest.mark.parametrize(
    ("norm", "radius", "low", "high", "least"),
    [("linf", 0.02, 0.0, 1.0, _least_linf), ("linf", 0.3, 0.0, 1.0, _least_linf), ("l2", 0.15, 0.3, 0.7, _least_l2)],
)
def test_the_worst_image_of_a_linear_classifier_is_found(
    named: str, norm: str, radius: float, low: float, high: float,
    least: "Callable[[Victim, torch.Tensor, float], torch.Tensor]",
) -> None:  # fmt: skip
    victim, weights = linear(2, low, high, count=60)
    expected = least(victim, weights, radius)
    name, parameters = ATTACKS[named]
    ball = Ball(norm, radius)
    found = victim.attacked(build(name, parameters, ball), ball)
    left = victim.standing(found)
    assert left.tolist() == (expected > 0).tolist()
    assert torch.allclose(-margin(victim.logits(found), victim.labels)[left], expected[left], atol=2e-4)
    assert radius == 0.3 or 0 < left.sum() < len(left), "the radius decides nothing"


@pytest.mark.parametrize(("norm", "dual"), [("linf", 1), ("l2", 2)])
@pytest.mark.parametrize("classes", [2, 6, 12])
def test_fab_finds_the_nearest_wrong_image_of_a_linear_classifier(norm: str, dual: int, classes: int) -> None:
    victim, weights = linear(classes, 0.35, 0.65)
    outputs = victim.logits(victim.images)
    leads = outputs.gather(1, victim.labels[:, None]) - outputs
    away = (weights[victim.labels][:, None] - weights[None]).norm(dual, dim=2)
    nearest = torch.where(away > 0, leads / away, torch.inf).amin(1)
    attack, streams = FabT(targets=classes - 1, steps=20), Streams.of(0, victim.ids, "test")
    images, distances = attack.nearest(victim.logits, victim.images, victim.labels, Ball(norm, 1.0), streams)
    assert not victim.standing(images).any()
    assert torch.equal(distances, Ball(norm, 1.0).distances(images, victim.images))
    ratio = distances / nearest
    assert ratio.min() > 1 - 1e-3  # rounding of float32 beside the plane
    assert ratio.max() < 1.01


def test_fab_counts_only_what_lies_in_the_ball() -> None:
    victim, _ = linear(4)
    attack, streams = FabT(targets=3), Streams.of(0, victim.ids, "test")
    _, distances = attack.nearest(victim.logits, victim.images, victim.labels, Ball("linf", 1.0), streams)
    radius = float(distances.median())
    left = victim.standing(victim.attacked(attack, Ball("linf", radius)))
    assert left.tolist() == (distances > radius).tolist()


def test_ties_of_the_loss_do_not_end_an_attack() -> None:
    """A classifier whose gradient is zero moves nothing, and nothing becomes no number."""
    victim, _ = linear(3)
    flat = Victim(lambda images: victim.logits(images.detach()) + 0 * images.sum(), victim.images, victim.labels)
    for norm in ("linf", "l2"):
        ball = Ball(norm, 0.1)
        for name, parameters in ATTACKS.values():
            attack: Attack = build(name, parameters, ball)
            assert not ball.outside(flat.attacked(attack, ball), flat.images).any()
        assert torch.equal(flat.attacked(FabT(), ball), flat.images)
