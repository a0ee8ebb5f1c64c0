"""ONNX files as submissions: ``--submission onnx:FILE`` (needs the extra ``[onnx]``)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.options import RunOptions
    from harness.submission import Submission
    from harness.task import Dataset, Task


def load(name: str, task: "Task", dataset: "Dataset", options: "RunOptions") -> "Submission":
    """The submission ``onnx:name``, a path to a file; raises UsageError or WeightsError."""
    from submissions.onnx_models.model import load_network

    return load_network(name, task.meta.interface.id, options)
