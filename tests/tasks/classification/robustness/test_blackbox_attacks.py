"""The attacks against literal restatements of their sources and against networks whose weak points are known."""

import math

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import cross_entropy

from tasks.classification.robustness.ball import Ball
from tasks.classification.robustness.blackbox.bandits import Bandits, updated
from tasks.classification.robustness.blackbox.counting import EVERY_FORWARD
from tasks.classification.robustness.blackbox.low_frequency import LowFrequencies, cosines
from tasks.classification.robustness.blackbox.nes import Nes
from tasks.classification.robustness.blackbox.oracle import Oracle
from tasks.classification.robustness.blackbox.ppba import Ppba, Walk
from tasks.classification.robustness.blackbox.square import SquareQueries
from tasks.classification.robustness.streams import Streams

SIDE = 4
DIMENSION = 3 * SIDE * SIDE


class Linear:
    """Logits W x + b."""

    def __init__(self, classes: int, seed: int) -> None:
        source = torch.Generator().manual_seed(seed)
        self.weights = torch.randn(DIMENSION, classes, generator=source)
        self.bias = torch.zeros(classes)

    def __call__(self, images: Tensor) -> Tensor:
        return images.flatten(1) @ self.weights + self.bias


def middle(count: int) -> Tensor:
    """Images far from the box's sides."""
    return 0.4 + 0.2 * torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(3))


def oracle_of(model, images: Tensor, ball: Ball, budget: int) -> Oracle:
    return Oracle(model, images, model(images).argmax(1), ball, budget, EVERY_FORWARD)


def streams(count: int, purpose: str = "test") -> Streams:
    return Streams.of(5, [f"image {index}" for index in range(count)], purpose)


def test_nes_finds_the_gradient():
    model, images, pairs = Linear(5, 1), middle(3), 500
    oracle = oracle_of(model, images, Ball("l2", 1.0), 2 * pairs)
    found = Nes(fd_eta=0.01, image_step=0.1, pairs=pairs).estimate(oracle, torch.arange(3), images, streams(3))
    leaf = images.clone().requires_grad_()
    (true,) = torch.autograd.grad(cross_entropy(model(leaf), oracle.labels, reduction="sum"), leaf)
    # Of 500 directions in 48 dimensions the mean is expected at a cosine of (1 + 49 / 500) ** -0.5 = 0.954.
    assert (torch.nn.functional.cosine_similarity(found.flatten(1), true.flatten(1)) > 0.93).all()
    # Each pair gives twice the gradient's share along its direction, whose mean square length is 1.
    along = (found * true).flatten(1).sum(1) / true.square().flatten(1).sum(1)
    assert torch.allclose(along / pairs * DIMENSION, torch.tensor(2.0), rtol=0.25)


@given(data=st.data(), step=st.floats(0.01, 100))
@settings(max_examples=50)
def test_the_prior_moves_as_written(data, step):
    values = data.draw(st.lists(st.floats(-0.99, 0.99), min_size=4, max_size=4))
    gradient = data.draw(st.lists(st.floats(-0.5, 0.5), min_size=4, max_size=4))
    priors, gradients = (torch.tensor(one, dtype=torch.float64).view(1, 1, 2, 2) for one in (values, gradient))
    found = updated(priors, gradients, "linf", step).flatten().tolist()
    for value, slope, after in zip(values, gradient, found, strict=True):
        real = (value + 1) / 2
        up, down = real * math.exp(step * slope), (1 - real) * math.exp(-step * slope)
        assert after == pytest.approx(up / (up + down) * 2 - 1, abs=1e-12)
    ascended = [value + step * slope for value, slope in zip(values, gradient, strict=True)]
    assert updated(priors, gradients, "l2", step).flatten().tolist() == ascended


def restated_bandits(model, image, label, noises, attack: Bandits, norm: str, eps: float):
    """One image, in NumPy: prior, two queries, prior, step, projection, test; gives the query at which it fell."""
    original, image = image.numpy().astype(np.float64), image.numpy().astype(np.float64)
    prior = np.zeros((3, attack.tile, attack.tile))
    weights = model.weights.numpy().astype(np.float64)

    def spread(tiles):
        places = [index * attack.tile // SIDE for index in range(SIDE)]
        return tiles[:, places][:, :, places]

    def loss(x):
        logits = x.reshape(-1) @ weights
        return np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[label]

    for turn, raw in enumerate(noises):
        noise = attack.exploration * raw.numpy().astype(np.float64) / np.sqrt(prior.size)
        first, second = spread(prior + noise), spread(prior - noise)
        one = loss(image + attack.fd_eta * first / np.sqrt((first**2).sum()))
        two = loss(image + attack.fd_eta * second / np.sqrt((second**2).sum()))
        slope = (one - two) / (attack.fd_eta * attack.exploration) * noise
        if norm == "linf":
            share = (prior + 1) / 2
            up, down = share * np.exp(attack.prior_step * slope), (1 - share) * np.exp(-attack.prior_step * slope)
            prior = up / (up + down) * 2 - 1
            image = image + attack.image_step * np.sign(spread(prior))
            image = original + np.clip(image - original, -eps, eps)
        else:
            prior = prior + attack.prior_step * slope
            moved = spread(prior)
            image = image + attack.image_step * moved / np.sqrt((moved**2).sum())
            change = image - original
            length = np.sqrt((change**2).sum())
            image = original + (change * eps / length if length > eps else change)
        image = np.clip(image, 0, 1)
        if (image.reshape(-1) @ weights).argmax() != label:
            return 3 * (turn + 1), image
    return None, image


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_bandits_goes_the_way_of_its_authors_code(norm):
    model, images = Linear(10, 4), middle(6)
    linf = norm == "linf"
    attack = Bandits(
        fd_eta=0.1 if linf else 0.01, image_step=0.02 if linf else 0.1, prior_step=1.0 if linf else 0.1,
        exploration=1.0 if linf else 0.01, tile=2,
    )  # fmt: skip
    eps, steps = (0.15, 40) if linf else (1.0, 40)
    oracle = oracle_of(model, images, Ball(norm, eps), 3 * steps)
    attack(oracle, streams(6, "bandits"))
    assert int(oracle.fallen.sum()) > 0
    for row in range(6):
        noises = streams(6, "bandits").take([row])
        drawn = [noises.normal((3, 2, 2))[0] for _ in range(steps)]
        fell, image = restated_bandits(model, images[row], int(oracle.labels[row]), drawn, attack, norm, eps)
        spent = int(oracle.queries[row] + oracle.tests[row])
        assert (fell or 3 * steps) == spent and (fell is not None) == bool(oracle.fallen[row])
        assert np.allclose(oracle.last[row].numpy(), image, atol=1e-4)


@pytest.mark.parametrize("side", [1, 2, 5, 32])
def test_the_cosine_basis_is_orthonormal(side):
    rows = cosines(side, side)
    assert torch.allclose(rows @ rows.T, torch.eye(side, dtype=torch.float64), atol=1e-12)


def test_low_frequencies_are_what_the_definition_says():
    basis = LowFrequencies.drawn(torch.Size((3, 8, 6)), 3, 14, seed=2)
    every = basis(torch.eye(14)).flatten(1).double()
    assert torch.allclose(every @ every.T, torch.eye(14, dtype=torch.float64), atol=1e-6)
    assert len(set(basis.places.tolist())) == 14 and int(basis.places.max()) < 27
    for row, place in enumerate(basis.places.tolist()):
        channel, down, across = place // 9, place // 3 % 3, place % 3
        for y in range(8):
            for x in range(6):
                value = math.cos(math.pi * (2 * y + 1) * down / 16) * math.cos(math.pi * (2 * x + 1) * across / 12)
                value *= math.sqrt((1 if down == 0 else 2) / 8) * math.sqrt((1 if across == 0 else 2) / 6)
                found = every[row].view(3, 8, 6)
                assert float(found[channel, y, x]) == pytest.approx(value, abs=1e-6)
                assert float(found[(channel + 1) % 3, y, x]) == 0.0


def restated_ppba(model, image, label, draws, attack: Ppba, radius: float, basis: Tensor, released: bool):
    """One image, one coefficient at a time, in Python's floats; gives the query at which it fell and all that it learnt."""
    dims = attack.low_dim
    z = [0.0] * dims
    helped, failed = ([[1.0, 1.0, 1.0] for _ in range(dims)] for _ in range(2))

    def lead(coefficients):
        change = (torch.tensor(coefficients, dtype=torch.float64).float()[None] @ basis).view_as(image)
        logits = model((image + change).clamp(0, 1)[None])[0].tolist()
        others = [value for index, value in enumerate(logits) if index != label]
        if released:
            return max(max(logits[label], 0.0) - max(*others, 0.0), 0.0), logits
        return max(logits[label] - max(others), 0.0), logits

    best, _ = lead(z)
    for turn, draw in enumerate(draws):
        steps = []
        for index, number in enumerate(draw.tolist()):
            shares = [h / (h + f) for h, f in zip(helped[index], failed[index], strict=True)]
            chances = [share / sum(shares) for share in shares]
            steps.append(-1 if number < chances[0] else 0 if number < chances[0] + chances[1] else 1)
        tried = [value + attack.rho * step for value, step in zip(z, steps, strict=True)]
        length = math.sqrt(sum(value * value for value in tried))
        tried = [value * min(1.0, radius / length) if length else value for value in tried]
        found, logits = lead(tried)
        for index, step in enumerate(steps):
            if found >= best:
                failed[index][step + 1] += 1
            elif not released:
                helped[index][step + 1] += 1
        if max(range(len(logits)), key=lambda place: logits[place]) != label:
            return turn + 2, helped, failed
        if found < best:
            z, best = tried, found
    return None, helped, failed


@pytest.mark.parametrize("form", ["described", "released"])
def test_ppba_walks_as_written(form):
    model, images = Linear(4, 8), middle(5)
    model.bias[:] = torch.tensor([0.5, -0.3, 0.1, 0.2])
    attack, radius = Ppba(form=form, low_dim=11, freq_dim=3, rho=0.1), 1.0
    oracle = oracle_of(model, images, Ball("l2", radius), 25)
    attack(oracle, streams(5, "ppba"))
    basis = LowFrequencies.drawn(images.shape[1:], 3, 11, seed=5)(torch.eye(11)).flatten(1)
    fallen = 0
    for row in range(5):
        source = streams(5, "ppba").take([row])
        draws = [source.uniform((11,))[0] for _ in range(24)]
        fell, helped, _ = restated_ppba(
            model, images[row], int(oracle.labels[row]), draws, attack, radius, basis, form == "released"
        )
        assert (fell or 25) == int(oracle.queries[row]) and (fell is not None) == bool(oracle.fallen[row])
        fallen += fell is not None
        assert (form == "described") == any(count > 1 for counts in helped for count in counts)
    assert 0 < fallen < 5


@given(data=st.data(), form=st.sampled_from(["described", "released"]))
@settings(max_examples=30)
def test_what_helped_is_counted_only_in_the_described_form(data, form):
    walk = Walk.begun(torch.zeros(2, 3, dtype=torch.float64), form)
    helped, failed = (np.ones((3, 2, 3)) for _ in range(2))
    for _ in range(data.draw(st.integers(1, 6))):
        steps = data.draw(
            st.lists(st.lists(st.sampled_from([-1, 0, 1]), min_size=3, max_size=3), min_size=2, max_size=2)
        )
        better = data.draw(st.lists(st.booleans(), min_size=2, max_size=2))
        walk.learn(torch.arange(2), torch.tensor(steps, dtype=torch.float64), torch.tensor(better))
        for image in range(2):
            for place in range(3):
                if not better[image]:
                    failed[steps[image][place] + 1, image, place] += 1
                elif form == "described":
                    helped[steps[image][place] + 1, image, place] += 1
    assert (walk.helped.numpy() == helped).all() and (walk.failed.numpy() == failed).all()
    assert form == "described" or (walk.helped == 1).all()
    chances = walk.probabilities(torch.arange(2)).numpy()
    shares = helped / (helped + failed)
    assert np.allclose(chances, shares / shares.sum(axis=0), atol=1e-15) and np.allclose(chances.sum(axis=0), 1)


def test_the_released_lead_takes_negative_logits_for_0():
    logits = torch.tensor([[-1.0, -3.0, -2.0], [4.0, -1.0, 1.5]])
    labels = torch.tensor([0, 0])
    described, released = (Ppba(form=form, low_dim=1, freq_dim=1, rho=0.1) for form in ("described", "released"))
    assert described.height(logits, labels).tolist() == [1.0, 2.5]
    assert released.height(logits, labels).tolist() == [0.0, 2.5]


def attack_of(name: str, norm: str, eps: float):
    step = eps / 5
    return {
        "nes": Nes(fd_eta=0.01, image_step=step, pairs=10),
        "bandits": Bandits(
            fd_eta=0.01, image_step=step, prior_step=2.0 if norm == "linf" else 0.1,
            exploration=1.0 if norm == "linf" else 0.01, tile=SIDE,
        ),
        "square": SquareQueries(p_init=0.8),
        "ppba": Ppba(form="described", low_dim=DIMENSION, freq_dim=SIDE, rho=eps / 50),
    }[name]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "norm", "enough"),
    [
        ("nes", "linf", 2), ("nes", "l2", 2), ("bandits", "linf", 4), ("bandits", "l2", 2), ("square", "linf", 4),
        ("square", "l2", 4), ("ppba", "l2", 2),
    ],
)  # fmt: skip
def test_a_linear_network_falls_where_it_can_fall(name, norm, enough):
    """The least change of a linear network is its lead over the dual norm of the difference of its weights."""
    model = Linear(2, 6)
    difference = model.weights[:, 0] - model.weights[:, 1]
    images = middle(4).flatten(1)
    images = images + ((0.3 - images @ difference) / difference.square().sum())[:, None] * difference
    images = images.view(4, 3, SIDE, SIDE)
    assert (model(images).argmax(1) == 0).all()
    least = 0.3 / float(difference.abs().sum() if norm == "linf" else difference.norm())
    for eps, budget in ((0.99 * least, 200), (enough * least, 2000)):
        oracle = oracle_of(model, images, Ball(norm, eps), budget)
        attack_of(name, norm, eps)(oracle, streams(4))
        assert oracle.fallen.tolist() == [eps > least] * 4


@pytest.mark.parametrize("name", ["nes", "bandits", "square", "ppba"])
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_an_image_does_not_depend_on_those_beside_it(name, norm):
    if (name, norm) == ("ppba", "linf"):
        return

    class PerImage(Linear):
        def __call__(self, images: Tensor) -> Tensor:
            return torch.stack([(image.flatten()[:, None] * self.weights).sum(0) for image in images])

    model, images = PerImage(10, 9), middle(7)
    eps = 0.05 if norm == "linf" else 0.4
    whole = oracle_of(model, images, Ball(norm, eps), 120)
    attack_of(name, norm, eps)(whole, streams(7))
    for rows in ([0], [5, 2], [6, 5, 4, 1]):
        part = oracle_of(model, images[rows], Ball(norm, eps), 120)
        attack_of(name, norm, eps)(part, streams(7).take(rows))
        assert part.queries.tolist() == whole.queries[rows].tolist()
        assert part.fallen.tolist() == whole.fallen[rows].tolist()
        assert torch.equal(part.last, whole.last[rows])
