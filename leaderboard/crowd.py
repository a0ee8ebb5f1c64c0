"""Work on many pages in two processes at once, where forking this one is safe; else in this one."""

import contextlib
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

Job = TypeVar("Job")
Found = TypeVar("Found")
FEWEST = 200
"""Fewer pages are made sooner by one process."""
MOST_PROCESSES = 4
MADE_BETWEEN = 200_000
"""How many more things there must be before the collector looks for cycles."""


@contextlib.contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for cycles seldom: pages are made of a million small things without any, and looking takes an eighth of the time.

    Plots do have cycles, so that it is not left out.
    """
    usual = gc.get_threshold()
    gc.set_threshold(MADE_BETWEEN, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def processes_for(jobs: int) -> int:
    """How many processes to use. A process with threads, or with torch's, must not be forked: a lock may be held."""
    if jobs < FEWEST or not sys.platform.startswith("linux") or "torch" in sys.modules or threading.active_count() > 1:
        return 1
    return max(1, min(MOST_PROCESSES, len(os.sched_getaffinity(0))))


def spread(jobs: Sequence[Job], work: Callable[[Sequence[Job]], Found], pages: int | None = None) -> list[Found]:
    """What `work` gives for every part of `jobs`; raises what the first of them raises.

    `pages` is about how many pages' work it is, where a job is not one page. What a part changes in memory is lost where
    it ran in another process: only what `work` returns comes back.
    """
    count = min(processes_for(len(jobs) if pages is None else pages), max(len(jobs), 1))
    if count == 1:
        return [work(jobs)]
    context = get_context("fork")
    pipes, processes = [], []
    for part in range(1, count):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_answer, args=(work, jobs[part::count], theirs), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    try:
        found = [work(jobs[::count])]
        found += [_received(pipe) for pipe in pipes]
    finally:
        for process in processes:
            if sys.exc_info()[0] is not None:
                process.terminate()
            process.join()
    return found


def _answer(work: Callable[[Sequence[Job]], Found], jobs: Sequence[Job], pipe: Connection) -> None:
    try:
        pipe.send((work(jobs), None))
    except KeyboardInterrupt:
        pass
    except Exception as error:
        pipe.send((None, error))


def _received(pipe: Connection) -> Any:
    try:
        found, error = pipe.recv()
    except EOFError:
        raise RuntimeError("a process that made pages ended before it was done") from None
    if error is not None:
        raise error
    return found
