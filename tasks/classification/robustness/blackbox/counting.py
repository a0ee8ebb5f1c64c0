"""What counts as a query: the conventions of the published evaluations, each a protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.task import ProtocolSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """One convention."""

    id: str
    tests: bool
    """Whether a look at right or wrong alone, which shows the attack no score, is a query."""
    strict: bool
    """Whether an image must fall before the last query of the budget."""

    def allowance(self, budget: int) -> int:
        """How many queries an image may cost at most."""
        return budget - 1 if self.strict else budget

    def counted(self, queries: NDArray[np.int64], tests: NDArray[np.int64]) -> NDArray[np.int64]:
        """What so many answers with scores and so many without them cost, each (n,)."""
        return queries + tests * self.tests


EVERY_FORWARD: Final = Counting(id="every-forward", tests=True, strict=False)
MADRYLAB: Final = Counting(id="madrylab", tests=False, strict=True)
COUNTINGS: Final[Mapping[str, Counting]] = {one.id: one for one in (EVERY_FORWARD, MADRYLAB)}

PROTOCOLS: Final = (
    ProtocolSpec(
        id=EVERY_FORWARD.id,
        title="every forward pass of the attack is a query, tests of success and a first look at the image among them",
        source="theFool32/PPBA, main.py (every forward counted); Andriushchenko et al. 2020, arXiv 1912.00049 (Square)",
    ),
    ProtocolSpec(
        id=MADRYLAB.id,
        title="tests of success are free, and an image must fall before the last query",
        source="MadryLab/blackbox-bandits, src/main.py (Ilyas, Engstrom, Madry 2018, arXiv 1807.07978)",
    ),
)
