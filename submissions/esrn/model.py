"""ESRN behind the three timed steps."""

import torch

from harness.errors import UsageError
from harness.submission import BuildContext
from harness.weights import load_into, load_state
from tasks.superres.live import Enlarger, tile_option, wanted_scale

from .network import ESRN, SCALE


def build(context: BuildContext) -> Enlarger:
    """The network of a genotype; UsageError where it does not parse, SubmissionError for a data set of another scale."""
    wanted_scale(context, (SCALE,))
    codes, channels = context.options["architecture"], int(context.options["channels"])  # type: ignore[arg-type]
    if not isinstance(codes, list) or not codes:
        raise UsageError("--set architecture: a list of blocks such as G_8_16_24,S_4_24_32")
    if channels < 4 or channels % 4:
        raise UsageError(f"--set channels={channels}: a positive multiple of 4, which the upsampler shares out")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = ESRN([str(code) for code in codes], channels)
    if context.checkpoint.kind == "file":
        what = f"{context.manifest.name} ({context.variant.name})"
        load_into(module, load_state(context.checkpoint), what, source=str(context.checkpoint.path))
    return Enlarger(module, context.device, scale=SCALE, reach=module.reach, tile=tile_option(context))
