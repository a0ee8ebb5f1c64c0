"""The compiled kernels: one shared library with a flat C interface, called through ctypes.

The library is built from `native/*.c` when the distribution is installed (build_backend/kernel_build.py). A task
declares each function that it uses as a `Kernel`; calling one checks dtypes and contiguity, then runs without the
interpreter lock, so that threads of Python may share the work.
"""

import ctypes
import functools
import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np

from harness.errors import HarnessError

LIBRARY: Final = Path(__file__).parent / "_kernels" / "libkernels.so"
_SOURCES: Final = Path(__file__).parent.parent / "native"
_SCALARS: Final = {"int64": ctypes.c_int64, "float64": ctypes.c_double}


class KernelError(HarnessError):
    """The compiled library is missing or was built from other sources than those beside it."""


def source_digest(sources: Path) -> str:
    """Return the SHA-256 over names and contents of the C sources in `sources`, as the library carries it."""
    digest = hashlib.sha256()
    for path in sorted((*sources.glob("*.c"), *sources.glob("*.h"))):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@functools.cache
def library() -> ctypes.CDLL:
    """Load the compiled library, once a process.

    Raises KernelError if it is missing, or if this is a source checkout whose C sources have changed since.
    """
    remedy = "run 'pip install .' (in a checkout: 'pip install -e .') to build it"
    if not LIBRARY.exists():
        raise KernelError(f"{LIBRARY} is missing: {remedy}")
    loaded = ctypes.CDLL(str(LIBRARY))
    loaded.kernels_source_digest.restype = ctypes.c_char_p
    built_from: bytes = loaded.kernels_source_digest()
    # Only a checkout has native/ beside the package; a stale build there would compute with old code in silence.
    if (_SOURCES / "kernels.h").exists() and built_from.decode() != source_digest(_SOURCES):
        raise KernelError(f"{LIBRARY} was built from other sources than those in {_SOURCES}: {remedy} again")
    return loaded


class Kernel:
    """One function of the library, returning an int64.

    `types` declares its arguments in order: `"int64"` and `"float64"` are scalars; a dtype name followed by `[]`
    (`"float64[]"`, `"uint16[]"`) is a C-contiguous array of that dtype, of which the pointer is passed.
    """

    def __init__(self, name: str, *types: str) -> None:
        self.name = name
        self._types = types

    @functools.cached_property
    def _function(self) -> Any:
        function = getattr(library(), self.name)
        function.restype = ctypes.c_int64
        return function

    def __call__(self, *arguments: Any) -> int:
        """Run the kernel. Raises TypeError on a wrong dtype, layout or count; MemoryError if it returns -1."""
        if len(arguments) != len(self._types):
            raise TypeError(f"{self.name} takes {len(self._types)} arguments, got {len(arguments)}")
        result: int = self._function(*map(_convert, self._types, arguments))
        if result == -1:
            raise MemoryError(f"{self.name} could not allocate its work space")
        return result


def _convert(declared: str, value: Any) -> Any:
    if not declared.endswith("[]"):
        return _SCALARS[declared](value)
    if not isinstance(value, np.ndarray) or value.dtype != np.dtype(declared[:-2]) or not value.flags.c_contiguous:
        found = f"{value.dtype} array" if isinstance(value, np.ndarray) else type(value).__name__
        raise TypeError(f"expected a contiguous {declared[:-2]} array, got a {found}")
    return ctypes.c_void_p(value.ctypes.data)
