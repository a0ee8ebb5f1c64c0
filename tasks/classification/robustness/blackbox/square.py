"""Square under a budget of queries: the search is `attacks.square`'s (Andriushchenko et al. 2020, arXiv 1912.00049)."""

from dataclasses import dataclass

from torch import Tensor

from tasks.classification.robustness.attacks.losses import margin
from tasks.classification.robustness.attacks.square import Square
from tasks.classification.robustness.blackbox.oracle import Oracle
from tasks.classification.robustness.blackbox.query_attack import QueryAttack
from tasks.classification.robustness.streams import Streams


@dataclass(frozen=True)
class SquareQueries(QueryAttack):
    """One query for the start and one for each proposal; `p_init` is the share of the image of the first squares."""

    p_init: float

    def __call__(self, oracle: Oracle, streams: Streams) -> None:
        """Search until the budget is used up."""

        def look(rows: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
            rises = margin(oracle.attempt(rows.cpu(), images), oracle.labels[rows])
            return rises, oracle.fallen[rows.cpu()].to(rises.device)

        if oracle.allowance > 0:
            square = Square(queries=oracle.allowance, p_init=self.p_init)
            square.search(look, oracle.originals, oracle.ball, streams)
