"""Genotypes: what a cell is made of. By name from ``genotypes.toml``, or as search scripts print them."""

import ast
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from harness.errors import UsageError

OPERATIONS: Final = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "sep_conv_7x7",
    "dil_conv_3x3",
    "dil_conv_5x5",
    "none",
)
"""What an edge of a cell may compute; ``none`` gives zeros, as an edge that is not there."""
INPUTS: Final = 2
"""The states that a cell starts from: the answers of the two cells before it."""

Edge = tuple[str, int]


class Genotype(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A normal and a reducing cell: two edges (operation, state that it reads) for each new state."""

    normal: list[Edge]
    normal_concat: list[int]
    """The states that are the cell's answer, side by side."""
    reduce: list[Edge]
    reduce_concat: list[int]
    source: str = ""
    """Where it stands."""


@cache
def known_genotypes() -> Mapping[str, Genotype]:
    """Those of ``genotypes.toml``, by name."""
    text = Path(__file__).with_name("genotypes.toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[str, Genotype])


def find_genotype(text: str) -> Genotype:
    """A genotype by its name, or ``Genotype(normal=[('skip_connect', 0), ...], normal_concat=range(2, 6), ...)``.

    Raises UsageError: neither a known name nor a genotype, and where it breaks off or what of it cannot be.
    """
    known = known_genotypes()
    found = known.get(text)
    if found is None:
        if text.strip().isidentifier() or not text.strip():
            raise UsageError(
                f"--set genotype={text}: there is no such genotype; write one out, Genotype(normal=[...], ...), "
                f"or name one of {', '.join(known)}"
            )
        found = _parsed(text)
    for kind in ("normal", "reduce"):
        problem = _problem(getattr(found, kind), getattr(found, f"{kind}_concat"))
        if problem:
            raise UsageError(f"--set genotype: its {kind} cell {problem}")
    return found


def _parsed(text: str) -> Genotype:
    """The genotype that `text` writes out as a call in Python's notation; nothing is run."""
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or call.args:
            raise ValueError("it must read Genotype(normal=[...], normal_concat=..., reduce=[...], reduce_concat=...)")
        fields = {keyword.arg: _literal(keyword.value) for keyword in call.keywords}
        return msgspec.convert(fields, Genotype)
    except SyntaxError as error:
        raise UsageError(f"--set genotype does not parse at character {error.offset}: {error.msg}") from None
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise UsageError(f"--set genotype does not parse: {str(error)[:200]}") from None


def _literal(node: ast.expr) -> object:
    """A list or tuple written out, or the numbers of ``range(...)``, of which no network has a hundred."""
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    if not isinstance(node.func, ast.Name) or node.func.id != "range" or node.keywords:
        raise ValueError(f"{ast.unparse(node)[:40]} is no list and no range(first, end)")
    return list(range(*map(ast.literal_eval, node.args))[:100])


def _problem(edges: Sequence[Edge], concat: Sequence[int]) -> str:
    """What keeps this from being a cell; empty where nothing does."""
    states = INPUTS + len(edges) // 2
    if not edges or len(edges) % 2:
        return f"has {len(edges)} edges; each new state needs two"
    for position, (operation, state) in enumerate(edges):
        before = INPUTS + position // 2
        if operation not in OPERATIONS:
            return f"has the operation '{operation}'; there are: {', '.join(OPERATIONS)}"
        if not 0 <= state < before:
            return f"reads state {state} at edge {position + 1}, where there are states 0 to {before - 1}"
    outside = [state for state in concat if not INPUTS <= state < states]
    if outside or not concat:
        which = f"state {outside[0]}" if outside else "no state"
        return f"answers with {which}; it makes states {INPUTS} to {states - 1}"
    return ""
