"""Power meters that other packages bring, such as one at the wall: the entry point group ``harness.power_meters``.

An entry point names a function without arguments that returns a meter, or raises any exception that says why there is
none. A meter has a `name`, a `scope` ("wall"), a method `close()`, and one of

    joules() -> float     energy since some moment, which moves in steps that can be seen
    watts() -> float      the power at this moment

and, if it wants, `limit_w`, `poll_s` (seconds between readings) and, as `ticks = False`, that its steps cannot be seen.
"""

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from time import perf_counter
from typing import Any

from harness.errors import describe
from harness.measure.counter import Counter, Source
from harness.measure.power_integral import IntegratedPower
from harness.measure.procfs import Unreadable

GROUP = "harness.power_meters"


def wall_meters(found: Iterable[EntryPoint] | None = None, clock: Callable[[], float] = perf_counter) -> list[Source]:
    """A source for every installed meter, by name."""
    points = entry_points(group=GROUP) if found is None else found
    return [_source(point, clock) for point in sorted(points, key=lambda point: point.name)]


def _source(point: EntryPoint, clock: Callable[[], float]) -> Source:
    advice = f"see the documentation of the package that brings the power meter {point.name} ({point.value})"
    return Source(f"power meter {point.name}", lambda: _open(point, clock), lambda _: advice)


def _open(point: EntryPoint, clock: Callable[[], float]) -> Counter:
    meter = _told(lambda: point.load()())
    name, scope = f"{point.name}: {getattr(meter, 'name', '')}".strip(": "), str(getattr(meter, "scope", "wall"))
    if hasattr(meter, "joules"):
        return MeteredEnergy(name, scope, meter)
    if not hasattr(meter, "watts"):
        raise Unreadable(f"{point.value} returned an object with neither joules() nor watts()")
    return MeteredPower(name, scope, meter, clock)


def _told(read: Callable[[], Any]) -> Any:
    """What `read` returns; whatever other people's code raises becomes the reason."""
    try:
        return read()
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(describe(error)) from error


def _number(read: Callable[[], Any]) -> float:
    return float(_told(lambda: float(read())))


class MeteredEnergy(Counter):
    """A meter that counts energy."""

    def __init__(self, name: str, scope: str, meter: Any) -> None:
        self.name, self.scope, self._meter = name, scope, meter
        self.ticks = bool(getattr(meter, "ticks", True))
        self.poll_s = float(getattr(meter, "poll_s", 0.01))
        self.limit_w = getattr(meter, "limit_w", None)

    def joules(self) -> float:
        """What the meter says; raises Unreadable with whatever went wrong in it."""
        return _number(self._meter.joules)

    def close(self) -> None:
        """Close the meter."""
        _told(getattr(self._meter, "close", lambda: None))


class MeteredPower(IntegratedPower):
    """A meter that tells power."""

    def __init__(self, name: str, scope: str, meter: Any, clock: Callable[[], float]) -> None:
        self._meter = meter
        super().__init__(
            name,
            scope,
            lambda: _number(meter.watts),
            limit_w=getattr(meter, "limit_w", None),
            poll_s=float(getattr(meter, "poll_s", 0.1)),
            clock=clock,
        )

    def close(self) -> None:
        """Close the meter."""
        _told(getattr(self._meter, "close", lambda: None))
