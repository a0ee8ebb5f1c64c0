"""Square asks for logits alone, and paints what its paper says."""

import pytest

torch = pytest.importorskip("torch")

from victims import Victim, convolutional  # noqa: E402

from tasks.classification.robustness.attacks.square import Square  # noqa: E402
from tasks.classification.robustness.attacks.squares import EuclideanSquares, SignSquares, _pyramid  # noqa: E402
from tasks.classification.robustness.ball import Ball  # noqa: E402
from tasks.classification.robustness.streams import Streams  # noqa: E402

IDS = [f"image {index}" for index in range(6)]


def _images(height: int, width: int) -> "torch.Tensor":
    return 0.3 + 0.4 * torch.rand((6, 3, height, width), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_no_gradient_is_ever_asked_for(norm: str) -> None:
    inner = convolutional()

    def watched(images: "torch.Tensor") -> "torch.Tensor":
        assert not torch.is_grad_enabled()
        assert not images.requires_grad
        return inner.logits(images)

    victim, counted = Victim(watched, inner.images, inner.labels).counted()
    victim.attacked(Square(queries=40), Ball(norm, 0.02))
    assert counted.spent.backwards == 0
    assert counted.spent.forwards <= 40 * len(inner.images)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_margin_never_rises_and_more_queries_fell_more(norm: str) -> None:
    victim, ball = convolutional(count=12), Ball(norm, 0.03 if norm == "linf" else 0.4)
    margins = []
    for queries in (1, 10, 100):
        found = victim.logits(victim.attacked(Square(queries=queries), ball)).detach()
        true = found.gather(1, victim.labels[:, None])[:, 0]
        margins.append(true - found.scatter(1, victim.labels[:, None], -torch.inf).amax(1))
    assert (margins[1] <= margins[0]).all()
    assert ((margins[2] <= margins[1]) | (margins[1] < 0)).all()
    assert (margins[2] < 0).sum() > (margins[0] < 0).sum()


def test_the_share_is_halved_where_the_paper_halves_it() -> None:
    table = {0: 1, 10: 1, 11: 2, 50: 2, 51: 4, 201: 8, 501: 16, 1001: 32, 2001: 64, 4001: 128, 6001: 256, 8001: 512}
    for proposal, divisor in table.items():
        assert Square(p_init=0.8).share(proposal) == 0.8 / divisor
    assert Square(queries=5000, p_init=0.8, rescale=True).share(4001) == 0.8 / 512


@pytest.mark.parametrize(
    ("height", "width", "share", "side"), [(32, 32, 0.8, 29), (32, 32, 0.01, 3), (5, 9, 0.8, 5), (3, 3, 1e-4, 1)]
)
def test_a_proposal_repaints_one_square(height: int, width: int, share: float, side: int) -> None:
    originals, ball = _images(height, width), Ball("linf", 0.1)
    kind, streams = SignSquares(ball), Streams.of(0, IDS, "test")
    begins = set()
    for _ in range(60):
        changed = kind.propose(originals, originals, share, streams.uniform((kind.numbers(originals),))) - originals
        for one in changed:
            touched = one.abs().amax(0) > 0
            rows, columns = touched.any(1).nonzero().flatten(), touched.any(0).nonzero().flatten()
            assert (len(rows), len(columns)) == (side, side)
            assert touched.sum() == side * side
            inside = one[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            assert torch.allclose(inside.abs(), torch.full_like(inside, 0.1), atol=1e-6)
            assert (inside.flatten(1).amax(1) == inside.flatten(1).amin(1)).all() or side > 1
            begins.add((int(rows[0]), int(columns[0])))
    places = (height - side + 1) * (width - side + 1)
    assert len(begins) == places if places <= 20 else len(begins) > 100


@pytest.mark.parametrize(("height", "width"), [(32, 32), (7, 9), (4, 4), (2, 2)])
def test_euclidean_images_lie_on_the_sphere(height: int, width: int) -> None:
    """With the box far away every start and proposal spends the whole radius."""
    originals, ball = _images(height, width), Ball("l2", 0.2)
    kind, streams = EuclideanSquares(ball), Streams.of(0, IDS, "test")
    best = kind.start(originals, streams)
    assert ball.distances(best, originals).tolist() == pytest.approx([0.2] * 6, abs=1e-5)
    for share in (0.8, 0.1, 0.01, 1e-3):
        tried = kind.propose(best, originals, share, streams.uniform((kind.numbers(originals),)))
        assert ball.distances(tried, originals).tolist() == pytest.approx([0.2] * 6, abs=1e-5)
        assert not torch.equal(tried, best)
        best = tried


def test_pyramids_are_those_of_equation_2() -> None:
    """eta(r, s) = sum over k = 0 .. M of 1 / (n + 1 - k)^2, M = n - max(|r - n - 1|, |s - n - 1|), r and s from 1."""
    for side in (3, 5, 7, 9):
        half = side // 2
        slow = torch.tensor([
            [
                sum(
                    1 / (half + 1 - k) ** 2
                    for k in range(half - max(abs(r - half - 1), abs(s - half - 1)) + 1)
                )
                for s in range(1, side + 1)
            ]
            for r in range(1, side + 1)
        ])  # fmt: skip
        assert torch.allclose(_pyramid(side, side), slow / slow.norm(), atol=1e-6)
