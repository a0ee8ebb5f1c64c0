"""The nearest point of a box beyond a hyperplane, in either norm: the projection that FAB steps with."""

import torch
from torch import Tensor

from tasks.classification.robustness.ball import Ball, Norm


def to_plane(points: Tensor, normals: Tensor, values: Tensor, ball: Ball) -> Tensor:
    """The shortest moves that take points to their planes within the box, (n, d).

    Parameters
    ----------
    points
        (n, d) within the bounds of the ball.
    normals, values
        (n, d) and (n,): the plane of a row is where values + <normals, move> is 0.
    ball
        Gives norm and bounds; its radius plays no part.

    Where the plane lies outside the box, every coordinate goes as far towards it as the box lets it.

    Along the way to the plane each coordinate moves at its own speed until it meets the box: in Linf all at speed 1,
    in L2 at the size of its part of the normal. What is gained towards the plane by time t, the sum of
    gain * min(t, end), is concave and made of straight pieces, so that Newton's method from 0 reaches the right piece
    from the left in few steps and is exact there; no sorting is needed.
    """
    against = -values.sign()[:, None] * normals.sign()
    speeds = _speeds(normals.abs(), ball.norm)
    rooms = torch.where(against > 0, ball.high - points, points - ball.low).clamp_(min=0)
    time = _arrival(speeds, rooms, normals.abs(), values.abs())
    return against * torch.minimum(time[:, None] * speeds, rooms)


def _speeds(sizes: Tensor, norm: Norm) -> Tensor:
    if norm == "linf":
        return torch.ones_like(sizes)
    # Scaled to at most 1: the squares of small gradients would vanish in float32.
    return sizes / sizes.amax(1, keepdim=True).clamp_min(torch.finfo(sizes.dtype).tiny)


def _arrival(speeds: Tensor, rooms: Tensor, sizes: Tensor, wanted: Tensor) -> Tensor:
    """The first time at which sum of sizes * min(time * speeds, rooms) is `wanted`, else the largest number, (n,)."""
    gains, whole = sizes * speeds, sizes * rooms
    largest = torch.finfo(sizes.dtype).max
    time = _held(wanted / gains.sum(1), largest)
    for _ in range(sizes.shape[1]):
        moving = time[:, None] * speeds < rooms
        missing = wanted - torch.where(moving, 0, whole).sum(1)
        later = _held(missing / torch.where(moving, gains, 0).sum(1), largest)
        if not (later > time).any():
            break
        time = torch.maximum(time, later)
    return time


def _held(time: Tensor, largest: float) -> Tensor:
    """A time as a number: where nothing moves any more the plane is never reached."""
    return time.nan_to_num(largest, largest, 0.0)
