"""What all tracking tasks share, however they drive a tracker."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.columns import Table
from harness.task import DataRequest, Dataset, RunContext, Task
from tasks.tracking.frames import Frames, check_frames

if TYPE_CHECKING:
    from harness.measure.workload import Workload
    from harness.record import Observed
    from harness.submission import Submission


class TrackingTask(Task):
    """A task whose samples are sequences of frames that are decoded when asked for."""

    def verify_data(self, request: DataRequest) -> Iterator[str]:
        """Decode every frame and compare the sizes."""
        dataset = self.open(replace(request, with_inputs=True))
        yield from check_frames(dataset)
        yield from dataset.warnings

    def input_digest(self, inputs: Mapping[str, Any]) -> bytes:
        """SHA-256 over the decoded frames."""
        frames = inputs["frames"]
        assert isinstance(frames, Frames)
        return frames.digest()

    def workload(self, submission: "Submission", dataset: Dataset, run: RunContext) -> "Workload":
        """A start and an update, timed apart."""
        from tasks.tracking.live_workload import tracker_workload

        return tracker_workload(submission, dataset)

    def observed(self, beside: Table) -> "Sequence[Observed]":
        """Frames a second."""
        from tasks.tracking.live_speed import observed_speed

        return observed_speed(beside)
