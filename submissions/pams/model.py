"""PAMS behind the three timed steps."""

from typing import Any

from harness.errors import UsageError
from harness.submission import BuildContext
from harness.weights import load_into, load_state
from submissions.edsr_baseline.network import PEAK
from tasks.superres.live import Enlarger, tile_option, wanted_scale

from .network import FULL, QuantisedEDSR


def build(context: BuildContext) -> Enlarger:
    """The network of a variant with its weights; SubmissionError if the variant's scale is not the data set's."""
    import torch

    options: Any = context.options
    bits = int(options["bits"])
    if not 2 <= bits <= 16 and bits != FULL:
        raise UsageError(f"--set bits={bits}: it must be from 2 to 16, or {FULL} for a network that is not quantised")
    scale = wanted_scale(context, [int(options["scale"])])
    sizes = {name: int(options[name]) for name in ("channels", "blocks")}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = QuantisedEDSR(scale, bits, **sizes, bias=bool(options["bias"]))
    if context.checkpoint.kind == "file":
        means = {name: value for name, value in module.named_buffers() if "mean" in name}
        state = {**means, **load_state(context.checkpoint)}
        load_into(
            module, state, f"{context.manifest.name} ({context.variant.name})", source=str(context.checkpoint.path)
        )
    return Enlarger(module, context.device, scale=scale, reach=module.reach, tile=tile_option(context), peak=PEAK)
