"""CARN and CARN-M behind the three timed steps."""

import torch

from harness.submission import BuildContext
from harness.weights import load_into, load_state
from tasks.superres.live import Enlarger, tile_option, wanted_scale

from .network import CARN, SCALES


def build(context: BuildContext) -> Enlarger:
    """The network of a variant with its weights, for the data set's scale; SubmissionError if it is none of 2, 3, 4."""
    scale = wanted_scale(context, SCALES)
    channels, groups = (int(context.options[name]) for name in ("channels", "groups"))  # type: ignore[arg-type]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = CARN(scale, channels, groups, mobile=bool(context.options["mobile"]))
    if context.checkpoint.kind == "file":
        what = f"{context.manifest.name} ({context.variant.name})"
        # Some copies lack the colour means, which are not trained.
        state = {**dict(module.named_buffers()), **load_state(context.checkpoint)}
        load_into(module, state, what, source=str(context.checkpoint.path))
    return Enlarger(module, context.device, scale=scale, reach=module.reach, tile=tile_option(context))
