"""A cost as a person reads it in a terminal."""

from collections.abc import Iterator

from harness.cli.terminal import table
from harness.record import Cost, OperatorCost

ALWAYS = ("macs", "flops", "mul", "add")
MOST_OPERATORS = 12


def show_cost(cost: Cost) -> list[str]:
    """Parameters, sizes, operations by type and by operator, views with what they count, and what has no formula."""
    lines = ["", f"input         {cost.input or 'none'}", f"parameters    {_parameters(cost)}"]
    lines += [f"size          {_size(cost)}"] if cost.sizes else []
    if cost.macs is None:
        return [*lines, f"operations    not counted: {cost.reason}"]
    lines += ["", table(_kinds(cost), ("operations", "of one sample"), right=(1,))]
    lines += ["", table(list(_views(cost)), ("view", "of one sample", "what it counts"), right=(1,))]
    shown = cost.operators[:MOST_OPERATORS]
    kinds = [kind for kind in cost.operations if any(kind in row.operations for row in shown)]
    lines += [
        "",
        table([_operator(row, kinds) for row in shown], ("operator", "group", "calls", *kinds), right=range(2, 9)),
    ]
    left = len(cost.operators) - len(shown)
    lines += [f"({left} more operators; --json prints them)"] if left > 0 else []
    gaps = list(_gaps(cost))
    lines += ["", *gaps] if gaps else []
    return lines


def cost_lines(cost: Cost) -> list[str]:
    """A cost among other measurements: parameters, operations, and the size where layers declare another than is stored."""
    lines = [f"parameters    {_parameters(cost)}"]
    if cost.sizes and cost.sizes["deployed_bits"] not in (0, cost.sizes["stored_bits"]):
        lines.append(f"size          {_size(cost)}")
    if cost.macs is not None:
        partly = "" if cost.complete else f" (incomplete: no formula for {', '.join(cost.uncounted)})"
        lines.append(f"operations    {cost.macs / 1e9:.4g} GMACs a sample at {cost.input}{partly}")
        declared = _declared(cost)
        lines += [f"  declared    {', '.join(f'{n / 1e9:.4g} G {kind}' for kind, n in declared)}"] if declared else []
    return lines


def _declared(cost: Cost) -> list[tuple[str, int | float]]:
    """What layers that declare their costs compute, by type."""
    rows = [row.operations for row in cost.operators if row.group == "declared"]
    kinds = {kind: sum(row.get(kind, 0) for row in rows) for kind in cost.operations if not kind.startswith("bytes")}
    return [(kind, n) for kind, n in kinds.items() if n]


def _parameters(cost: Cost) -> str:
    if cost.parameters is None:
        return f"not counted: {cost.reason or 'the submission names no torch module'}"
    deployed = cost.parameters_deployed
    left = "" if deployed in (None, cost.parameters) else f" ({deployed:,} of them deployed)"
    return f"{cost.parameters:,}{left}"


def _size(cost: Cost) -> str:
    stored, deployed = cost.sizes["stored_bits"], cost.sizes["deployed_bits"]
    text = f"{deployed:,} bits ({deployed / 8e6:.4g} MB)"
    if deployed in (0, stored):
        return text
    return f"{text} as deployed, {stored:,} as stored here: {stored / deployed:.4g} times less"


def _kinds(cost: Cost) -> list[tuple[str, str]]:
    return [(kind, f"{count:,}") for kind, count in cost.operations.items()]


def _views(cost: Cost) -> Iterator[tuple[str, str, str]]:
    for name, value in cost.views.items():
        if value or value is None or name in ALWAYS:
            yield name, "-" if value is None else f"{value:,}", cost.conventions.get(name, "")


def _operator(row: OperatorCost, kinds: list[str]) -> list[str]:
    counts = [row.operations.get(kind) for kind in kinds]
    return [row.operator, row.group, str(row.calls), *["" if n is None else f"{n:,}" for n in counts]]


def _gaps(cost: Cost) -> Iterator[str]:
    if cost.facts.get("hint"):
        yield f"note: {cost.facts['hint']}"
    if cost.uncounted:
        yield f"incomplete: no formula for {', '.join(cost.uncounted)}"
    if cost.untyped:
        yield f"no multiply-accumulates, other operations not counted: {', '.join(cost.untyped)}"
