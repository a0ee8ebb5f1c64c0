"""Batteries: the worst case of each image, and later attacks on what still stands alone."""

from dataclasses import dataclass

import pytest

torch = pytest.importorskip("torch")

from victims import convolutional  # noqa: E402

from tasks.classification.robustness.attacks import STANDARD, Attack, Battery, build  # noqa: E402
from tasks.classification.robustness.attacks.battery import ALREADY_WRONG, RIGHT  # noqa: E402
from tasks.classification.robustness.ball import Ball  # noqa: E402
from tasks.classification.robustness.streams import Streams  # noqa: E402

BALL = Ball("linf", 0.01)


@dataclass(frozen=True)
class Watched(Attack):
    """An attack that notes which images it is given."""

    inner: Attack
    seen: list[tuple[str, ...]]

    @property
    def name(self) -> str:
        """That of the attack inside."""
        return self.inner.name

    def rule(self) -> str:
        """That of the attack inside."""
        return self.inner.rule()

    def __call__(self, logits, images, labels, ball, streams):  # type: ignore[no-untyped-def]
        """Note and attack."""
        self.seen.append(streams.ids)
        return self.inner(logits, images, labels, ball, streams)


def test_the_standard_battery_is_that_of_autoattack() -> None:
    told = [{key: value for key, value in one.facts().items() if key != "rule"} for one in STANDARD]
    assert told == [
        {"name": "apgd-ce", "loss": "ce", "steps": 100, "restarts": 1, "rho": 0.75},
        {"name": "apgd-t", "targets": 9, "steps": 100, "restarts": 1, "rho": 0.75},
        {"name": "fab-t", "targets": 9, "steps": 100, "restarts": 1, "alpha_max": 0.1, "eta": 1.05, "beta": 0.9},
        {"name": "square", "queries": 5000, "p_init": 0.8, "restarts": 1, "rescale": False},
    ]
    assert build("standard", {}, BALL) == Battery()


def test_later_attacks_see_only_what_stands() -> None:
    victim, seen = convolutional(count=24), []
    members = tuple(
        Watched(build(name, parameters, BALL), seen)
        for name, parameters in (("fgsm", {}), ("pgd", {"steps": 4}), ("square", {"queries": 60}))
    )
    labels = victim.labels.clone()
    labels[5] = (labels[5] + 1) % 5
    outcome = Battery(members).run(victim.logits, victim.images, labels, BALL, Streams.of(0, victim.ids, "test"))
    with torch.no_grad():
        left = victim.logits(outcome.images).argmax(1) == labels
    assert outcome.felled_by[5] == ALREADY_WRONG
    assert torch.equal(outcome.images[5], victim.images[5])
    assert torch.equal(outcome.felled_by == RIGHT, left)
    for place, ids in enumerate(seen):
        standing = [
            name for name, by in zip(victim.ids, outcome.felled_by.tolist(), strict=True) if by == RIGHT or by >= place
        ]
        assert list(ids) == standing
        assert outcome.standing(place) == len(standing)
    assert not BALL.outside(outcome.images, victim.images).any()


def test_a_member_finds_what_it_finds_alone() -> None:
    victim = convolutional()
    streams = Streams.of(3, victim.ids, "test")
    member = build("square", {"queries": 20}, BALL)
    outcome = Battery((member,)).run(victim.logits, victim.images, victim.labels, BALL, streams)
    alone = member(victim.logits, victim.images, victim.labels, BALL, streams.derived("square"))
    assert torch.equal(outcome.images, alone)


def test_nothing_left_ends_the_battery() -> None:
    victim, seen = convolutional(), []
    battery = Battery(tuple(Watched(build("pgd", {"steps": 3}, BALL), seen) for _ in range(2)))
    outcome = battery.run(victim.logits, victim.images, (victim.labels + 1) % 5, BALL, Streams.of(0, victim.ids, "t"))
    assert seen == []
    assert outcome.felled_by.tolist() == [ALREADY_WRONG] * len(victim.images)
