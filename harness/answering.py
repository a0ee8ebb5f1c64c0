"""Running a model over a data set: answers go to disk in parts, with the digest of every input beside them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.columns import Array, ColumnSpec, Row, Table
from harness.declaration import plural
from harness.errors import HarnessError, SubmissionError, describe
from harness.inputs import Watched
from harness.plan import Plan
from harness.predictions import PartSink
from harness.progress import Reporter
from harness.submission import Submission
from harness.task import RunContext

INPUT = ColumnSpec("input_sha256", "uint8", (32,))


def predict(
    plan: Plan,
    submission: Submission,
    folder: Path,
    reporter: Reporter,
    between: Callable[[float], None] = lambda share: None,
) -> "RunSink":
    """Answer every sample that has no stored answer yet; `between` is called between batches with the share answered."""
    sink = RunSink(plan, folder)
    pending = len(sink.pending())
    if not pending:
        return sink
    total = len(plan.dataset.ids)
    if pending < total:
        what = plural(plan.task.meta.answered)
        reporter.note(f"{total - pending} of {total} {what} were answered by an earlier run; going on.")
    with reporter.bar("predicting", total, total - pending, plan.task.meta.answered) as bar:
        answered = 0

        def advance(count: int) -> None:
            nonlocal answered
            answered += count
            sink.tick()
            bar(count)

        run = RunContext(
            batch_size=submission.batch_size, device=submission.device, seed=plan.options.seed,
            settings=plan.scoring.settings, advance=advance, between=lambda: between(answered / pending),
            workers=plan.options.workers,
        )  # fmt: skip
        dataset = replace(plan.dataset, load=sink.watched(plan.dataset.load))
        try:
            plan.task.predict(submission, dataset, sink, run)
        finally:
            sink.flush()
    return sink


def adapt(plan: Plan, submission: Submission) -> None:
    """Show the unlabelled samples to a method that uses their statistics, before it answers or is measured."""
    method = getattr(submission.method, "adapt", None)
    if not callable(method):
        return
    try:
        method(plan.dataset.sample(index) for index in range(len(plan.dataset.ids)))
    except (HarnessError, MemoryError):
        raise
    except Exception as error:
        raise SubmissionError(f"{submission.name} failed in adapt: {describe(error)}") from error


class RunSink(PartSink):
    """A part sink that also keeps the digest of every input that was read."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        interface = plan.task.meta.interface
        super().__init__(folder, plan.dataset.ids, [*plan.task.columns(plan.dataset), *interface.extra, INPUT])
        self._extra = [INPUT.name, *[spec.name for spec in interface.extra]]
        self._task = plan.task
        self._inputs: dict[str, bytes] = {}

    def watched(self, load: Callable[[str], Mapping[str, Any]] | None) -> Watched:
        """`load`, remembering what it gave."""
        assert load is not None
        return Watched(load, self._task.input_digest, self._inputs)

    def put(self, id: str, row: Row) -> None:
        """Keep one answer with the digest of its input."""
        super().put(id, {**row, INPUT.name: np.frombuffer(self._digest(id), np.uint8)})

    def put_all(self, ids: Sequence[str], columns: Mapping[str, Array]) -> None:
        """Keep several answers with the digests of their inputs."""
        digests = np.frombuffer(b"".join(map(self._digest, ids)), np.uint8).reshape(len(ids), *INPUT.shape)
        super().put_all(ids, {**columns, INPUT.name: digests})

    def _digest(self, id: str) -> bytes:
        if id not in self._inputs:
            raise HarnessError(f"{self._task.meta.id} answered {id}, which it did not read with Dataset.load")
        return self._inputs.pop(id)

    def beside(self) -> Table:
        """What is stored beside the answers, for every sample."""
        table = self.table()
        return table.without([name for name in table.columns if name == INPUT.name or name not in self._extra])

    def answers(self) -> tuple[Table, str]:
        """Everything that was answered, without what is stored beside it, and the digest of all inputs."""
        table = self.table()
        return table.without(self._extra), _inputs_digest(table)


def _inputs_digest(table: Table) -> str:
    """SHA-256 over (sample id, digest of its decoded input), sorted by id."""
    rows = sorted(zip(table.ids, table.dense(INPUT.name), strict=True), key=lambda row: row[0])
    digest = hashlib.sha256()
    for id, value in rows:
        digest.update(f"{id}\0{value.tobytes().hex()}\n".encode())
    return digest.hexdigest()
