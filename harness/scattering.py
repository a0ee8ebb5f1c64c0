"""Latency in blocks between the batches of a long evaluation: what disturbs a minute cannot then disturb the result."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from time import perf_counter

from harness.crew import Crew, can_load_again, gathered
from harness.errors import HarnessError
from harness.measure.collection import Collector
from harness.measure.exclusive import exclusive
from harness.measure.plan import PROCESSES
from harness.measure.plan import Plan as TimePlan
from harness.measure.procfs import allowed_cpus
from harness.measure.verdict import SPREAD_S
from harness.plan import Plan
from harness.progress import Reporter
from harness.submission import Submission

AFTER_S = 20.0
"""Shorter evaluations are not interrupted; they are measured when they are over."""
BLOCKS = 66
"""What a 90th percentile needs, and a tenth more, spread over the whole evaluation."""
Clock = Callable[[], float]


class Scattered:
    """Called between batches with the share that is answered; starts processes once the evaluation proves to be long."""

    def __init__(
        self, plan: Plan, submission: Submission, time: TimePlan, batch_size: int, reporter: Reporter,
        clock: Clock = perf_counter,
    ) -> None:  # fmt: skip
        self._plan, self._submission, self._batch_size = plan, submission, batch_size
        self._time = replace(time, processes=max(time.processes, PROCESSES), max_blocks=BLOCKS)
        self._reporter, self._clock = reporter, clock
        self._stack = ExitStack()
        self._began: float | None = None
        self._from = 0.0
        self.crew: Crew | None = None
        self.collector: Collector | None = None
        self.given_up = "" if can_load_again(plan.options) else "a Python object cannot be loaded again"

    def __call__(self, share: float) -> None:
        """As many blocks as the share of the evaluation asks for; what fails here is measured when all is answered."""
        if self._began is None:
            self._began = self._clock()
        if self.given_up:
            return
        try:
            if self.collector is None and self._is_long(share):
                self._start(share)
            if self.collector is not None:
                self._catch_up(self.collector, share)
        except HarnessError as error:
            self.close()
            self.given_up = str(error)

    def _is_long(self, share: float) -> bool:
        """Whether as much time is still to come as blocks must be apart."""
        assert self._began is not None
        gone = self._clock() - self._began
        return gone >= AFTER_S and gone / max(share, 1e-9) * (1.0 - share) >= SPREAD_S

    def _start(self, share: float) -> None:
        with exclusive(self._submission.device, allowed_cpus(), self._reporter.note):
            self.crew = self._stack.enter_context(gathered(self._plan, self._submission, self._time, self._batch_size))
            collector = Collector(self.crew.stations, self._time)
            collector.found.device_processes = self.crew.device_processes
            collector.start()
        self.collector, self._from = collector, share

    def _catch_up(self, collector: Collector, share: float) -> None:
        wanted = int(BLOCKS * (share - self._from) / (1.0 - self._from))
        if len(collector.found.blocks) >= wanted:
            return
        with exclusive(self._submission.device, allowed_cpus(), self._reporter.note):
            while len(collector.found.blocks) < wanted and collector.has_time():
                collector.block_between()

    def close(self) -> None:
        """End the processes."""
        self.crew = self.collector = None
        self._stack.close()


@contextmanager
def scattered(
    plan: Plan, submission: Submission, time: TimePlan, batch_size: int, reporter: Reporter
) -> Iterator[Scattered]:
    """A `Scattered` whose processes end with the block."""
    found = Scattered(plan, submission, time, batch_size, reporter)
    try:
        yield found
    finally:
        found.close()
