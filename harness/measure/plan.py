"""How long a latency measurement may take, and how that time is used."""

from dataclasses import dataclass

from harness.errors import UsageError

PROCESSES = 4
"""Fresh ones for a measurement that is to be stable. MEASUREMENT asks for three; with four an interval of Student is by a
third narrower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The time budget and the shape of the blocks (MEASUREMENT, 3.4 and 3.5).

    The budget is kept unless the model is so slow that four inferences do not fit after the warm-up: they are always
    run.
    """

    seconds: float = 12.0
    """Wall time for warm-up, blocks and the pauses between them."""
    warm_up_cap_s: float | None = None
    """At most this long until steady; None: a third of the budget, at most 30 s."""
    warm_up_min_s: float | None = None
    """At least this long; None: 1 s on a CPU, 3 s on an accelerator, at most the cap."""
    block_s: float = 0.1
    block_inferences: int = 5
    """A block is over when it has lasted `block_s` and has this many kept inferences of each kind."""
    block_most: int = 5000
    """Or when it has this many, so that what takes microseconds does not fill the memory."""
    max_blocks: int = 120
    min_pause_s: float = 0.01
    distinct: int = 64
    seed: int = 0
    processes: int = 1
    """Fresh processes that take turns: one draws its memory layout once, and keeps it."""
    retries: int = 0
    """Up to this many times `seconds` more for blocks that were disturbed."""

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise UsageError(f"the time to measure is {self.seconds} seconds; give a number above 0")
        if min(self.max_blocks, self.distinct, self.block_inferences, self.processes) < 1 or self.block_s < 0:
            raise UsageError("a measurement plan needs at least one block, one input and one inference a block")

    def warm_up_limits(self, device: str) -> tuple[float, float]:
        """Least and most seconds of warm-up on `device`."""
        cap = min(30.0, self.seconds / 3) if self.warm_up_cap_s is None else self.warm_up_cap_s
        least = (1.0 if device == "cpu" else 3.0) if self.warm_up_min_s is None else self.warm_up_min_s
        return min(least, cap), cap
