"""timm's classifiers as submissions: ``--submission timm:NAME`` (needs the extra ``[timm]``)."""

from typing import TYPE_CHECKING, Final

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.options import RunOptions
    from harness.submission import Submission
    from harness.task import Dataset, Task

TASKS: Final = ("imagenet",)
"""What its networks are counted on where no task is named: the first that they answer."""


def task_for(name: str) -> str:
    """The task on whose images ``timm:name`` is timed where none is named."""
    return "imagenet"


def load(name: str, task: "Task", dataset: "Dataset", options: "RunOptions") -> "Submission":
    """The submission ``timm:name``; raises UsageError where the task asks for something else than classification."""
    if task.meta.interface.id != "classification":
        raise UsageError(f"timm:{name} answers classification; {task.meta.id} asks for {task.meta.interface.id}")
    from submissions.timm_models.classification import load_classifier

    return load_classifier(name, dataset, options)
