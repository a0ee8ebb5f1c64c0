"""The engine of the vision harness: score, measure, record, log and show computer-vision methods.

The Python interface is four names::

    harness.evaluate(task, submission, ...) -> Record      run a model, score it, measure it
    harness.score(task, predictions, ...) -> Record        score a file of predictions
    harness.verify(record, ...) -> Record                  score the stored predictions again
    harness.records(home) -> pandas.DataFrame              every record of a home, one row a metric

They are loaded when they are first used, so that ``import harness`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.api import evaluate, records, score, verify

__version__ = "0.1.0"
__all__ = ["__version__", "evaluate", "records", "score", "verify"]


def __getattr__(name: str) -> Any:
    if name in ("evaluate", "records", "score", "verify"):
        return getattr(import_module("harness.api"), name)
    raise AttributeError(f"module 'harness' has no attribute {name!r}")
