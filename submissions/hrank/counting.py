"""Which convolutions HRank's rates are for, and what its counter takes off, as the authors' code has it."""

from collections.abc import Mapping

from torch import nn

from harness.measure.conventions import hrank
from harness.operations import Count
from submissions.pruned.googlenet import BLOCKS
from submissions.pruned.plain import DenseNet40


def resnet50_layers(module: nn.Module) -> list[list[str]]:
    """One rate a convolution; in each stage that of the shortcut stands before those of the blocks."""
    names = [name for name, part in module.named_modules() if isinstance(part, nn.Conv2d)]
    ordered = sorted(names, key=lambda name: (name.split(".")[0], "downsample" not in name))
    return [[name] for name in ordered]


def googlenet_layers(module: nn.Module) -> list[list[str]]:
    """One rate for the first convolution and one a block, for all of a block but what reduces before its 3x3 and 5x5.

    Block c4 takes the rate after its own, which so counts for d4 as well: the authors' code reads the list that way, and
    with it their printed numbers follow.
    """
    layers = [[f"inception_{name}.{part}" for part in _KEPT] for name in BLOCKS]
    place = [*BLOCKS].index("c4")
    rated = [["pre_layers.0"], *layers]
    rated[place + 2] = [*layers[place], *layers[place + 1]]
    rated[place + 1] = []
    return rated


_KEPT = ("branch1x1.0", "branch3x3.3", "branch5x5.3", "branch5x5.6", "branch_pool.1")


def vgg_layers(module: nn.Module) -> list[list[str]]:
    """One rate a convolution, of which the authors' code passes over the last: only twelve are ever pruned."""
    names = [name for name, part in module.named_modules() if isinstance(part, nn.Conv2d)]
    return [*([name] for name in names[:-1]), []]


class CountedDenseNet(DenseNet40):
    """DenseNet-40, counted as HRank counts it: in its two transitions alone, removed inputs are taken off as well."""

    pruning_rates: Mapping[str, float] = {}

    def cost_views(self, count: Count) -> dict[str, float]:
        """HRank's operations and parameters of one picture."""
        flops, parameters = hrank(count, self.pruning_rates)
        calls = {call.layer: call for call in count.of("convolution")}
        for block in (1, 2):
            name = f"trans{block}.conv1"
            filters = calls[name].facts["filters"]
            weights = self._removed_before(block) * (filters - int(self.pruning_rates.get(name, 0.0) * filters))
            flops -= weights * calls[name].outputs // filters
            parameters -= weights
        return {"hrank_flops": flops, "hrank_params": parameters}

    def _removed_before(self, block: int) -> int:
        """Inputs of the transition after `block` that its layers, and what stands before the block, no longer make."""
        before, filters = ("conv1", 2 * self.GROWTH) if block == 1 else ("trans1.conv1", 14 * self.GROWTH)
        names = (f"dense{block}.{place}.conv1" for place in range(self.LAYERS))
        grown = sum(int(self.pruning_rates.get(name, 0.0) * self.GROWTH) for name in names)
        return int(self.pruning_rates.get(before, 0.0) * filters) + grown
