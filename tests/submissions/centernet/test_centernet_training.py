"""If these fail, training no longer drives the network towards what the paper says."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from submissions.centernet.loss import Batch, centernet_loss, embedding_loss, focal_loss  # noqa: E402
from submissions.centernet.network import SAMPLE, CenterNet  # noqa: E402
from submissions.centernet.targets import draw_gaussian, gaussian_radius, make_targets  # noqa: E402


def test_focal_loss_cell_by_cell() -> None:
    logits = torch.tensor([[[[0.3, -1.0], [2.0, -20.0]]]])
    target = torch.tensor([[[[1.0, 0.5], [0.0, 0.0]]]])
    probability = [1 / (1 + math.exp(-v)) for v in (0.3, -1.0, 2.0)] + [1e-4]
    expected = (1 - probability[0]) ** 2 * math.log(probability[0])
    expected += probability[1] ** 2 * math.log(1 - probability[1]) * 0.5**4
    expected += sum(p**2 * math.log(1 - p) for p in probability[2:])
    assert focal_loss(logits, target).item() == pytest.approx(-expected, rel=1e-5)


def test_focal_loss_is_divided_by_the_number_of_points() -> None:
    logits, target = torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2)
    assert focal_loss(logits, target).item() == pytest.approx(0.25 * math.log(2))


def test_embeddings_pull_and_push_object_by_object() -> None:
    first = torch.tensor([[0.0, 0.3, 9.0]])
    second = torch.tensor([[0.2, 0.5, 9.0]])
    mask = torch.tensor([[True, True, False]])
    pull, push = embedding_loss(first, second, mask)
    assert pull.item() == pytest.approx(
        2 * 2 * 0.1**2 / 2, rel=1e-3
    )  # each corner 0.1 off its mean, mean over 2 objects
    assert push.item() == pytest.approx(0.7, rel=1e-3)  # means 0.1 and 0.4 ought to be 1 apart


def test_targets_of_one_box() -> None:
    box = np.array([[20.0, 40.0, 60.0, 110.0]])
    found = make_targets(box, np.array([2]), classes=3, cells=(32, 32), ratio=(32 / 127, 32 / 127), most=4)
    cells = [(40, 20), (110, 60), (75, 40)]
    for point, (y, x) in enumerate(cells):
        row, column = int(y * 32 / 127), int(x * 32 / 127)
        assert found.cells[point, 0] == row * 32 + column
        assert found.heats[point, 2, row, column] == 1 == found.heats[point, 2].max()
        np.testing.assert_allclose(found.offsets[point, 0], [x * 32 / 127 - column, y * 32 / 127 - row], rtol=1e-6)
    assert found.heats[:, :2].max() == 0
    assert found.mask.tolist() == [True, False, False, False]


def test_a_bump_is_cut_at_the_border_and_keeps_the_larger_value() -> None:
    heat = np.zeros((4, 6), dtype=np.float32)
    draw_gaussian(heat, 0, 0, 2, 6.0)
    draw_gaussian(heat, 0, 1, 2, 6.0)
    assert heat[0, 0] == 1 and heat[0, 1] == 1
    assert heat[0, 2] == np.float32(math.exp(-1 / (2 * (5 / 6) ** 2)))
    assert heat[3].max() == 0


def test_radius_follows_the_official_roots() -> None:
    # height 10, width 20, overlap 0.7: the third case is the smallest, (-42 + sqrt(42^2 + 4 * 2.8 * 60)) / 2
    assert gaussian_radius((10, 20), 0.7) == pytest.approx((-42 + math.sqrt(42**2 + 4 * 2.8 * 60)) / 2)


def test_a_few_steps_lower_the_loss() -> None:
    torch.manual_seed(0)
    network = CenterNet(SAMPLE).train()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    target = make_targets(
        np.array([[20.0, 20.0, 60.0, 50.0]]), np.array([1]), classes=6, cells=(24, 24), ratio=(24 / 95,) * 2, most=2
    )
    batch = Batch(
        torch.randn(1, 3, 95, 95),
        *(torch.from_numpy(part)[None] for part in (target.heats, target.cells, target.offsets, target.mask)),
    )
    values = []
    for _ in range(8):
        loss = torch.stack(tuple(centernet_loss(network.all_stacks(batch.images), batch))).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    assert values[-1] < 0.7 * values[0]
