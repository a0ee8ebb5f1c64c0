"""CIFAR's python batches: pickles of arrays, read without running anything that they name.

The three names that a pickled array needs give stand-ins that keep what they are told; every other name is refused.
Source of the format: numpy, ``ndarray.__reduce__`` and ``__setstate__``.
"""

import io
import pickle
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_MOST_BYTES: Final = 512 << 20


class NotPlain(ValueError):
    """The pickle asks for something else than arrays of bytes, or is damaged."""


class _Dtype:
    """What a pickled dtype says: its code, such as ``u1``."""

    def __init__(self, code: Any = "", *rest: Any) -> None:
        self.code = code

    def __setstate__(self, state: Any) -> None:
        """Byte order and the like, which one byte does not have."""


class _Array:
    """What a pickled array says, until it is known to be one of bytes."""

    def __init__(self, *said: Any) -> None:
        self.value: NDArray[np.uint8] | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, in_columns, data = state
        if not isinstance(dtype, _Dtype) or dtype.code not in ("u1", "|u1"):
            raise NotPlain("it holds an array that is not of uint8")
        content = data.encode("latin-1") if isinstance(data, str) else data
        order = "F" if in_columns else "C"
        self.value = np.frombuffer(content, np.uint8).reshape(shape, order=order)  # type: ignore[call-overload]


def _encode(text: str, encoding: str = "latin-1") -> bytes:
    """How protocol 2 keeps bytes."""
    return text.encode("latin-1")


_ALLOWED: Final = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """A stand-in, or NotPlain."""
        if (module, name) not in _ALLOWED:
            raise NotPlain(f"it asks for {ascii(module)[1:-1]}.{ascii(name)[1:-1]}, which would run code")
        return _ALLOWED[module, name]


def read_batch(data: bytes) -> dict[str, Any]:
    """The dictionary that a batch holds: text, numbers, lists, and arrays uint8; raises NotPlain."""
    if len(data) > _MOST_BYTES:
        raise NotPlain(f"it has {len(data):,} bytes; at most {_MOST_BYTES:,} are read")
    try:
        found = _Reader(io.BytesIO(data), encoding="latin-1").load()
    except NotPlain:
        raise
    except Exception as error:
        # Whatever damaged opcodes lead to: nothing of the pickle's own can run here.
        raise NotPlain(f"it is damaged ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise NotPlain(f"it holds a {type(found).__name__}, not a dictionary")
    return {str(_text(name)): _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(one) for one in value]
    return value.value if isinstance(value, _Array) else value


def _text(value: Any) -> Any:
    """Copies that Python 3 has written again hold bytes where the published files have text."""
    return value.decode("latin-1") if isinstance(value, bytes) else value
