"""What a run tells while it goes on: a progress bar, or nothing. The command line gives one that draws."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext


class Reporter:
    """Silent; the command line's subclass draws bars and prints notes on standard error."""

    def bar(
        self, title: str, total: int, done: int = 0, unit: str = ""
    ) -> AbstractContextManager[Callable[[int], None]]:
        """A context whose value is called with the number of things just done."""
        return nullcontext(lambda count: None)

    def note(self, text: str) -> None:
        """One line that a person should read."""
