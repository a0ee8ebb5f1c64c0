"""Operations by type: what one inference computes, before any convention adds them up.

A layer that computes otherwise than its emulation in floating point declares what it would (see CONTRIBUTING.md)::

    def cost_operations(self, inputs, output):
        terms = output.numel() * self.weight[0].numel()
        return Operations(add=2 * terms, abs=terms)          # an L1 distance: one subtraction, one accumulation
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mac": "multiply-accumulates in single precision",
        "mul": "multiplications that accumulate nothing",
        "add": "additions and subtractions",
        "compare": "comparisons, minima and maxima, logic",
        "abs": "absolute values and changes of sign",
        "lut": "functions read from a table or a series: division, roots, exp, log, tanh, erf",
        "int8_mac": "multiply-accumulates of 8-bit integers",
        "xnor_popcount": "multiply-accumulates of two bits: an exclusive nor and a count",
        "bytes_read": "bytes of the arrays that are read",
        "bytes_written": "bytes of the arrays that are written",
    }
)
"""Types of operations, and what each counts. Multiply-accumulates of other widths are ``mac_w4a8``: 4-bit weights, 8-bit
activations; half precision is ``mac_w16a16``."""
_WIDTHS: Final = {"mac": (32, 32), "int8_mac": (8, 8), "xnor_popcount": (1, 1)}
_OTHER_WIDTHS: Final = re.compile(r"mac_w([1-9]\d?)a([1-9]\d?)")


def mac_widths(kind: str) -> tuple[int, int] | None:
    """Bits of weight and activation of a type that multiplies and accumulates; None for the other types."""
    if kind in _WIDTHS:
        return _WIDTHS[kind]
    found = _OTHER_WIDTHS.fullmatch(kind)
    return (int(found[1]), int(found[2])) if found else None


class Operations:
    """Counts by type, immutable: ``Operations(add=2, abs=1)``; they add up, and ``operations * n`` is n times as many.

    A type that was not counted is 0. Raises ValueError for a type that is not in `KINDS` and for counts below 0.
    """

    __slots__ = ("counts",)
    counts: Mapping[str, int]
    """Types that occur, with how often."""

    def __init__(self, **counts: int) -> None:
        for kind, count in counts.items():
            if kind not in KINDS and mac_widths(kind) is None:
                raise ValueError(f"there is no operation '{kind}'; there are {', '.join(KINDS)} and mac_w4a8")
            if not isinstance(count, int) or count < 0:
                raise ValueError(f"{kind}={count!r}: a count is a whole number, 0 or more")
        self.counts = MappingProxyType({kind: count for kind, count in counts.items() if count})

    @classmethod
    def macs(cls, count: int, weight_bits: int = 32, activation_bits: int = 32) -> "Operations":
        """`count` multiply-accumulates of the given widths under their type's name."""
        widths = (weight_bits, activation_bits)
        named = {pair: kind for kind, pair in _WIDTHS.items()}
        return cls(**{named.get(widths, f"mac_w{weight_bits}a{activation_bits}"): count})

    @classmethod
    def total(cls, parts: Iterable["Operations"]) -> "Operations":
        """The sum of all parts."""
        counts: dict[str, int] = {}
        for part in parts:
            for kind, count in part.counts.items():
                counts[kind] = counts.get(kind, 0) + count
        return cls(**counts)

    def __getitem__(self, kind: str) -> int:
        return self.counts.get(kind, 0)

    def __add__(self, other: "Operations") -> "Operations":
        return Operations.total((self, other))

    def __mul__(self, times: int) -> "Operations":
        return Operations(**{kind: count * times for kind, count in self.counts.items()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Operations) and dict(self.counts) == dict(other.counts)

    def __hash__(self) -> int:
        return hash(frozenset(self.counts.items()))

    def __repr__(self) -> str:
        return f"Operations({', '.join(f'{kind}={count}' for kind, count in self.counts.items())})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One operator that ran, or one layer that declared what it costs."""

    operator: str
    """`aten::convolution`, or the class of the layer that declared."""
    group: str
    """`convolution`, `linear`, `product`, `attention`, `batch norm`, `relu`, `average pooling`, `declared`, ..."""
    operations: Operations
    outputs: int
    """Elements of its output."""
    layer: str = ""
    """Name of the innermost torch module that ran it, as in `named_modules`; empty where no module ran."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What conventions ask beyond the operations: elements of the input, whether there is a bias."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Everything that one call of a network ran, in order."""

    calls: tuple[Call, ...] = ()
    uncounted: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Operators that may multiply and accumulate and have no formula: calls, output elements."""
    untyped: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Operators that do not, but whose other operations have no formula either: calls, output elements."""
    layers: tuple[str, ...] = ()
    """Names of the network's modules, in their order."""

    @property
    def operations(self) -> Operations:
        """All operations."""
        return Operations.total(call.operations for call in self.calls)

    @property
    def outputs(self) -> int:
        """Output elements of all operators, those without a formula among them."""
        without = (*self.uncounted.values(), *self.untyped.values())
        return sum(call.outputs for call in self.calls) + sum(elements for _, elements in without)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of two bits or more an operand."""
        counts = self.operations.counts
        return sum(n for kind, n in counts.items() if mac_widths(kind) is not None and kind != "xnor_popcount")

    def of(self, *groups: str) -> list[Call]:
        """The calls of some groups, in order."""
        return [call for call in self.calls if call.group in groups]
