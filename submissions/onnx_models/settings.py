"""``MODEL.toml`` beside ``MODEL.onnx``: how an image becomes the network's input, and what its outputs are."""

from math import isfinite
from pathlib import Path
from typing import Any

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
    numbers = (found.divide, *found.deviation, *found.mean, *found.size, found.resize, found.crop)
    if not all(map(isfinite, numbers)) or not all((found.divide, *found.deviation)):
        raise UsageError(f"{path}: every number must be finite, and neither divide nor deviation may be 0")
    if min(found.resize, found.crop, *found.size) < 0 or 0 in found.size:
        raise UsageError(f"{path}: resize, crop and size are numbers of pixels")
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


def cropped(image: NDArray[Any], settings: Settings) -> NDArray[Any]:
    """An image uint8 (h, w, 3), or float32 in [0, 1], resized and cropped; raises UsageError where that cannot be done."""
    from PIL import Image

    height, width = image.shape[:2]
    target = _target(height, width, settings)
    if target != (height, width):
        if image.dtype != np.uint8:
            raise UsageError(f"an image is {image.dtype}; resize and size are for pictures of 8 bits")
        how = Image.Resampling[settings.interpolation.upper()]
        image = np.asarray(Image.fromarray(image).resize((target[1], target[0]), how))
    if settings.crop > min(target):
        raise UsageError(f"crop = {settings.crop} is more than the {target[1]}x{target[0]} pixels of the resized image")
    if settings.crop:
        top, left = round((target[0] - settings.crop) / 2.0), round((target[1] - settings.crop) / 2.0)
        image = image[top : top + settings.crop, left : left + settings.crop]
    return image


def _target(height: int, width: int, settings: Settings) -> tuple[int, int]:
    """Height and width after resizing; the longer side is cut off to whole pixels, as torchvision does."""
    if settings.size:
        return settings.size[0], settings.size[1]
    if not settings.resize:
        return height, width
    other = int(settings.resize * max(height, width) / min(height, width))
    return (settings.resize, other) if height <= width else (other, settings.resize)


def unit(image: NDArray[Any]) -> NDArray[np.float32]:
    """An image uint8, or float32 in [0, 1] already, in [0, 1]."""
    return image.astype(np.float32) / np.float32(255) if image.dtype == np.uint8 else image.astype(np.float32)


def normalised(values: NDArray[np.float32], settings: Settings) -> NDArray[np.float32]:
    """Values (h, w, 3) from 0 to 255 as the network's input without its batch axis, float32."""
    values = values[:, :, ::-1] if settings.channels == "BGR" else values
    mean, deviation = np.array(settings.mean, np.float32), np.array(settings.deviation, np.float32)
    values = (values / np.float32(settings.divide) - mean) / deviation
    ordered = values.transpose(2, 0, 1) if settings.layout == "NCHW" else values
    return np.ascontiguousarray(ordered, np.float32)


def prepared(image: NDArray[Any], settings: Settings) -> NDArray[np.float32]:
    """An image uint8 (h, w, 3), or float32 in [0, 1], as the network's input without its batch axis, float32."""
    chosen = cropped(image, settings)
    values = chosen.astype(np.float32) if chosen.dtype == np.uint8 else unit(chosen) * np.float32(255)
    return normalised(values, settings)
