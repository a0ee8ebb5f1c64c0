"""``MODEL.toml`` beside ``MODEL.onnx``: how an image becomes the network's input, and what its outputs are."""

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.claim import Strict, Value
from harness.errors import UsageError

RESAMPLING = ("nearest", "bilinear", "bicubic", "lanczos")


class Settings(Strict, frozen=True):
    """What the file may say; what it leaves out is not done."""

    resize: int = 0
    """The short side is made so many pixels, the other one in proportion, cut off to whole pixels."""
    size: tuple[int, ...] = ()
    """Height and width that the image is stretched to instead."""
    crop: int = 0
    """The side of the square that is then cut from the centre."""
    interpolation: str = "bilinear"
    """Pillow's: nearest, bilinear, bicubic, lanczos."""
    divide: float = 255.0
    """What 8-bit values are divided by, before mean and deviation."""
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    deviation: tuple[float, ...] = (1.0, 1.0, 1.0)
    channels: str = "RGB"
    """RGB or BGR."""
    layout: str = "NCHW"
    """NCHW or NHWC."""
    outputs: dict[str, str] = msgspec.field(default_factory=dict)
    """What the task asks for -> name of the network's output; by default the outputs in their order."""
    classes: tuple[str, ...] = ()
    """Names of the classes in the order of the outputs."""
    trained_on: str = ""


def read_settings(model: Path) -> Settings:
    """The settings beside `model`; raises UsageError naming file and field."""
    path = model.with_suffix(".toml")
    if not path.is_file():
        raise UsageError(
            f"{path} is missing: a small table that says how images become inputs, such as resize = 256, crop = 224, "
            "mean = [0.485, 0.456, 0.406], deviation = [0.229, 0.224, 0.225]"
        )
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=Settings)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from None
    allowed = {"interpolation": RESAMPLING, "channels": ("RGB", "BGR"), "layout": ("NCHW", "NHWC")}
    for name, values in allowed.items():
        if getattr(found, name) not in values:
            raise UsageError(f"{path}: {name} is '{getattr(found, name)}'; it must be one of {', '.join(values)}")
    for name, length in (("mean", 3), ("deviation", 3), ("size", len(found.size) and 2)):
        if len(getattr(found, name)) != length:
            raise UsageError(f"{path}: {name} has {len(getattr(found, name))} values; it must have {length}")
    return found


def said(settings: Settings) -> dict[str, Value]:
    """The preparation as options, for the record."""
    sizes: dict[str, Value] = {"resize": settings.resize, "size": list(settings.size), "crop": settings.crop}
    values: dict[str, Value] = {
        "divide": settings.divide,
        "mean": list(settings.mean),
        "deviation": list(settings.deviation),
    }
    how: dict[str, Value] = {name: getattr(settings, name) for name in ("interpolation", "channels", "layout")}
    return sizes | values | how


def prepared(image: NDArray[np.uint8], settings: Settings) -> NDArray[np.float32]:
    """An image uint8 (h, w, 3) as the network's input without its batch axis, float32."""
    from PIL import Image

    height, width = image.shape[:2]
    target = (height, width)
    if settings.size:
        target = (settings.size[0], settings.size[1])
    elif settings.resize:
        other = int(settings.resize * max(height, width) / min(height, width))
        target = (settings.resize, other) if height <= width else (other, settings.resize)
    if target != (height, width):
        how = Image.Resampling[settings.interpolation.upper()]
        image = np.asarray(Image.fromarray(image).resize((target[1], target[0]), how))
    if settings.crop:
        top, left = round((target[0] - settings.crop) / 2.0), round((target[1] - settings.crop) / 2.0)
        image = image[top : top + settings.crop, left : left + settings.crop]
    if settings.channels == "BGR":
        image = image[:, :, ::-1]
    mean, deviation = np.array(settings.mean, np.float32), np.array(settings.deviation, np.float32)
    values = (image.astype(np.float32) / np.float32(settings.divide) - mean) / deviation
    ordered = values.transpose(2, 0, 1) if settings.layout == "NCHW" else values
    return np.ascontiguousarray(ordered, np.float32)
