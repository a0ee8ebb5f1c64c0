"""What is timed apart from any run: a start and an update."""

from typing import Any

from harness.measure.workload import Stage, Workload
from harness.submission import Submission
from harness.task import Dataset
from tasks.tracking.frames import Image
from tasks.tracking.live_regions import Region, given_region

Item = tuple[Image, Region, Image]
"""The first frame, the region in it, and the second frame."""


def tracker_workload(submission: Submission, dataset: Dataset) -> Workload:
    """Items are sequences: `init` on the first frame, then `update` on the second, both decoded before."""
    method: Any = submission.method

    def start(_: object, item: Item) -> Image:
        method.init(item[0], item[1].copy())
        return item[2]

    def load(index: int) -> Item:
        inputs = dataset.sample(index).inputs
        frames, region = inputs["frames"], inputs["region"]
        return frames[0], given_region(method, region), frames[min(1, len(frames) - 1)]

    return Workload(
        count=len(dataset.ids),
        load=load,
        stages=(
            Stage("init", start),
            Stage("update", lambda frame, _: method.update(frame)),
        ),
        headline="update",
        rate="update",
        device=submission.device,
        dtype=submission.dtype,
    )
