"""What counts energy: the form of a source, and the choice among those that can be read here."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from harness.measure.procfs import Unreadable


class CounterError(Unreadable):
    """A counter that answers, but with what cannot be true."""


class Counter(ABC):
    """Something that counts energy."""

    name: str
    scope: str
    """What is counted: "GPU board", "CPU package-0", "wall"."""
    poll_s: float = 0.01
    """How often to look whether it moved."""
    ticks: bool = True
    """Whether its movements are visible, so that windows can begin and end on them; else windows are longer."""
    part_time: bool = False
    """Whether it may look at the load for a part of the time only, so that a load in step with it deceives it."""
    limit_w: float | None = None
    """What the measured part may draw, watts; None where it is not known."""
    readings: Sequence[float] = ()
    """Instantaneous watts read so far; empty for a counter of energy, which tells no peak."""

    @property
    def label(self) -> str:
        """Name and scope."""
        return f"{self.name}, {self.scope}"

    @property
    def update_s(self) -> float | None:
        """Typical seconds between two values, where the source itself knows; None: as often as it is seen to move."""
        return None

    @abstractmethod
    def joules(self) -> float:
        """Joules since some moment; raises Unreadable or CounterError."""

    def close(self) -> None:  # noqa: B027, most have nothing to close
        """Release the source."""


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of counter, and how to open it on this machine."""

    name: str
    open: Callable[[], Counter]
    advice: Callable[[str], str]
    """From why it cannot be read, to what would allow it."""
    background: bool = False
    """True for what is counted apart, since the process does not run on it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The sources that could be read, best first, and what every source answered."""

    counters: list[Counter] = field(default_factory=list)
    background: list[Counter] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)

    @property
    def second(self) -> Counter | None:
        """Another source that counts the same thing as the first."""
        same = [counter for counter in self.counters[1:] if counter.scope == self.counters[0].scope]
        return same[0] if same else None

    @property
    def how_to_enable(self) -> str:
        """What would allow a source to be read."""
        return "; ".join(dict.fromkeys(filter(None, self.advice)))


@contextmanager
def opened(sources: Sequence[Source]) -> Iterator[Opened]:
    """Open and read every source; they are closed at the end."""
    found = Opened()
    with ExitStack() as stack:
        for source in sources:
            try:
                counter = source.open()
                stack.callback(counter.close)
                counter.joules()
            except Unreadable as error:
                if not source.background:
                    found.tried.append(f"{source.name}: {error}")
                    found.advice.append(source.advice(str(error)))
            else:
                (found.background if source.background else found.counters).append(counter)
                found.tried.extend([] if source.background else [f"{source.name}: {_use(found)}"])
        yield found


def _use(found: Opened) -> str:
    if len(found.counters) == 1:
        return "used"
    return "compared" if found.second is found.counters[-1] else "readable"
