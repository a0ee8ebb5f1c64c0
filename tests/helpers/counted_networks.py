"""What the tests of counted networks share: gold numbers, counts without memory for weights, a checkpoint's way in."""

import json
from pathlib import Path
from typing import Any

from harness.manifest import read_manifest
from harness.operations import Count
from harness.registry import entry_function
from harness.submission import BuildContext
from harness.weights import resolve

SUBMISSIONS = Path(__file__).parents[2] / "submissions"


def gold(shared: Path, system: str) -> list[dict[str, Any]]:
    """The gold costs of one system."""
    return [entry for entry in _entries(shared) if entry.get("system") == system]


def in_gold(shared: Path, name: str) -> dict[str, Any]:
    """The entry called `name` of the gold costs."""
    return next(entry for entry in _entries(shared) if entry["id"] == name)


def _entries(shared: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((shared / "gold/cost.json").read_text())["entries"]
    return found


def counted(network: Any, *shape: int) -> Count:
    """The count of `network`, which is on the meta device, on an input of `shape`."""
    import torch

    from harness.measure import count_operations

    with torch.inference_mode():
        return count_operations(lambda: network(torch.empty(*shape, device="meta")), network)


def parameters(network: Any) -> int:
    """How many parameters `network` has."""
    return sum(parameter.numel() for parameter in network.parameters())


def viewed(network: Any, side: int) -> dict[str, Any]:
    """Every view of a network's count on one picture; its number of parameters as `params`."""
    from harness.measure.conventions import views

    plain = network.eval().to("meta")
    return {**views(counted(plain, 1, 3, side, side), plain), "params": parameters(plain)}


def verdicts(told: Any) -> dict[tuple[str, str], tuple[str, float | None]]:
    """What ``harness paper --cost --json`` says of claims about cost: row and column -> verdict and our number."""
    claims = [claim for claim in told["claims"] if claim.get("ours") is not None]
    return {(claim["row"], claim["column"]): (claim["verdict"], claim["ours"]) for claim in claims}


def build(name: str, variant: str, weights: Path | str = "random", **options: Any) -> Any:
    """The method of a variant of the submission in the folder `name`, as ``harness eval`` builds it."""
    folder = SUBMISSIONS / name
    manifest = read_manifest(folder)
    chosen = manifest.variant(variant)
    defaults = {key: option.default for key, option in manifest.options.items()}
    context = BuildContext(
        manifest=manifest,
        variant=chosen,
        options={**defaults, **chosen.options, **options},
        checkpoint=resolve(
            str(weights), chosen.weights.key if weights != "random" else "", manifest, chosen, folder, ""
        ),
        folder=folder,
        device="cpu",
        dtype="float32",
        seed=0,
        task="",
        facts={},
    )
    return entry_function(manifest, folder, f"submissions.{name}")(context)


def loads_as_it_is(name: str, variant: str, path: Path, names: dict[str, tuple[int, ...]], **options: Any) -> bool:
    """Whether a checkpoint with these names and shapes, under ``state_dict`` as the authors save it, loads without a change."""
    import torch

    generator = torch.Generator().manual_seed(3)
    state = {key: torch.rand(shape, generator=generator) for key, shape in names.items()}
    torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}, "epoch": 7}, path)
    loaded = build(name, variant, path, **options).module.state_dict()
    counters = {key for key in loaded if key.endswith("num_batches_tracked")}
    assert set(loaded) - counters == set(state)
    return all(torch.equal(loaded[key], value) for key, value in state.items())


def normalised(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a batch normalisation."""
    return {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}
