"""Networks from genotypes have the gold counts, load the authors' checkpoints, and leave the auxiliary head out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from counted_networks import counted, in_gold, parameters  # noqa: E402
from superres_methods import build_method  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from harness.errors import UsageError, WeightsError  # noqa: E402
from harness.measure.conventions import views  # noqa: E402
from harness.task import Sample  # noqa: E402
from submissions.darts.cells import Cell, operation  # noqa: E402
from submissions.darts.genotype import OPERATIONS, find_genotype  # noqa: E402
from submissions.darts.network import NetworkCIFAR, NetworkImageNet  # noqa: E402

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
CIFAR, IMAGENET = (NetworkCIFAR, 20, 10, 32), (NetworkImageNet, 14, 1000, 224)


def on_meta(stack: Any, genotype: str, channels: int) -> tuple[Any, int]:
    """A network without memory for its weights, and the side of its pictures."""
    kind, layers, classes, side = stack
    with torch.device("meta"):
        return kind(find_genotype(genotype), channels, layers, classes).eval(), side


@pytest.mark.parametrize(
    ("entry", "stack", "genotype", "channels"),
    [
        ("p-darts_cifar10", CIFAR, "PDARTS", 36),
        ("p-darts_cifar10_large", CIFAR, "PDARTS", 64),
        ("p-darts_imagenet", IMAGENET, "PDARTS", 48),
        ("pc-darts_cifar10", CIFAR, "PC_DARTS_cifar", 36),
        ("pc-darts_cifar-arch_on_imagenet", IMAGENET, "PC_DARTS_cifar", 48),
        ("darts_v2_cifar10 (baseline row)", CIFAR, "DARTS_V2", 36),
        ("darts_v2_imagenet (baseline row)", IMAGENET, "DARTS_V2", 48),
    ],
)
def test_counts_are_the_gold_ones(shared: Path, entry: str, stack: Any, genotype: str, channels: int) -> None:
    gold = in_gold(shared, entry)
    network, side = on_meta(stack, genotype, channels)
    assert parameters(network) == gold["params"]
    if "macs" in gold:
        count = counted(network, 1, 3, side, side)
        assert (count.macs, views(count)["darts_mult_add"]) == (gold["macs"], gold["darts_mult_add"])


@pytest.mark.parametrize(
    ("genotype", "stack", "channels", "params", "macs"),
    [
        ("SNAS_MILD", CIFAR, 36, 2_661_382, 422_218_368),
        ("SNAS_MODERATE", CIFAR, 36, 2_847_358, 440_687_232),
        ("SNAS_AGGRESSIVE", CIFAR, 36, 2_313_622, 374_912_640),
        ("SNAS_MILD", IMAGENET, 50, 4_235_875, 474_169_400),
    ],
)
def test_the_genotypes_of_snas(genotype: str, stack: Any, channels: int, params: int, macs: int) -> None:
    """MILD's 2.66M and 422M are what Fair DARTS (fairdarts' genotypes) notes of it; the others' first digits are printed."""
    network, side = on_meta(stack, genotype, channels)
    assert (parameters(network), counted(network, 1, 3, side, side).macs) == (params, macs)


def test_the_rule_of_p_darts_gives_the_597m_of_pc_darts() -> None:
    network, side = on_meta(IMAGENET, "PC_DARTS_image", 48)
    count = counted(network, 1, 3, side, side)
    assert (count.macs, views(count)["darts_mult_add"]) == (581_627_328, 597_056_448)


def part_names(module: str, kinds: str) -> list[str]:
    """Tensors of a chain of layers, as the authors' files name them: c a convolution, b batch norm, - a rectifier."""
    parts = {"c": ("weight",), "b": NORM, "-": ()}
    return [f"{module}.{place}.{part}" for place, kind in enumerate(kinds) for part in parts[kind]]


def edge_names(edge: str, name: str, stride: int) -> list[str]:
    if name == "skip_connect":
        return factorised(edge) if stride > 1 else []
    if "pool" in name:
        return []
    return part_names(f"{edge}.op", "-ccb-ccb" if name.startswith("sep") else "-ccb")


def factorised(module: str) -> list[str]:
    norm = [f"{module}.bn.{part}" for part in NORM]
    return [f"{module}.conv_1.weight", f"{module}.conv_2.weight", *norm]


def official_names(imagenet: bool, layers: int) -> set[str]:
    """The names in P-DARTS' files without the auxiliary head, from how their network is nested."""
    names = ["classifier.weight", "classifier.bias"]
    stems = (("stem0", "cb-cb"), ("stem1", "-cb")) if imagenet else (("stem", "cb"),)
    names += [name for stem, kinds in stems for name in part_names(stem, kinds)]
    halved = imagenet
    for index in range(layers):
        cell, reducing = f"cells.{index}", index in (layers // 3, 2 * layers // 3)
        names += factorised(f"{cell}.preprocess0") if halved else part_names(f"{cell}.preprocess0.op", "-cb")
        names += part_names(f"{cell}.preprocess1.op", "-cb")
        edges = find_genotype("PDARTS").reduce if reducing else find_genotype("PDARTS").normal
        for place, (name, state) in enumerate(edges):
            names += edge_names(f"{cell}._ops.{place}", name, 2 if reducing and state < 2 else 1)
        halved = reducing
    return set(names)


@pytest.mark.parametrize(("stack", "layers"), [(CIFAR, 20), (IMAGENET, 14)])
def test_names_are_those_of_the_authors(stack: Any, layers: int) -> None:
    assert set(on_meta(stack, "PDARTS", 8)[0].state_dict()) == official_names(stack is IMAGENET, layers)


def checkpoint(path: Path, channels: int, layers: int, prefix: str = "") -> dict[str, Any]:
    """A file as the authors' training writes it, the auxiliary head with it."""
    torch.manual_seed(1)
    network = NetworkCIFAR(find_genotype("PDARTS"), channels, layers, 10)
    state = {name: torch.rand_like(value.float()) for name, value in network.state_dict().items()}
    head = {"features.2.weight": torch.rand(128, 16 * channels, 1, 1), "classifier.bias": torch.rand(10)}
    whole = {**state, **{f"auxiliary_head.{name}": value for name, value in head.items()}}
    torch.save({f"{prefix}{name}": value for name, value in whole.items()}, path)
    return state


@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_checkpoint_with_its_auxiliary_head_loads_without_it(tmp_path: Path, prefix: str) -> None:
    state = checkpoint(tmp_path / "weights.pt", 4, 5, prefix)
    loaded = build_method("p_darts", "sample", tmp_path / "weights.pt").module.state_dict()
    assert set(loaded) == set(state)
    assert all(torch.equal(loaded[name], state[name]) for name in loaded if loaded[name].is_floating_point())


def test_a_checkpoint_of_another_variant_is_refused_with_at_most_ten_names(tmp_path: Path) -> None:
    checkpoint(tmp_path / "weights.pt", 6, 5)
    with pytest.raises(WeightsError, match=r"another network than p-darts \(sample\)") as caught:
        build_method("p_darts", "sample", tmp_path / "weights.pt")
    assert str(caught.value).count(", expected ") == 10
    with pytest.raises(WeightsError, match="another network than pc-darts"):
        build_method("pc_darts", "cifar10", tmp_path / "weights.pt", channels=6, layers=5)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"stem": "svhn"}, "--set stem=svhn: it must be one of cifar, imagenet"),
        ({"channels": 3}, "--set channels=3: it must be an even number"),
        ({"layers": 2}, "--set layers=2: there are at least 3 cells"),
        ({"classes": 0}, "--set classes=0: there is at least one class"),
        ({"normalisation": "mnist"}, "--set normalisation=mnist: it must be one of"),
    ],
)
def test_options_that_make_no_network_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        build_method("p_darts", "sample", "", **options)


@pytest.mark.parametrize(("variant", "side", "classes"), [("sample", 32, 10), ("imagenet", 64, 1000)])
def test_pictures_give_logits(variant: str, side: int, classes: int) -> None:
    method = build_method("p_darts", variant, "random", channels=4, layers=3, crop=side, resize=side)
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    sample = Sample("x", {"image": picture})
    with torch.inference_mode():
        raws = method.forward([method.prepare(sample)] * 2)
    assert [method.finish(raw, sample)["logits"].shape for raw in raws] == [(classes,)] * 2


def literally(name: str, stride: int, layers: nn.Module, x: Any) -> Any:
    """An operation of DARTS' appendix A.1 restated with the layers' tensors, in single precision."""
    state = layers.state_dict()
    if name == "skip_connect" and stride == 1:
        return x
    if name == "skip_connect":
        x = functional.relu(x)
        even, odd = x[:, :, ::2, ::2], x[:, :, 1::2, 1::2]
        halves = [functional.conv2d(even, state["conv_1.weight"]), functional.conv2d(odd, state["conv_2.weight"])]
        return torch.cat(halves, 1) / (1 + 1e-5) ** 0.5
    if name == "none":
        return torch.zeros(*x.shape[:2], *(side // stride for side in x.shape[2:]))
    if name == "max_pool_3x3":
        return functional.max_pool2d(x, 3, stride, 1)
    if name == "avg_pool_3x3":
        ones = functional.avg_pool2d(torch.ones_like(x), 3, stride, 1)
        return functional.avg_pool2d(x, 3, stride, 1) / ones
    dilation, size = (2 if name.startswith("dil") else 1), int(name[-1])
    for place in (1, 5) if name.startswith("sep") else (1,):
        padding = dilation * (size - 1) // 2
        x = functional.conv2d(
            functional.relu(x),
            state[f"op.{place}.weight"],
            None,
            stride if place == 1 else 1,
            padding,
            dilation,
            x.shape[1],
        )
        x = functional.conv2d(x, state[f"op.{place + 1}.weight"]) / (1 + 1e-5) ** 0.5
    return x


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_compute_what_the_paper_says(name: str, stride: int) -> None:
    torch.manual_seed(2)
    layers, x = operation(name, 6, stride).eval(), torch.randn(2, 6, 10, 10)
    with torch.inference_mode():
        torch.testing.assert_close(layers(x), literally(name, stride, layers, x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("reducing", [False, True])
def test_a_cell_adds_two_edges_a_state_and_puts_the_states_side_by_side(reducing: bool) -> None:
    torch.manual_seed(3)
    genotype = find_genotype("PC_DARTS_image")
    cell = Cell(genotype, (5, 7), 4, reducing, after_reducing=False).eval()
    before, last = torch.randn(1, 5, 8, 8), torch.randn(1, 7, 8, 8)
    with torch.inference_mode():
        states = [cell.preprocess0(before), cell.preprocess1(last)]
        edges = genotype.reduce if reducing else genotype.normal
        for place in range(4):
            (_, one), (_, other) = edges[2 * place : 2 * place + 2]
            states.append(cell._ops[2 * place](states[one]) + cell._ops[2 * place + 1](states[other]))
        assert torch.equal(cell(before, last), torch.cat(states[2:], 1))
        assert cell(before, last).shape == (1, 16, 4, 4) if reducing else (1, 16, 8, 8)
