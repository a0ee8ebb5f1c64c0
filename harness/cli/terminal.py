"""What a person sees: progress bars on a terminal, plain lines elsewhere, tables."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout

from harness.progress import Reporter

PLAIN_EVERY_S = 10.0
FEW = 3
"""So few steps are long ones: their bar is drawn at once, since none may end within the first second."""


@contextmanager
def results_only(active: bool) -> Iterator[None]:
    """With `active`, what other people's code prints meanwhile goes to standard error, C libraries' words included."""
    if not active:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


class TerminalReporter(Reporter):
    """Draws on standard error, so that standard output stays clean for results."""

    @contextmanager
    def bar(self, title: str, total: int, done: int = 0, unit: str = "") -> Iterator[Callable[[int], None]]:
        """A tqdm bar on a terminal (shown after a second); a line now and then in a log."""
        if not sys.stderr.isatty():
            yield _PlainBar(title, total, done)
            return
        from tqdm import tqdm

        delay = 0.0 if total <= FEW else 1.0
        with tqdm(
            total=total, initial=done, desc=title, unit=f" {unit or 'step'}s", delay=delay, leave=False, file=sys.stderr
        ) as bar:
            yield lambda count: _advance(bar, count)

    def note(self, text: str) -> None:
        """One line on standard error."""
        print(text, file=sys.stderr, flush=True)


def _advance(bar: object, count: int) -> None:
    bar.update(count)  # type: ignore[attr-defined]


class _PlainBar:
    def __init__(self, title: str, total: int, done: int) -> None:
        self._title, self._total, self._done, self._last = title, total, done, time.monotonic()

    def __call__(self, count: int) -> None:
        self._done += count
        if time.monotonic() - self._last >= PLAIN_EVERY_S:
            self._last = time.monotonic()
            print(f"{self._title}: {self._done} of {self._total}", file=sys.stderr, flush=True)


def table(rows: Sequence[Sequence[str]], head: Sequence[str] = (), right: Sequence[int] = ()) -> str:
    """Rows as aligned text; columns numbered in `right` are set to the right."""
    everything = [list(head), *map(list, rows)] if head else [list(row) for row in rows]
    if not everything:
        return ""
    widths = [max(len(row[i]) for row in everything) for i in range(len(everything[0]))]
    lines = []
    for row in everything:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    if head:
        lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
