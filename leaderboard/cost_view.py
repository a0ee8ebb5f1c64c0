"""A record's cost on its page: operations by type of operator, what conventions make of them, bits, and what is missing."""

from harness.operations import KINDS, mac_widths
from harness.record import Cost, OperatorCost, Record
from leaderboard.cells import macs_cell, memory_cell, parameters_cell
from leaderboard.numbers import counted, text_cell, value_cell
from leaderboard.table import Cell, Column, Row, Table
from leaderboard.text import clean, name
from leaderboard.view import Fact, Section

MOST_OPERATORS = 40
MOST_KINDS = 16
"""A record from elsewhere may name any number of types and views."""


def cost_section(record: Record, found: Cost | None) -> Section:
    """Parameters, MACs, memory; tables of operations and of views where they were counted."""
    facts = [
        Fact(label="Parameters", cell=parameters_cell(record)),
        Fact(label="MACs of one sample", cell=macs_cell(record)),
        Fact(label="Peak memory, MiB", cell=memory_cell(record)),
    ]
    if found is None:
        return Section(id="cost", title="Cost", facts=facts)
    facts += _facts(found)
    tables = [_operators(found)] if found.operators else []
    tables += [_views(found)] if found.views else []
    return Section(id="cost", title="Cost", facts=facts, tables=tables, paragraphs=_gaps(found))


def _facts(found: Cost) -> list[Fact]:
    facts = [Fact(label="Counted input", cell=text_cell(name(found.input)))]
    if found.parameters_deployed not in (None, found.parameters):
        facts.append(Fact(label="Parameters deployed", cell=_count(found.parameters_deployed)))
    facts += [
        Fact(label=name(kind.replace("_", " ").capitalize()), cell=_count(bits)) for kind, bits in found.sizes.items()
    ]
    if not found.operators:
        facts += [Fact(label=f"Operations, {name(kind)}", cell=_count(n)) for kind, n in found.operations.items()]
    return facts


def _count(value: float | None) -> Cell:
    if value is None:
        return value_cell(None, "it does not exist")
    whole = isinstance(value, int) or value.is_integer()
    return Cell(value=value, text=counted(int(value)) if whole else f"{value:.6g}")


def _exact(value: float | None) -> Cell:
    """Conventions differ in digits that a prefix would hide."""
    if value is None:
        return value_cell(None, "it does not exist")
    return Cell(value=value, text=clean(f"{value:,}") if isinstance(value, int) else f"{value:,.6g}")


def _operators(found: Cost) -> Table:
    kinds = list(found.operations)[:MOST_KINDS]
    total = OperatorCost(operator="all", group="", calls=0, outputs=0, operations=found.operations)
    rows = [*found.operators[:MOST_OPERATORS], total]
    left = len(found.operators) - MOST_OPERATORS
    return Table(
        id="operations",
        caption="Operations of one sample by operator",
        columns=(
            Column(key="operator", title="Operator", header=True),
            Column(key="group", title="Kind"),
            Column(key="calls", title="Calls", numeric=True),
            *[
                Column(key=_key(i, kind), title=name(kind.replace("_", " ")), numeric=True, help=KINDS.get(kind, ""))
                for i, kind in enumerate(kinds)
            ],
        ),
        rows=tuple(_row(index, row, kinds) for index, row in enumerate(rows)),
        data="operations",
        note=f"{left} more operators are in the record." if left > 0 else "",
    )


def _key(index: int, kind: str) -> str:
    """A known type under its own name; of others, which strangers chose, two may look alike."""
    return kind if kind in KINDS or mac_widths(kind) else f"kind-{index}"


def _row(index: int, row: OperatorCost, kinds: list[str]) -> Row:
    calls = Cell(value=row.calls, text=str(row.calls)) if row.calls else Cell(value=None, text="")
    none = Cell(value=0, text="")
    counts = [_count(row.operations[kind]) if row.operations.get(kind) else none for kind in kinds]
    group = text_cell(name(row.group)) if row.group else Cell()
    return Row(id=f"operator-{index}", cells=(text_cell(name(row.operator)), group, calls, *counts))


def _views(found: Cost) -> Table:
    return Table(
        id="conventions",
        caption="The same cost as papers and tools count it",
        data="conventions",
        columns=(
            Column(key="convention", title="Convention", header=True),
            Column(key="value", title="One sample", numeric=True),
            Column(key="meaning", title="What it counts"),
        ),
        rows=tuple(
            Row(
                id=f"view-{index}",
                cells=(text_cell(name(view)), _exact(value), text_cell(clean(found.conventions.get(view, "")))),
            )
            for index, (view, value) in enumerate(list(found.views.items())[:MOST_OPERATORS])
        ),
    )


def _gaps(found: Cost) -> list[str]:
    gaps = []
    if found.uncounted:
        gaps.append(f"Incomplete: no formula for {clean(', '.join(found.uncounted))}.")
    if found.untyped:
        gaps.append(f"Other operations not counted: {clean(', '.join(found.untyped))}.")
    return gaps
