"""If these fail, points are pooled from the wrong side: the network sees other features than it was trained on."""

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from submissions.centernet import pooling  # noqa: E402

Grid = list[list[float]]


def literally(grid: Grid, name: str) -> Grid:
    """The definitions, place by place."""
    rows, columns = range(len(grid)), range(len(grid[0]))
    seen = {
        "top_pool": lambda y, x: [grid[i][x] for i in rows if i >= y],
        "bottom_pool": lambda y, x: [grid[i][x] for i in rows if i <= y],
        "left_pool": lambda y, x: [grid[y][j] for j in columns if j >= x],
        "right_pool": lambda y, x: [grid[y][j] for j in columns if j <= x],
        "vertical_pool": lambda y, x: [grid[i][x] for i in rows],
        "horizontal_pool": lambda y, x: [grid[y][j] for j in columns],
    }[name]
    return [[max(seen(y, x)) for x in columns] for y in rows]


NAMES = ("top_pool", "bottom_pool", "left_pool", "right_pool", "vertical_pool", "horizontal_pool")
values = st.floats(-8, 8, width=16)
grids = st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(values, min_size=n, max_size=n), min_size=1, max_size=5))


@pytest.mark.parametrize("name", NAMES)
@given(grid=grids)
@settings(max_examples=25, deadline=None)
def test_pooling_is_exactly_its_definition(name: str, grid: Grid) -> None:
    features = torch.tensor(grid)[None, None].expand(2, 3, -1, -1)
    expected = torch.tensor(literally(grid, name)).expand(2, 3, -1, -1)
    assert torch.equal(getattr(pooling, name)(features), expected)


def test_centre_pooling_is_two_corner_poolings_in_a_row() -> None:
    features = torch.randn(2, 3, 7, 9, generator=torch.Generator().manual_seed(0))
    assert torch.equal(pooling.vertical_pool(features), pooling.bottom_pool(pooling.top_pool(features)))
    assert torch.equal(pooling.horizontal_pool(features), pooling.right_pool(pooling.left_pool(features)))


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_goes_to_the_largest_value(name: str) -> None:
    features = torch.arange(12.0).reshape(1, 1, 3, 4).requires_grad_()
    getattr(pooling, name)(features).sum().backward()
    assert features.grad is not None
    assert features.grad.sum() == 12
    assert (features.grad >= 0).all()
