"""The counted interface: every answer is counted once, none is given beyond the budget, and none has a gradient."""

import pytest

pytest.importorskip("torch")
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from harness.errors import HarnessError
from tasks.classification.robustness.ball import Ball
from tasks.classification.robustness.blackbox.bandits import Bandits
from tasks.classification.robustness.blackbox.counting import COUNTINGS, EVERY_FORWARD, MADRYLAB
from tasks.classification.robustness.blackbox.nes import Nes
from tasks.classification.robustness.blackbox.oracle import Oracle, in_chunks
from tasks.classification.robustness.blackbox.ppba import Ppba
from tasks.classification.robustness.blackbox.square import SquareQueries
from tasks.classification.robustness.streams import Streams

SIDE = 6
ATTACKS = {
    "nes": Nes(fd_eta=0.01, image_step=0.01, pairs=2),
    "bandits": Bandits(fd_eta=0.01, image_step=0.01, prior_step=10.0, exploration=1.0, tile=3),
    "square": SquareQueries(p_init=0.5),
    "described": Ppba(form="described", low_dim=20, freq_dim=3, rho=0.01),
    "released": Ppba(form="released", low_dim=20, freq_dim=3, rho=0.01),
}
NORM = {"nes": "linf", "bandits": "linf", "square": "linf", "described": "l2", "released": "l2"}


class Counting:
    """A network that counts for itself about which image it was asked: the images are grey, each of another grey."""

    def __init__(self, levels: Tensor, weights: Tensor, bias: float = 0.0) -> None:
        self.levels, self.weights, self.bias = levels, weights, bias
        self.asked = torch.zeros(len(levels), dtype=torch.int64)

    def __call__(self, images: Tensor) -> Tensor:
        assert not torch.is_grad_enabled() and not images.requires_grad
        nearest = (images.flatten(1).mean(1)[:, None] - self.levels).abs().argmin(1)
        self.asked += torch.bincount(nearest, minlength=len(self.levels))
        lead = (images - self.levels[nearest][:, None, None, None]).flatten(1) @ self.weights
        return torch.stack((self.bias - lead, torch.zeros(len(images))), dim=1)


def network(count: int, bias: float) -> tuple[Counting, Tensor]:
    levels = torch.linspace(0.2, 0.8, count)
    weights = torch.linspace(-1, 1, 3 * SIDE * SIDE)
    return Counting(levels, weights, bias), levels[:, None, None, None].expand(-1, 3, SIDE, SIDE).contiguous()


def attacked(name: str, counting: str, budget: int, bias: float, count: int = 3) -> tuple[Counting, Oracle]:
    model, images = network(count, bias)
    labels = torch.zeros(count, dtype=torch.int64)
    ball = Ball(NORM[name], 0.05 if NORM[name] == "linf" else 0.3)

    def ask(chosen: Tensor) -> Tensor:
        with torch.no_grad():
            return model(chosen)

    oracle = Oracle(ask, images, labels, ball, budget, COUNTINGS[counting])
    ATTACKS[name](oracle, Streams.of(1, [str(i) for i in range(count)], name))
    return model, oracle


@pytest.mark.parametrize("counting", list(COUNTINGS))
@pytest.mark.parametrize("name", list(ATTACKS))
@settings(max_examples=6)
@given(budget=st.integers(1, 60), bias=st.sampled_from([0.3, 1.0, 50.0]))
def test_every_answer_is_counted_and_the_budget_holds(name, counting, budget, bias):
    model, oracle = attacked(name, counting, budget, bias)
    rule = COUNTINGS[counting]
    assert model.asked.tolist() == (oracle.queries + oracle.tests).tolist()
    used = oracle.queries + oracle.tests * rule.tests
    assert int(used.max()) <= rule.allowance(budget) <= budget
    assert not bool(oracle.ball.outside(oracle.last, oracle.originals).any())
    if bias == 50.0:
        # Nothing can fall; what is left would not have paid for another step.
        assert not bool(oracle.fallen.any())
        step = {"nes": 4 + rule.tests, "bandits": 2 + rule.tests}.get(name, 1)
        assert used.tolist() == [rule.allowance(budget) // step * step] * 3


@pytest.mark.parametrize("name", list(ATTACKS))
def test_what_has_fallen_is_left_alone(name):
    model, oracle = attacked(name, "every-forward", 400, 0.01)
    assert bool(oracle.fallen.all())
    before = model.asked.clone()
    with pytest.raises(HarnessError, match="has fallen"):
        oracle.attempt(torch.tensor([0]), oracle.originals[:1])
    assert model.asked.tolist() == before.tolist()
    with torch.no_grad():
        assert (model(oracle.last).argmax(1) == 1).all()


def plain(budget=3, counting=EVERY_FORWARD):
    model, images = network(2, 1.0)
    ask = in_chunks(model, 4)
    return model, Oracle(ask, images, torch.zeros(2, dtype=torch.int64), Ball("linf", 0.1), budget, counting)


def test_nobody_gets_one_answer_more_than_the_budget():
    _, oracle = plain(3)
    rows = torch.tensor([0, 0, 1])
    oracle.scores(rows, oracle.originals[rows])
    with pytest.raises(HarnessError, match="asked for image 0 of its batch 4 times, and 3 are allowed"):
        oracle.scores(rows, oracle.originals[rows])
    oracle.test(torch.tensor([0]), oracle.originals[:1])
    assert oracle.able(1).tolist() == [1] and oracle.able(2).tolist() == [1] and oracle.able(3).tolist() == []
    with pytest.raises(HarnessError, match="3 are allowed"):
        oracle.attempt(torch.tensor([0]), oracle.originals[:1])
    assert oracle.queries.tolist() == [2, 1] and oracle.tests.tolist() == [1, 0]


def test_a_free_test_costs_nothing_and_the_last_query_is_not_given():
    _, oracle = plain(3, MADRYLAB)
    for _ in range(5):
        oracle.test(torch.tensor([0]), oracle.originals[:1])
    assert oracle.able(2, tests=1).tolist() == [0, 1] and oracle.able(3).tolist() == []


def test_a_success_outside_ball_or_box_is_a_defect():
    _, oracle = plain(10)
    far = oracle.originals - 0.1 * torch.sign(-torch.linspace(-1, 1, 3 * SIDE * SIDE)).view(1, 3, SIDE, SIDE) * 1.5
    with pytest.raises(HarnessError, match="outside the linf ball"):
        oracle.attempt(torch.tensor([0, 1]), far)
    with pytest.raises(HarnessError, match="two candidates for one image"):
        oracle.attempt(torch.tensor([0, 0]), oracle.originals[[0, 0]])


@given(count=st.integers(1, 11), chunk=st.integers(1, 6))
@settings(max_examples=30)
def test_the_network_is_always_asked_for_as_many_images(count, chunk):
    seen = []

    def model(images: Tensor) -> Tensor:
        seen.append(len(images))
        return images.flatten(1)[:, :2] * 2

    images = torch.rand(count, 3, 2, 2)
    assert torch.equal(in_chunks(model, chunk)(images), images.flatten(1)[:, :2] * 2)
    assert set(seen) == {chunk} and len(seen) == -(-count // chunk)


def test_a_network_cannot_be_asked_for_gradients():
    weight = torch.ones(12, 2, requires_grad=True)
    images = torch.rand(2, 3, 2, 2, requires_grad=True)
    found = in_chunks(lambda part: part.flatten(1) @ weight, 4)(images)
    assert not found.requires_grad and found.grad_fn is None
