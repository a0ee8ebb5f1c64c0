"""The Python interface: the same runs as the command line, with the same options as keyword arguments."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError
from harness.options import RunOptions
from harness.progress import Reporter
from harness.record import Record
from harness.task import Task

if TYPE_CHECKING:
    import pandas


COLUMNS = (
    "record", "task", "split", "protocol", "origin", "submission", "variant", "provenance", "metric", "value", "low", "high",
    "unit", "n", "data_digest", "settings", "latency_ms", "latency_verdict", "host_id", "parameters", "macs",
)  # fmt: skip
"""The columns of `records`, in order."""


def evaluate(task: str | Task, submission: Any, **options: Any) -> Record:
    """Run `submission` (a name, a folder, or an object with prepare, forward and finish) on `task` and return its record.

    `options` are those of ``harness eval`` with underscores (``data``, ``split``, ``limit``, ``settings={...}``, ``home``,
    see `harness.options.RunOptions`). Raises a `harness.errors.HarnessError` of one sentence.
    """
    from harness.publish import after_eval
    from harness.runs import evaluate as run

    outcome = run(RunOptions(task=task, submission=submission, **options), Reporter())
    after_eval(outcome, RunOptions(task=task, submission=submission, **options), Reporter())
    return outcome.record


def score(task: str | Task, predictions: str | Path, **options: Any) -> Record:
    """Score a result file in the benchmark's official format and return its record; options as in ``harness score``."""
    from harness.publish import after_score
    from harness.runs import score as run

    chosen = RunOptions(task=task, predictions=Path(predictions), **options)
    outcome = run(chosen, Reporter())
    after_score(outcome, chosen, Reporter())
    return outcome.record


def verify(record: str | Path, home: str | Path | None = None, **options: Any) -> Record:
    """Score a record's stored predictions again and compare every digit; returns the record, raised or disputed."""
    from harness.verification import verify as run

    return run(str(record), RunOptions(task="", home=Path(home) if home else None, **options), Reporter()).record


def records(home: str | Path | None = None) -> "pandas.DataFrame":
    """Every metric of every readable record in `home`, one row each.

    Columns: record, task, split, protocol, origin, submission, variant, provenance, metric, value, low, high, unit, n,
    data_digest, settings, latency_ms (forward, p50), latency_verdict, host_id, parameters, macs. Raises HarnessError
    where pandas is not installed (the `[live]` extra brings it).
    """
    try:
        import pandas
    except ModuleNotFoundError:
        raise HarnessError(
            "harness.records needs pandas; pip install pandas, or take the rows without it: 'harness export --format json'"
        ) from None

    from harness.store import Home, default_home

    found = [
        record for _, record in Home(Path(home) if home else default_home()).records() if isinstance(record, Record)
    ]
    return pandas.DataFrame([row for record in found for row in rows(record)], columns=list(COLUMNS))


def rows(record: Record) -> list[dict[str, Any]]:
    """One flat row a metric."""
    from harness.summary import cost_of, latency_of

    latency, cost = latency_of(record), cost_of(record)
    common = {
        "record": record.id, "task": record.task.id, "split": record.task.split, "origin": record.task.origin,
        "submission": record.submission.name, "variant": record.submission.variant, "provenance": record.provenance,
    }  # fmt: skip
    tail = {
        "data_digest": record.task.data_digest, "settings": dict(record.settings),
        "latency_ms": latency[0] if latency else None, "latency_verdict": latency[1] if latency else None,
        "host_id": record.host.host_id if record.host else None,
        "parameters": cost.parameters if cost else None, "macs": cost.macs if cost else None,
    }  # fmt: skip
    return [
        {
            **common,
            "protocol": m.protocol,
            "metric": m.name,
            "value": m.value,
            "low": m.interval.low if m.interval else None,
            "high": m.interval.high if m.interval else None,
            "unit": m.unit,
            "n": m.n,
            **tail,
        }
        for m in record.metrics
    ]
