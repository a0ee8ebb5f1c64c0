"""Processes that prepare ahead change no digit, and what goes wrong in one is told as if it had gone wrong here."""

import errno
import os
import signal
from collections.abc import Sequence
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from torch import Tensor, nn

import harness
from harness.errors import SubmissionError
from harness.record import Record
from harness.stacking import stacked
from harness.task import Sample
from harness.workers import layout_of

HERE = os.getpid()


class Linear:
    """One layer, which notes what was prepared in this process."""

    prepares_apart = True

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.module = nn.Sequential(nn.Flatten(), nn.Linear(3072, 10)).eval()
        self.here: list[str] = []

    def prepare(self, sample: Sample) -> Any:
        if os.getpid() == HERE:
            self.here.append(sample.id)
        return torch.tensor(sample.inputs["image"]).permute(2, 0, 1).float() / 255

    def forward(self, inputs: Sequence[Any]) -> list[Tensor]:
        return list(self.module(stacked([torch.as_tensor(one) for one in inputs])))

    def finish(self, raw: Tensor, sample: Sample) -> dict[str, Any]:
        return {"logits": raw.numpy()}


class Uneven(Linear):
    """One picture is prepared with another shape than the others."""

    def __init__(self, odd: str) -> None:
        super().__init__()
        self.odd = odd

    def prepare(self, sample: Sample) -> Any:
        found = super().prepare(sample)
        return found[None] if sample.id == self.odd else found

    def forward(self, inputs: Sequence[Any]) -> list[Tensor]:
        return super().forward([one.reshape(3, 32, 32) for one in inputs])


def run(method: Any, home: Path, workers: int | None) -> Record:
    return harness.evaluate(
        "cifar10", method, home=home, measure=False, log=False, page=False, batch_size=8, workers=workers
    )


def told(record: Record) -> tuple[str, str]:
    """The digests of what was answered, and of what was read."""
    (answers,) = (one.digest for one in record.artifacts if one.kind == "predictions")
    assert record.task.input_digest
    return answers, record.task.input_digest


@pytest.mark.parametrize("workers", [1, 3])
def test_answers_and_digests_are_those_of_one_process(tmp_path: Path, workers: int) -> None:
    """Records of one method would otherwise differ by the machine that made them."""
    method, other = Linear(), Linear()
    assert told(run(method, tmp_path / "a", workers)) == told(run(other, tmp_path / "b", 0))
    assert len(other.here) > len(method.here) == 8


def test_arrays_of_numpy_are_prepared_apart_as_well(tmp_path: Path) -> None:
    class Arrays(Linear):
        def prepare(self, sample: Sample) -> Any:
            return super().prepare(sample).numpy()

    method = Arrays()
    assert told(run(method, tmp_path / "a", 2)) == told(run(Linear(), tmp_path / "b", 0))
    assert len(method.here) == 8


def test_a_process_that_dies_costs_time_only(tmp_path: Path) -> None:
    class Dying(Linear):
        def prepare(self, sample: Sample) -> Any:
            if os.getpid() != HERE and sample.id == "00037":
                os.kill(os.getpid(), signal.SIGKILL)
            return super().prepare(sample)

    method = Dying()
    assert told(run(method, tmp_path / "a", 2)) == told(run(Linear(), tmp_path / "b", 0))
    assert "00037" in method.here


@pytest.mark.parametrize("workers", [0, 2])
def test_what_prepare_raises_names_the_images(tmp_path: Path, workers: int) -> None:
    class Failing(Linear):
        def prepare(self, sample: Sample) -> Any:
            if sample.id == "00037":
                raise ValueError("too dark")
            return super().prepare(sample)

    with pytest.raises(SubmissionError, match="failed on 00032 to 00039: ValueError: too dark"):
        run(Failing(), tmp_path, workers)


def test_inputs_of_another_size_are_prepared_here(tmp_path: Path) -> None:
    method = Uneven("00037")
    assert told(run(method, tmp_path / "a", 1)) == told(run(Linear(), tmp_path / "b", 0))
    assert len(method.here) == 16


def test_a_first_batch_of_several_sizes_is_prepared_by_threads_from_then_on(tmp_path: Path) -> None:
    method = Uneven("00003")
    record = run(method, tmp_path / "a", 1)
    assert told(record) == told(run(Linear(), tmp_path / "b", 0))
    assert len(method.here) == len(set(method.here)) == record.task.samples


def test_where_no_process_can_be_started_threads_go_on_and_none_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of three cannot be: the system's limit on processes was met."""
    start, started = ForkProcess.start, []

    def limited(process: ForkProcess) -> None:
        if len(started) == 1:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        started.append(process)
        start(process)

    monkeypatch.setattr(ForkProcess, "start", limited)
    method = Linear()
    record = run(method, tmp_path / "a", 3)
    assert len(started) == 1 and not started[0].is_alive()
    monkeypatch.undo()
    assert told(record) == told(run(Linear(), tmp_path / "b", 0))
    assert len(method.here) == record.task.samples


def test_a_method_that_does_not_allow_it_prepares_itself(tmp_path: Path) -> None:
    class Careful(Linear):
        prepares_apart = False

    method = Careful()
    assert told(run(method, tmp_path / "a", 2)) == told(run(Linear(), tmp_path / "b", 0))
    assert len(method.here) > 8


def test_rows_of_one_batch_are_not_copied() -> None:
    batch = torch.arange(48.0).reshape(4, 3, 4)
    rows = batch.unbind()
    assert stacked(rows).data_ptr() == batch.data_ptr() and torch.equal(stacked(rows), batch)
    assert torch.equal(stacked(rows[1:3]), batch[1:3])


def test_a_single_tensor_is_copied_since_a_network_may_write_into_its_batch() -> None:
    one = torch.arange(12.0).reshape(3, 4)
    stacked([one]).zero_()
    assert torch.equal(one, torch.arange(12.0).reshape(3, 4))


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2), (0, 1, 1)])
def test_other_tensors_are_stacked_as_they_come(order: tuple[int, ...]) -> None:
    batch = torch.arange(48.0).reshape(4, 3, 4)
    for rows in (batch.unbind(), batch.clone().transpose(1, 2).unbind(), tuple(one.clone() for one in batch)):
        chosen = [rows[index] for index in order]
        assert torch.equal(stacked(chosen), torch.stack(chosen))


def test_only_what_lies_in_memory_and_is_alike_has_a_layout() -> None:
    like = np.zeros((2, 3), np.float32)
    assert layout_of([like, torch.zeros(2, 3)]) is None and layout_of([like, like[:1]]) is None
    assert layout_of([]) is None and layout_of(["text"]) is None and layout_of([torch.zeros(2).bfloat16()]) is None
    found = layout_of([torch.zeros(2, 3), torch.ones(2, 3)])
    assert found is not None and (found.shape, found.dtype, found.tensor) == ((2, 3), "<f4", True)
