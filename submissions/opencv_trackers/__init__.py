"""OpenCV's own trackers as submissions: ``--submission opencv:NAME``. See README.md."""

from typing import TYPE_CHECKING, Final

from harness.errors import SubmissionError, UsageError

if TYPE_CHECKING:
    from harness.options import RunOptions
    from harness.submission import Submission
    from harness.task import Dataset, Task

OPTIONS: Final = ()
"""What ``--set`` may choose: nothing, the trackers run with OpenCV's parameters."""


def task_for(name: str) -> str:
    """The task on whose frames ``opencv:name`` is timed where none is named."""
    return "otb100"


def load(name: str, task: "Task", dataset: "Dataset", options: "RunOptions") -> "Submission":
    """The submission ``opencv:name`` for a task that asks for trackers; raises UsageError, SubmissionError or WeightsError."""
    if task.meta.interface.id != "tracker":
        raise UsageError(f"opencv:{name} answers tracker; {task.meta.id} asks for {task.meta.interface.id}")
    try:
        from submissions.opencv_trackers.trackers import load_tracker
    except ModuleNotFoundError as error:
        if error.name != "cv2":
            raise
        raise SubmissionError(
            f"opencv:{name} needs OpenCV with its contributed modules; pip install 'vision-harness[trackers]' brings it "
            "(not beside opencv-python, which hides them)"
        ) from None
    return load_tracker(name, options)
