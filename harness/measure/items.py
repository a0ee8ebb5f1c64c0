"""What the timed inputs are made of: their sizes, for buckets, and a digest, to see that no model changed them."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from math import prod
from typing import Any

import numpy as np


def arrays_in(item: Any) -> Iterator[Any]:
    """Every array and tensor in an item: in sequences, mappings and dataclasses, in order."""
    if hasattr(item, "shape") and hasattr(item, "dtype"):
        yield item
    elif isinstance(item, Mapping):
        for value in item.values():
            yield from arrays_in(value)
    elif isinstance(item, list | tuple):
        for value in item:
            yield from arrays_in(value)
    elif is_dataclass(item) and not isinstance(item, type):
        for field in fields(item):
            yield from arrays_in(getattr(item, field.name))


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same lists, tuples and dictionaries with every torch tensor in them changed."""
    if hasattr(value, "is_floating_point"):
        return change(value)
    if isinstance(value, Mapping):
        return type(value)((name, mapped(part, change)) for name, part in value.items())  # type: ignore[call-arg]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(part, change) for part in value))
    if isinstance(value, list | tuple):
        return type(value)(mapped(part, change) for part in value)
    return value


def item_size(item: Any, samples: int) -> int:
    """Array elements of one of the `samples` in an item, on the average."""
    return sum(prod(int(n) for n in array.shape) for array in arrays_in(item)) // max(samples, 1)


def items_digest(items: Sequence[Any]) -> str:
    """SHA-256 over the bytes of every array in the items; what is no array does not count."""
    digest = hashlib.sha256()
    for array in (array for item in items for array in arrays_in(item)):
        digest.update(f"{tuple(array.shape)} {array.dtype}\0".encode())
        digest.update(np.ascontiguousarray(_on_host(array)).tobytes())
    return digest.hexdigest()


def _on_host(array: Any) -> Any:
    if isinstance(array, np.ndarray):
        return array
    import torch

    # as bytes, since NumPy has no bfloat16
    return array.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy()


def size_range(size: int) -> tuple[int, int]:
    """The powers of two around a size: least and most elements, both inclusive."""
    low = 1 << max(size, 1).bit_length() - 1
    return low, 2 * low - 1
