"""Building a site again while it is served, whenever records come, change or go."""

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from harness.errors import HarnessError

PERIOD_S = 2.0
Signature = tuple[tuple[str, int, int], ...]


def signature(homes: Sequence[Path]) -> Signature:
    """What changes when a record of a home does: names, times and sizes of its files."""
    found = []
    for home in homes:
        with suppress(OSError), os.scandir(home / "records") as items:
            for item in items:
                with suppress(OSError):
                    status = item.stat()
                    found.append((item.path, status.st_mtime_ns, status.st_size))
    return tuple(sorted(found))


class Watcher:
    """Calls `build` in a thread of its own when the records of `homes` have changed and then rested for a period."""

    def __init__(self, homes: Sequence[Path], build: Callable[[], object], period_s: float = PERIOD_S) -> None:
        self._homes, self._build, self._period_s = list(homes), build, period_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="records")
        self._known = signature(self._homes)
        self.failed = ""
        """Why the last build failed, as one sentence; empty where it did not."""
        self.builds = 0

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End, after a build that is under way."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        seen = self._known
        while not self._ended.wait(self._period_s):
            before, seen = seen, signature(self._homes)
            if seen != self._known and seen == before:
                self._known = seen
                self._rebuild()

    def _rebuild(self) -> None:
        try:
            self._build()
            self.failed = ""
        except (HarnessError, OSError) as error:
            self.failed = str(error)
        self.builds += 1
