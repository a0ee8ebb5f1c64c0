"""EDSR-baseline behind the three timed steps."""

import torch

from harness.submission import BuildContext
from harness.weights import load_into, load_state
from tasks.superres.live import Enlarger, tile_option, wanted_scale

from .network import EDSR, PEAK


def build(context: BuildContext) -> Enlarger:
    """The network of a variant with its weights; SubmissionError if the variant's scale is not the data set's."""
    scale = wanted_scale(context, [int(context.options["scale"])])  # type: ignore[arg-type]
    sizes = {name: int(context.options[name]) for name in ("channels", "blocks")}  # type: ignore[arg-type]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = EDSR(scale, **sizes)
    if context.checkpoint.kind == "file":
        what = f"{context.manifest.name} ({context.variant.name})"
        # Some copies lack the colour means, which are not trained.
        state = {**dict(module.named_buffers()), **load_state(context.checkpoint)}
        load_into(module, state, what, source=str(context.checkpoint.path))
    return Enlarger(module, context.device, scale=scale, reach=module.reach, tile=tile_option(context), peak=PEAK)
