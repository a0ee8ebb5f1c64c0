"""Networks counted without memory for their weights, and the gold numbers that they must equal."""

import json
from pathlib import Path
from typing import Any

from harness.operations import Count


def counted(network: Any, *shape: int) -> Count:
    """The count of `network`, built on the meta device, on an input of `shape`."""
    import torch

    from harness.measure.cost import count_operations

    with torch.inference_mode():
        return count_operations(lambda: network(torch.empty(*shape, device="meta")), network)


def parameters(network: Any) -> int:
    """How many parameters `network` has."""
    return sum(parameter.numel() for parameter in network.parameters())


def in_gold(shared: Path, name: str) -> dict[str, Any]:
    """The entry called `name` of the gold costs."""
    entries = json.loads((shared / "gold/cost.json").read_text())["entries"]
    found: dict[str, Any] = next(entry for entry in entries if entry["id"] == name)
    return found


def verdicts(told: Any) -> dict[tuple[str, str], tuple[str, float | None]]:
    """What ``harness paper --cost --json`` says of claims about cost: row and column -> verdict and our number."""
    claims = [claim for claim in told["claims"] if claim.get("ours") is not None]
    return {(claim["row"], claim["column"]): (claim["verdict"], claim["ours"]) for claim in claims}
