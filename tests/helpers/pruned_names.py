"""Names and shapes in the checkpoints of lmbxmu/FilterSketch and lmbxmu/HRank, written out from their code.

Both repositories give their networks the same names; HRank's keep their full size.
"""

from counted_networks import normalised

Names = dict[str, tuple[int, ...]]

INCEPTION = {
    "a3": (64, 96, 128, 16, 32, 32), "b3": (128, 128, 192, 32, 96, 64), "a4": (192, 96, 208, 16, 48, 64),
    "b4": (160, 112, 224, 24, 64, 64), "c4": (128, 128, 256, 24, 64, 64), "d4": (112, 144, 288, 32, 64, 64),
    "e4": (256, 160, 320, 32, 128, 128), "a5": (256, 160, 320, 32, 128, 128), "b5": (384, 192, 384, 48, 128, 128),
}  # fmt: skip


def residual_names(inner: list[int], head: str = "fc") -> Names:
    """A residual network for CIFAR whose blocks are `inner` wide inside; `head` is what its classifier is called."""
    names: Names = {"conv1.weight": (16, 3, 3, 3), **normalised("bn1", 16)}
    names |= {f"{head}.weight": (10, 64), f"{head}.bias": (10,)}
    blocks, entering = len(inner) // 3, 16
    for place, width in enumerate(inner):
        channels, layer = 16 << place // blocks, f"layer{place // blocks + 1}.{place % blocks}"
        names |= {f"{layer}.conv1.weight": (width, entering, 3, 3), f"{layer}.conv2.weight": (channels, width, 3, 3)}
        names |= normalised(f"{layer}.bn1", width) | normalised(f"{layer}.bn2", channels)
        entering = channels
    return names


def resnet50_names(share: float = 1.0) -> Names:
    """ResNet-50 whose blocks keep `share` of their filters inside."""
    names: Names = {"conv1.weight": (64, 3, 7, 7), **normalised("bn1", 64)}
    names |= {"fc.weight": (1000, 2048), "fc.bias": (1000,)}
    entering = 64
    for stage, blocks in enumerate((3, 4, 6, 3)):
        inner, channels = int(share * (64 << stage)), 256 << stage
        for block in range(blocks):
            layer = f"layer{stage + 1}.{block}"
            shapes = ((inner, entering, 1, 1), (inner, inner, 3, 3), (channels, inner, 1, 1))
            for place, shape in enumerate(shapes, 1):
                names |= {f"{layer}.conv{place}.weight": shape} | normalised(f"{layer}.bn{place}", shape[0])
            if not block:
                names |= {f"{layer}.downsample.0.weight": (channels, entering, 1, 1)}
                names |= normalised(f"{layer}.downsample.1", channels)
            entering = channels
    return names


def googlenet_names(share: float = 1.0) -> Names:
    """GoogLeNet for CIFAR whose blocks keep `share` of their filters inside."""
    names: Names = {"linear.weight": (10, 1024), "linear.bias": (10,)} | _layer("pre_layers", 0, 192, 3, 3, 3)
    entering = 192
    for block, (n1, r3, n3, r5, n5, pooled) in INCEPTION.items():
        q3, q5, between = (int(share * count) for count in (r3, r5, n5))
        path = f"inception_{block}"
        names |= _layer(f"{path}.branch1x1", 0, n1, entering, 1, 1)
        names |= _layer(f"{path}.branch3x3", 0, q3, entering, 1, 1) | _layer(f"{path}.branch3x3", 3, n3, q3, 3, 3)
        names |= _layer(f"{path}.branch5x5", 0, q5, entering, 1, 1)
        names |= _layer(f"{path}.branch5x5", 3, between, q5, 3, 3)
        names |= _layer(f"{path}.branch5x5", 6, n5, between, 3, 3)
        names |= _layer(f"{path}.branch_pool", 1, pooled, entering, 1, 1)
        entering = n1 + n3 + n5 + pooled
    return names


def _layer(name: str, place: int, *shape: int) -> Names:
    """A convolution with its biases, and the batch normalisation behind it."""
    convolution = {f"{name}.{place}.weight": shape, f"{name}.{place}.bias": shape[:1]}
    return convolution | normalised(f"{name}.{place + 1}", shape[0])
