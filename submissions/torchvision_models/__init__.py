"""torchvision's own models as submissions: ``--submission torchvision:NAME``."""

from typing import TYPE_CHECKING, Final

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.options import RunOptions
    from harness.submission import Submission
    from harness.task import Dataset, Task

OPTIONS: Final = ("classes",)
"""What ``--set`` may choose: `classes` is the label map of the weights, `voc`, `coco-as-voc` or a file of names."""

TASKS: Final = ("imagenet", "coco")
"""What its networks are counted on where no task is named: the first that they answer."""


def task_for(name: str) -> str:
    """The task on whose images ``torchvision:name`` is timed where none is named."""
    from torchvision.models import detection, list_models

    return "coco" if name in list_models(module=detection) else "imagenet"


def load(name: str, task: "Task", dataset: "Dataset", options: "RunOptions") -> "Submission":
    """The submission ``torchvision:name`` for a task; raises UsageError where torchvision has nothing for its interface."""
    if task.meta.interface.id == "classification":
        from submissions.torchvision_models.classification import load_classifier

        return load_classifier(name, dataset, options)
    if task.meta.interface.id != "detection":
        raise UsageError(
            f"torchvision:{name} answers detection and classification; {task.meta.id} asks for {task.meta.interface.id}"
        )
    from submissions.torchvision_models.detection import load_detector

    return load_detector(name, options, with_masks=dataset.facts.get("iou_type") == "segm")
