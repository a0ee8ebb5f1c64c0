"""What is timed: clean answers, from the image to the logits on the host."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.columns import Row
from harness.measure.workload import Stage, Workload
from harness.task import Dataset, RunContext, Sample
from tasks.classification.robustness import gates
from tasks.classification.robustness.interface import CLEAN
from tasks.classification.robustness.pixels import attacked_together
from tasks.classification.robustness.target import Target

if TYPE_CHECKING:
    from harness.submission import Submission


def clean_answers(submission: "Submission", dataset: Dataset, samples: Sequence[Sample]) -> list[Row]:
    """The logits of some of the first samples as `predict` stores them: asked together with those it asks with them."""
    target, size = Target(submission, dataset), attacked_together(submission.batch_size, str(dataset.facts["pixels"]))
    batch = [dataset.sample(index) for index in range(min(size, len(dataset.ids)))]
    found = gates.answers(target, target.pixels(batch), batch)
    rows = {sample.id: {CLEAN: row} for sample, row in zip(batch, found, strict=True)}
    return [rows[sample.id] for sample in samples]


def clean_workload(submission: "Submission", dataset: Dataset, run: RunContext) -> Workload:
    """Batches through pixels (prepare), logits (forward) and the copy to the host (finish)."""
    target, size, count = Target(submission, dataset), run.batch_size, len(dataset.ids)

    def load(item: int) -> list[Sample]:
        return [dataset.sample((item * size + place) % count) for place in range(size)]

    stages = (
        Stage("prepare", lambda _, samples: target.pixels(samples)),
        Stage("forward", lambda images, _: target(images)),
        Stage("finish", lambda logits, _: logits.float().cpu().numpy()),
    )
    return Workload(
        count=-(-count // size), load=load, stages=stages, device=run.device, dtype=submission.dtype, batch_size=size
    )
