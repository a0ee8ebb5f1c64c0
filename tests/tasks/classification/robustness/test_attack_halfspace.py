"""The projection that FAB steps with, against a slow search for the same move."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from tasks.classification.robustness.attacks.halfspace import to_plane  # noqa: E402
from tasks.classification.robustness.ball import Ball  # noqa: E402

COORDINATES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
NORMALS = st.sampled_from([0.0, 1e-3, 0.5, 1.0, 2.0, -0.25, -1.0])
PLANES = st.integers(1, 6).flatmap(
    lambda size: st.tuples(
        st.lists(COORDINATES, min_size=size, max_size=size),
        st.lists(NORMALS, min_size=size, max_size=size),
        st.sampled_from([0.0, 0.01, -0.01, 0.4, -0.4, 1.5, -1.5, 50.0]),
    )
)


def _searched(point: list[float], normal: list[float], value: float, norm: str) -> list[float]:
    """Move every coordinate against the normal for a time that is found by halving, each until it meets the box."""
    ways = [-math.copysign(1.0, value) * math.copysign(1.0, part) if part and value else 0.0 for part in normal]
    rooms = [(1 - x if way > 0 else x) if way else 0.0 for x, way in zip(point, ways, strict=True)]
    speeds = [1.0 if norm == "linf" else abs(part) for part in normal]

    def gained(time: float) -> float:
        parts = zip(normal, speeds, rooms, strict=True)
        return math.fsum(abs(part) * min(time * speed, room) for part, speed, room in parts)

    low, high = 0.0, 2000.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if gained(middle) >= abs(value) else (middle, high)
    return [way * min(high * speed, room) for way, speed, room in zip(ways, speeds, rooms, strict=True)]


@given(st.lists(PLANES, min_size=1, max_size=4), st.sampled_from(["linf", "l2"]))
def test_moves_are_those_of_a_slow_search(planes: "list[tuple[list[float], list[float], float]]", norm: str) -> None:
    size = max(len(point) for point, _, _ in planes)
    rows = [
        (point + [0.5] * (size - len(point)), normal + [0.0] * (size - len(normal)), value)
        for point, normal, value in planes
    ]
    points, normals, values = (torch.tensor([row[part] for row in rows]) for part in range(3))
    moves = to_plane(points, normals, values, Ball(norm, 1.0))
    expected = torch.tensor([_searched(*row, norm) for row in rows])
    assert torch.allclose(moves, expected, atol=1e-5)
    assert ((points + moves >= 0) & (points + moves <= 1)).all()


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e6])
def test_many_coordinates_and_any_size_of_gradient(norm: str, scale: float) -> None:
    """Gradients of saturated networks are tiny; the plane must be met all the same."""
    source = torch.Generator().manual_seed(0)
    points, normals = torch.rand((5, 3072), generator=source), torch.randn((5, 3072), generator=source)
    values = torch.tensor([0.5, -20.0, 100.0, 0.0, 1e-4])
    moves = to_plane(points, scale * normals, scale * values, Ball(norm, 1.0))
    reached = values.double() + (normals.double() * moves.double()).sum(1)
    assert reached.abs().max() < 1e-4
    assert not moves[3].any()
