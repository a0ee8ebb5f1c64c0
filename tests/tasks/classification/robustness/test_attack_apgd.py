"""APGD's schedule and losses, as the paper states them."""

import pytest

torch = pytest.importorskip("torch")

from victims import convolutional  # noqa: E402

from tasks.classification.robustness.attacks import build  # noqa: E402
from tasks.classification.robustness.attacks.ascent import checkpoints  # noqa: E402
from tasks.classification.robustness.attacks.losses import dlr, margin, targeted_dlr  # noqa: E402
from tasks.classification.robustness.attacks.targets import likely  # noqa: E402
from tasks.classification.robustness.ball import Ball  # noqa: E402


def test_checks_come_where_the_paper_has_them() -> None:
    """p(j+1) = p(j) + max(p(j) - p(j-1) - 0.03, 0.06), with p(0) = 0 and p(1) = 0.22."""
    assert [at for at, _ in checkpoints(100)] == [22, 41, 57, 70, 80, 87, 93, 99]
    assert [stretch for _, stretch in checkpoints(100)] == [22, 19, 16, 13, 10, 7, 6, 6]
    assert [at for at, _ in checkpoints(1)] == [1]
    assert all(stretch >= 1 for steps in range(1, 60) for _, stretch in checkpoints(steps))


def test_losses_are_those_of_the_definitions() -> None:
    outputs = torch.randn((200, 7), generator=torch.Generator().manual_seed(0))
    labels, targets = torch.arange(200) % 7, (torch.arange(200) + 3) % 7
    found = [
        one.tolist() for one in (margin(outputs, labels), dlr(outputs, labels), targeted_dlr(targets)(outputs, labels))
    ]
    for row, (answer, label, target) in enumerate(
        zip(outputs.tolist(), labels.tolist(), targets.tolist(), strict=True)
    ):
        falling = sorted(answer, reverse=True)
        lead = max(value for index, value in enumerate(answer) if index != label) - answer[label]
        spread = falling[0] - (falling[2] + falling[3]) / 2
        expected = (lead, lead / (falling[0] - falling[2]), (answer[target] - answer[label]) / spread)
        assert tuple(one[row] for one in found) == pytest.approx(expected, rel=1e-4)


def test_targets_are_the_likeliest_wrong_classes() -> None:
    outputs = torch.tensor([[3.0, 1.0, 2.0, 0.0], [0.0, 9.0, 2.0, 5.0]])
    labels = torch.tensor([0, 3])
    assert likely(lambda _: outputs, torch.zeros(2, 1), labels, 9).tolist() == [[2, 1, 3], [1, 2, 0]]
    assert likely(lambda _: outputs, torch.zeros(2, 1), labels, 2).tolist() == [[2, 1], [1, 2]]


def test_passes_are_counted() -> None:
    """An image that stands to the end costs a forward a step and one for the start; the last needs no backward."""
    victim, counted = convolutional().counted()
    ball = Ball("linf", 1e-9)
    count = len(victim.images)
    for name, parameters, forwards, backwards in (
        ("fgsm", {}, 1, 1),
        ("pgd", {"steps": 5}, 6, 5),
        ("apgd-ce", {"steps": 7, "restarts": 2}, 16, 14),
        ("apgd-t", {"steps": 7, "targets": 3}, 1 + 3 * 8, 3 * 7),
        ("fab-t", {"steps": 7, "targets": 3}, 1 + 3 * 14, 3 * 7),
        ("square", {"queries": 40}, 40, 0),
    ):
        counted.spent.forwards = counted.spent.backwards = 0
        victim.attacked(build(name, parameters, ball), ball)
        assert counted.spent.facts() == {"forwards": forwards * count, "backwards": backwards * count}, name
