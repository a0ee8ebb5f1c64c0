"""What every detection task does with a live submission, unless it says otherwise."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.task import Dataset, Encoder, Task
from tasks.detection.answers import encode_answer, label_map, unknown_classes

if TYPE_CHECKING:
    from harness.submission import Submission


class DetectionTask(Task):
    """A task whose submissions answer boxes, scores and labels of the classes that they declare."""

    def encoder(self, submission: "Submission", dataset: Dataset) -> Encoder:
        """Checks boxes, scores and labels, and turns labels into category ids by the names of the classes."""
        labels = label_map(submission.name, submission.classes, dataset)
        return lambda answer, sample: encode_answer(answer, sample.id, labels)

    def notes(self, submission: "Submission", dataset: Dataset) -> Sequence[str]:
        """Classes of the submission that the data set does not have: their detections are left out."""
        return unknown_classes(submission.name, submission.classes, dataset)
