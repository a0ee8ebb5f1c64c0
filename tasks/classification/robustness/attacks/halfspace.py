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
    in L2 at the size of its part of the normal. What the move has gained towards the plane after time t is a concave
    line of pieces, sum of gain * min(t, end); its corners are sorted and the piece that reaches the plane is solved.
    """
    against = -values.sign()[:, None] * normals.sign()
    sizes = normals.abs()
    speeds = _speeds(sizes, ball.norm)
    rooms = torch.where(against > 0, ball.high - points, points - ball.low).clamp_min(0)
    rooms = torch.where(speeds > 0, rooms, 0)
    ends = torch.where(speeds > 0, rooms / speeds, 0)
    time = _arrival(ends, sizes * speeds, sizes * rooms, values.abs())
    return against * torch.minimum(time[:, None] * speeds, rooms)


def _speeds(sizes: Tensor, norm: Norm) -> Tensor:
    if norm == "linf":
        return (sizes > 0).to(sizes.dtype)
    # Scaled to at most 1: the squares of small gradients would vanish in float32.
    return sizes / sizes.amax(1, keepdim=True).clamp_min(torch.finfo(sizes.dtype).tiny)


def _arrival(ends: Tensor, gains: Tensor, whole: Tensor, wanted: Tensor) -> Tensor:
    """The first time at which sum of gains * min(time, ends) is `wanted`, else the last end, (n,).

    `whole` is gains * ends, what each coordinate gives in the end.
    """
    order = ends.argsort(dim=1)
    ends, gains, whole = (one.gather(1, order) for one in (ends, gains, whole))
    done = whole.cumsum(1)
    left = gains.flip(1).cumsum(1).flip(1)  # of this coordinate and all later ones
    reached = done + ends * (left - gains)
    piece = torch.searchsorted(reached, wanted[:, None]).clamp_max(ends.shape[1] - 1)
    time = (wanted[:, None] - (done - whole).gather(1, piece)) / left.gather(1, piece)
    # A quotient that rounding or a gain of 0 has spoiled is held at the corner of its piece.
    return torch.minimum(time.nan_to_num(posinf=torch.inf).clamp_min(0), ends.gather(1, piece))[:, 0]
