"""Train the `sample` variant on generated images of other seeds than the sample's.

Run from the repository: ``python -m submissions.centernet.train_sample --out weights/sample.safetensors``
"""

import argparse
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from submissions.centernet.loss import Batch, centernet_loss
from submissions.centernet.network import SAMPLE, CenterNet
from submissions.centernet.preprocess import Geometry, network_input
from submissions.centernet.targets import Targets, make_targets
from tasks.detection.scenes import CATEGORIES, SAMPLE_SEED, Object, generate

log = logging.getLogger(__name__)
_SIDE = 159  # of the input: the largest images are 160 and lose one line
_MOST = 8  # objects an image


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="where the weights go (safetensors)")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    train(arguments.out, arguments.steps, arguments.batch_size, arguments.seed, arguments.learning_rate)


def train(out: Path, steps: int, batch_size: int, seed: int, learning_rate: float) -> None:
    """Adam under one cycle of the learning rate; writes `out` every 100 steps and at the end."""
    if seed == SAMPLE_SEED:
        raise ValueError("that is the sample's own seed: the test images would be trained on")
    torch.manual_seed(seed)
    network = CenterNet(SAMPLE).train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    started = time.perf_counter()
    for step, batch in enumerate(batches(seed, steps, batch_size), 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * _schedule(step / steps)
        losses = centernet_loss(network.all_stacks(batch.images), batch)
        optimizer.zero_grad()
        torch.stack(tuple(losses)).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 35.0)
        optimizer.step()
        if step % 20 == 0:
            values = " ".join(f"{name} {value.item():.3f}" for name, value in losses._asdict().items())
            log.info("step %d, %.0f s: %s", step, time.perf_counter() - started, values)
        if step % 100 == 0 or step == steps:
            save(network, out)


def _schedule(progress: float) -> float:
    """Linear rise over the first 5 %, then half a cosine down to 0."""
    if progress < 0.05:
        return progress / 0.05
    return 0.5 * (1 + math.cos(math.pi * (progress - 0.05) / 0.95))


def batches(seed: int, steps: int, batch_size: int) -> Iterator[Batch]:
    """`steps` batches of generated images, none of them twice, without crowd regions."""
    examples = (_example(image, objects) for image, objects in generate(seed, steps * batch_size, crowds=False))
    for _ in range(steps):
        images, targets = zip(*(next(examples) for _ in range(batch_size)), strict=True)
        yield Batch(
            torch.from_numpy(np.stack(images)).to(memory_format=torch.channels_last),
            torch.from_numpy(np.stack([t.heats for t in targets])),
            torch.from_numpy(np.stack([t.cells for t in targets])),
            torch.from_numpy(np.stack([t.offsets for t in targets])),
            torch.from_numpy(np.stack([t.mask for t in targets])),
        )


def _example(image: NDArray[np.uint8], objects: list[Object]) -> tuple[NDArray[np.float32], Targets]:
    cut = np.ascontiguousarray(image[:_SIDE, :_SIDE])
    geometry = Geometry(cut.shape[0], cut.shape[1], 1.0, _SIDE + 1)
    top, left = geometry.border
    boxes = np.array([item.box_xyxy for item in objects], dtype=np.float64).reshape(-1, 4)
    boxes = np.clip(boxes + np.array([left, top, left, top]), 0, _SIDE - 1)
    labels = np.array([item.category for item in objects], dtype=np.int64)
    size = geometry.cells
    targets = make_targets(boxes, labels, classes=len(CATEGORIES), cells=size, ratio=geometry.ratio, most=_MOST)
    return network_input(cut, geometry, flip=False)[0], targets


def save(network: CenterNet, out: Path) -> None:
    """Write the weights, under the keys of the official checkpoints, at once or not at all."""
    from safetensors.torch import save as save_bytes

    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    partial.write_bytes(save_bytes(state, metadata={"format": "pt"}))
    partial.replace(out)


if __name__ == "__main__":
    main()
