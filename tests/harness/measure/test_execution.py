"""A run that keeps the CPUs it was bound to slows the next one down; one with too many threads times their waiting."""

import os
import sys
import threading

import pytest

from harness.errors import UsageError
from harness.measure.execution import check_threads, pin, threads_given_back, use_threads
from harness.measure.procfs import allowed_cpus

BINDS = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads cannot be bound to CPUs here")


def test_more_threads_than_cpus_are_refused_in_one_sentence() -> None:
    cpus = len(allowed_cpus())
    check_threads(None)
    check_threads(cpus)
    with pytest.raises(UsageError, match=rf"--threads {cpus + 97}: .* may use {cpus} CPUs?, .* give at most {cpus}$"):
        check_threads(cpus + 97)


@BINDS
def test_cpus_and_threads_are_given_back() -> None:
    before, variable = allowed_cpus(), os.environ.get("OMP_NUM_THREADS")
    with threads_given_back():
        assert len(use_threads(1)) == 1
        assert len(allowed_cpus()) == 1
        assert os.environ["OMP_NUM_THREADS"] == "1"
    assert (allowed_cpus(), os.environ.get("OMP_NUM_THREADS")) == (before, variable)


@BINDS
def test_torch_computes_with_as_many_threads_as_before() -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    with threads_given_back():
        use_threads(1)
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


@BINDS
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="lists its threads in /proc")
def test_threads_that_exist_already_are_bound_too() -> None:
    seen: dict[str, int] = {}
    bound, done = threading.Event(), threading.Event()

    def look() -> None:
        bound.wait(10)
        seen["cpus"] = len(os.sched_getaffinity(threading.get_native_id()))
        done.set()

    thread = threading.Thread(target=look)
    with threads_given_back():
        thread.start()
        pin(1)
        bound.set()
        assert done.wait(10)
    thread.join()
    assert seen == {"cpus": 1}
