"""If these fail, the trees of ProxylessNAS are no longer those of its authors' configuration, or add otherwise."""

import json
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from submissions.quoted_networks.trees import Tree, forest, forests  # noqa: E402

PLAN = forests()["proxylessnas-cifar"]
ROWS = [(int(width), pairs) for width, *pairs in (row.split() for row in PLAN.blocks)]
CONFIGURATION = 968_879
"""Characters of the authors' file, which is JSON indented by four."""


def layer(name: str, entering: int, leaving: int, norm: bool, act: str | None, **first: Any) -> dict[str, Any]:
    rest = {"in_channels": entering, "out_channels": leaving, "use_bn": norm, "act_func": act, "dropout_rate": 0}
    return {"name": name, **first, **rest, "ops_order": "bn_act_weight"}


def convolution(name: str, size: int, entering: int, leaving: int, act: str | None, **changed: Any) -> dict[str, Any]:
    first = {"kernel_size": size, "stride": 1, "dilation": 1, "groups": 1, "bias": False, "has_shuffle": False}
    norm = bool(changed.pop("norm", True))
    return layer(name, entering, leaving, norm, act, **{**first, **changed})


def edge(letter: str, width: int) -> dict[str, Any]:
    if letter == "i":
        return layer("IdentityLayer", width, width, False, None)
    if letter in "am":
        kind = {"a": "avg", "m": "max"}[letter]
        return layer("PoolingLayer", width, width, False, None, pool_type=kind, kernel_size=3, stride=1)
    size, dilation = (3, 2) if letter == "d" else (int(letter), 1)
    return convolution("DepthConvLayer", size, width, width, "relu", dilation=dilation)


def node(shape: tuple[int, int], how: tuple[Any, Any, bool], edges: list[Any], behind: list[Any]) -> dict[str, Any]:
    split, merge, norm = how
    head = {"name": "TreeNode", "in_channels": shape[0], "out_channels": shape[1]}
    rest = {"split_type": split, "merge_type": merge, "has_branch_bn": norm, "path_drop_rate": 0}
    return {**head, **rest, "edges": edges, "child_nodes": behind}


def pair(letters: str, width: int, behind: list[Any]) -> dict[str, Any]:
    return node((width, width), ("copy", "add", False), [edge(letter, width) for letter in letters], behind)


def block(entering: int, width: int, pairs: list[str], stride: int) -> dict[str, Any]:
    nothing = [None, None]
    trees = [
        pair(root, width, [pair(first, width, nothing), pair(second, width, nothing)])
        for root, first, second in (pairs[:3], pairs[3:])
    ]
    halves = node((2 * width, width), ("split", "add", True), [edge("i", width)] * 2, trees)
    grouped = convolution("ConvLayer", 3, width, 2 * width, "relu", stride=stride, groups=2, has_shuffle=True)
    beside = layer("IdentityLayer", entering, entering, False, None)
    if stride == 2:
        pool = {"pool_type": "avg", "kernel_size": 2, "stride": 2}
        beside = layer("PoolingLayer", entering, entering, False, None, **pool)
    return {
        "name": "ResidualTreeBlock", "cell_drop_rate": 0.0, "final_bn": True, "shortcut": beside,
        "in_bottle": convolution("ConvLayer", 1, entering, width, None),
        "out_bottle": convolution("ConvLayer", 1, width, 4 * width, "relu"),
        "cell": node((width, width), (None, None, False), [grouped], [halves]),
    }  # fmt: skip


def configuration() -> dict[str, Any]:
    """The authors' file, written again from our rows."""
    stem = [convolution("ConvLayer", 3, 3, 16, None, norm=False), layer("IdentityLayer", 16, 16, True, None)]
    blocks, entering = [{"name": "TransitionBlock", "layers": stem}], 16
    for place, (width, pairs) in enumerate(ROWS):
        blocks.append(block(entering, width, pairs, 2 if place in PLAN.halving else 1))
        entering = 4 * width
    mean = layer("PoolingLayer", 400, 400, True, "relu", pool_type="avg", kernel_size=8, stride=8)
    blocks.append({"name": "TransitionBlock", "layers": [mean]})
    last = {"in_features": 400, "out_features": 10, "bias": True, "use_bn": False, "act_func": None, "dropout_rate": 0}
    classifier = {"name": "LinearLayer", **last, "ops_order": "bn_act_weight"}
    return {"name": "PyramidTreeNet", "blocks": blocks, "classifier": classifier}


def test_the_rows_write_the_authors_file_to_its_last_character() -> None:
    """Of 968,879 characters: a convolution in place of a pool, a channel or a block more or less would show."""
    assert len(json.dumps(configuration(), indent=4)) == CONFIGURATION


def test_what_the_authors_file_says_has_as_many_parameters_as_the_network() -> None:
    def weights(at: Any) -> int:
        if isinstance(at, list):
            return sum(map(weights, at))
        if not isinstance(at, dict):
            return 0
        found = sum(map(weights, at.values()))
        entering, leaving = at.get("in_channels", 0), at.get("out_channels", 0)
        if at.get("use_bn"):
            found += 2 * entering
        if at.get("has_branch_bn"):
            found += 2 * leaving * len(at["edges"])
        if at.get("final_bn"):
            found += 2 * int(at["out_bottle"]["out_channels"])
        if at.get("name") == "ConvLayer":
            found += leaving * entering * at["kernel_size"] ** 2 // at["groups"]
        if at.get("name") == "DepthConvLayer":
            found += entering * at["kernel_size"] ** 2 + entering * leaving
        return found + (400 * 10 + 10 if at.get("name") == "LinearLayer" else 0)

    with torch.device("meta"):
        network = forest("proxylessnas-cifar", 10)
    assert sum(p.numel() for p in network.parameters()) == weights(configuration()) == 5_731_530


def test_blocks_widen_from_16_to_100_by_equal_steps_lowered_to_even_numbers() -> None:
    assert [width for width, _ in ROWS] == [round(16 + 84 * place / 54) // 2 * 2 for place in range(1, 55)]
    assert all(len(pairs) == 6 and set("".join(pairs)) <= set("357dami") for _, pairs in ROWS)


def test_a_tree_adds_what_stands_behind_each_operation_of_its_root() -> None:
    class Times(torch.nn.Module):
        def __init__(self, factor: int) -> None:
            super().__init__()
            self.factor = factor

        def forward(self, x: Any) -> Any:
            return x * self.factor

    tree = Tree(["ii", "ii", "ii"], 4)
    for place, factors in (("root", (2, 3)), ("first", (5, 7)), ("second", (11, 13))):
        setattr(tree, place, torch.nn.ModuleList(map(Times, factors)))
    x = torch.arange(36.0).reshape(1, 4, 3, 3)
    assert torch.equal(tree(x), x * (2 * 5 + 2 * 7 + 3 * 11 + 3 * 13))
